"""Where a model to predict with comes from: the answer of a study, or a folder that was exported.

Both know how they are called, how good they are and which files must stay before the model
itself is loaded, which takes torch.
"""

from __future__ import annotations

import abc
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl.diagnostics.choice import named_trials
from automl.errors import ConfigError
from automl.options.values import MODEL
from automl.result import SearchResult, answer_of
from automl.studies import load_study
from automl.wording.counts import count
from automl.wording.printable import one_line
from automl.wording.scores import read_score, score_name, score_text
from storage.answers import evaluation_of, trials_of
from storage.records import StudyRecords
from storage.score_records import AnswerRecord

if TYPE_CHECKING:
    from automl.training.trained_model import TrainedModel


class ModelSource(abc.ABC):
    """A model that can be loaded, and what is known of it."""

    @property
    @abc.abstractmethod
    def words(self) -> str:
        """What it is, for people: "trial 17 of titanic-Survived (accuracy 83.1 % ...)"."""

    @property
    def metric(self) -> str | None:
        """The score that people read first; None where none is known."""
        return None

    @property
    def files(self) -> Mapping[str, str]:
        """Files that nothing is written over, each with what it is."""
        return {}

    @abc.abstractmethod
    def load(self) -> TrainedModel:
        """The model, ready to predict.

        Raises:
            StudyError, StorageError, DataError: it is not kept, or damaged.
        """


@dataclass(frozen=True, slots=True)
class StudyAnswer(ModelSource):
    """What a study hands over, or one of its trials."""

    result: SearchResult
    answer: AnswerRecord
    trial_number: int | None = None  # None: the study's answer
    model: Any = field(default=None, repr=False)  # the builder of a person's own network

    @property
    def words(self) -> str:
        """The trials, the study, and how good they are."""
        records, answer = self.result.records, self.answer
        numbers = trials_of(records, answer) or (answer.best_trial_number,)
        together = "the weighted mean of " if len(numbers) > 1 else ""
        known = ", ".join(_what_is_known(records, answer))
        return f"{together}{named_trials(numbers)} of {self.result.study_name} ({known})"

    @property
    def metric(self) -> str | None:
        """The study's, or what people read of its task."""
        return read_score(self.result.records.settings)

    @property
    def files(self) -> Mapping[str, str]:
        """The database and the study's tables."""
        return self.result.files

    def load(self) -> TrainedModel:
        """From the weights that are kept."""
        if self.trial_number is None:
            return self.result.best_model(self.model)
        return self.result.model(self.trial_number, self.model)


@dataclass(frozen=True, slots=True)
class ExportedFolder(ModelSource):
    """What `automl export` has written."""

    folder: Path
    model: Any = field(default=None, repr=False)

    @property
    def words(self) -> str:
        """The folder."""
        return f"the model in {one_line(str(self.folder))}"

    def load(self) -> TrainedModel:
        """Read back, without running any code of the folder."""
        from automl.export.loading import load_export  # torch

        given = () if self.model is None else (MODEL.plain("model", self.model),)
        return load_export(self.folder, *given)


def find_model(
    name: str, storage: str, *, trial_number: int | None = None, model: Any = None
) -> ModelSource:
    """A model by the name of its study, or by the folder that it was exported to.

    Args:
        name: of a study; where a folder of this name exists, that is meant.
        trial_number: of the study's trials, whose network it is; None: the study's answer.
        model: the builder of a person's own network, as for `SearchResult.best_model`.

    Raises:
        ConfigError: a trial of a folder is asked for.
        StudyError, StorageError: there is no such study, or no trial is complete.
    """
    folder = Path(name)
    if _is_folder(folder):
        if trial_number is not None:
            raise ConfigError(
                f"a trial is one of a study, but {one_line(name)} is a folder with one model; "
                "leave out --trial"
            )
        return ExportedFolder(folder, model)
    result = load_study(name, storage)
    return StudyAnswer(result, answer_of(result, trial_number), trial_number, model)


def loaded(source: ModelSource) -> TrainedModel:
    """Load a model, and tell that it takes a while."""
    logging.getLogger("automl").info("loading PyTorch and %s", source.words.partition(" (")[0])
    return source.load()


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _what_is_known(records: StudyRecords, answer: AnswerRecord) -> Iterator[str]:
    """How good an answer is, and of how many networks it is the mean."""
    metric, evaluation = read_score(records.settings), evaluation_of(records, answer, "test")
    numbers = trials_of(records, answer)
    if evaluation is not None and metric in evaluation.scores:
        yield f"{score_name(metric)} {score_text(metric, evaluation.scores[metric])} on test rows"
    elif len(numbers) == 1:
        yield f"valid loss {score_text('loss', records.trials[numbers[0]].value)}"
    if answer.kind == "refit":
        yield "refitted on train and validation rows"
    if len(numbers) > 1:
        yield count(len(answer.members), "network")
    elif len(answer.members) > 1:
        what = "networks" if answer.kind == "seeds" else "folds"
        yield f"the mean of its {len(answer.members)} {what}"
