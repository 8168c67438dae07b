"""The table that every figure and page of a study is drawn from.

It joins the records into trials, and keeps what several figures need: axes of hyperparameters,
importances, places, predictions. Each is computed when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from numpy.typing import NDArray

from automl.options.values import DEFAULT_STORAGE
from automl.report.numbers.axes import Axis, axes
from automl.report.numbers.importances import Importances, importances
from automl.report.numbers.places import comparable, places
from automl.report.numbers.predictions import JudgedRows, judged_rows
from automl.report.numbers.trials import Trial, joined_trials, sample_trials
from storage.answers import study_answer
from storage.records import StudyRecords

N_PLACED_TRIALS = 1000  # per figure of places; some twenty of them share a page


Predictions: TypeAlias = Callable[[], Mapping[str, NDArray[Any]] | None]
"""Reads what the best trial predicts, when a figure is to show it: see `study_table`."""


@dataclass(frozen=True)
class StudyTable:
    """A study's records, its trials in order of their numbers, and its predictions."""

    records: StudyRecords
    trials: tuple[Trial, ...]
    predictions: Predictions
    storage: str = DEFAULT_STORAGE  # that commands name; "": the study is kept nowhere

    @property
    def loss(self) -> str:
        """The name of the loss that ranks trials."""
        return self.records.settings.loss

    @cached_property
    def ranked(self) -> tuple[Trial, ...]:
        """Complete trials, the best first."""
        ranked = (trial for trial in self.trials if trial.is_ranked)
        return tuple(sorted(ranked, key=lambda t: (t.value, t.number)))

    @property
    def best(self) -> Trial | None:
        """The complete trial of the lowest validation loss."""
        return self.ranked[0] if self.ranked else None

    @cached_property
    def axes(self) -> dict[str, Axis]:
        """The axes of all hyperparameters that vary, in the space's order."""
        return axes(self.records.space, self.trials)

    @cached_property
    def importances(self) -> Importances:
        """How much each of them mattered."""
        return importances(self.axes, self.trials)

    @cached_property
    def axes_by_importance(self) -> dict[str, Axis]:
        """The same axes, that of the most important hyperparameter first."""
        names = (name for name in self.importances.names if name in self.axes)
        return {name: self.axes[name] for name in (*dict.fromkeys((*names, *self.axes)),)}

    @cached_property
    def placed(self) -> dict[Trial, float]:
        """Trials that can be compared, at most so many, each with its place: 0 is the best."""
        trials = sample_trials(comparable(self.trials), N_PLACED_TRIALS)
        return dict(zip(trials, places(trials).tolist(), strict=True))

    @cached_property
    def judged_rows(self) -> JudgedRows | None:
        """Predictions beside the truth, of test rows if there are any."""
        settings, answer = self.records.settings, study_answer(self.records)
        threshold = None if answer is None else answer.threshold
        predictions = self.predictions() or {}
        return judged_rows(predictions, settings.target, settings.class_names, threshold)


def study_table(
    records: StudyRecords,
    predictions: Predictions = lambda: None,
    storage: str = DEFAULT_STORAGE,
) -> StudyTable:
    """Join trials, runs and epochs.

    Args:
        predictions: gives arrays by "<split>_targets" and "<split>_predictions" with split
            "valid" and "test", or None.
        storage: the database that commands name; "" where the study is kept nowhere.

    Shape:
        targets: (N,); predictions: (N, C) probabilities, or (N,) values in the target's unit.
    """
    return StudyTable(records, joined_trials(records), predictions, storage)
