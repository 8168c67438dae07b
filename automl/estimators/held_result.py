"""A result without its database: what an estimator holds of a study that was not to stay.

The records are a `SearchResult`'s; beside them the fitted model and the predictions that figures
show are held in memory. So all that can be read, shown and predicted still can, in another
process too; what would train further needs a study that was kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import optuna

from automl.errors import StudyError
from automl.result import SearchResult
from automl.stored_result import found_in_brief
from automl.wording.data_notes import noted
from storage import open_optuna_storage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from automl.training.trained_model import TrainedModel
    from storage.score_records import AnswerRecord


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class HeldResult(SearchResult):
    """A result whose study is gone from its database."""

    held_model: TrainedModel = field(compare=False)
    held_predictions: Mapping[str, NDArray[Any]] | None = field(compare=False)

    @classmethod
    def of(cls, result: SearchResult, model: TrainedModel) -> HeldResult:
        """Take what is needed out of a database that is about to go.

        Args:
            model: its answer's.
        """
        return cls(
            records=result.records,
            storage="",
            seconds=result.seconds,
            n_ended_before=result.n_ended_before,
            n_epochs_in_call=result.n_epochs_in_call,
            lacked_time=result.lacked_time,
            held_model=model,
            held_predictions=result.kept_predictions(),
        )

    def predictions(self) -> Mapping[str, NDArray[Any]] | None:
        """What the answer predicts of validation and test rows, and their targets."""
        return self.held_predictions

    @property
    def files(self) -> Mapping[str, str]:
        """None: the study was given as objects, and is in no file."""
        return {}

    def _load(self, answer: AnswerRecord, model: Any) -> TrainedModel:
        if answer != self.answer:
            raise StudyError(
                "the networks of single trials are in a study's database, but this one went when "
                "its estimator was fitted, and best_model() is what was held; fit with "
                "storage='sqlite:///automl.db' to keep all"
            )
        return self.held_model

    def __repr__(self) -> str:
        found, notes = found_in_brief(self.records), noted(self.data_notes)
        return f"HeldResult({self.study_name!r}, trials={len(self.trials)}, {found}{notes})"


def study_in_memory(result: SearchResult) -> optuna.Study:
    """A copy of a result's study as Optuna has it, in memory: for its functions and figures."""
    name = result.study_name
    with closing(open_optuna_storage(result.storage)) as storage:
        trials = optuna.load_study(study_name=name, storage=storage).get_trials()
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # each new study is told on stderr
    try:
        study = optuna.create_study(study_name=name)
    finally:
        optuna.logging.set_verbosity(verbosity)
    study.add_trials(trials)
    return study
