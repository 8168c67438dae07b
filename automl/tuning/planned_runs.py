"""Runs beside a search, before they are trained and after: what is planned, what came of it.

    plan -> PlannedRun -> planned_training.train_rounds -> EndedRun -> judge

Who plans runs also judges what came of them, both as pure functions (`automl/investigation`). Each
ends with its cause, and only one that was trained to its end is evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from automl.errors import StudyError
from automl.training.config import RowSubset, RunConfig
from automl.training.trainer import Checkpoint, Start
from automl.tuning.network_problem import make_run
from search_spaces import SearchSpace
from storage.records import (
    WITHOUT_FAILURE,
    EpochRecord,
    ParameterValue,
    Purpose,
    RunState,
    StudyRecords,
    StudySettings,
    TrialRecord,
    best_epoch,
)

Params = Mapping[str, ParameterValue]


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where a run goes on: another's state, and the epochs that led there."""

    run_id: int
    checkpoint: Checkpoint
    epochs: tuple[EpochRecord, ...]


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run to be made: what `Runs.begin` asks for, and what a trainer asks for."""

    purpose: Purpose
    label: str  # groups the runs of one question, for example "unchanged"
    config: RunConfig
    params: Params | None = None  # where they differ from the trial's
    continues: Continuation | None = None  # None: it begins at the first epoch
    until: int | None = None  # the last epoch that is wanted; None: to the end of its curve

    @property
    def rows_fraction(self) -> float:
        """The share of the train rows that it trains on."""
        return 1.0 if self.config.rows is None else self.config.rows.fraction

    @property
    def start(self) -> Start:
        """What an executor starts."""
        if self.continues is None:
            return self.config
        return replace(self.continues.checkpoint, run=self.config)

    @property
    def epochs_before(self) -> tuple[EpochRecord, ...]:
        """The epochs that it takes over, as its own."""
        if self.continues is None:
            return ()
        run_id = self.config.run_id
        return tuple(replace(one, run_id=run_id) for one in self.continues.epochs)

    def numbered(self, run_id: int) -> PlannedRun:
        """The same run with the id under which it was stored."""
        return replace(self, config=replace(self.config, run_id=run_id))


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended, with what it left and why it ended."""

    planned: PlannedRun
    curve: tuple[EpochRecord, ...]
    cause: str | None = None  # a key of CAUSES; None: it was trained to its last epoch
    message: str = ""  # what there is to say of a failure
    weights: Mapping[str, Any] | None = None  # where they were asked for, see `train_rounds`
    n_parameters: int | None = None  # where only who trained it could tell

    @property
    def state(self) -> RunState:
        """What is stored of it."""
        return "complete" if self.cause in WITHOUT_FAILURE else "failed"

    @property
    def is_evidence(self) -> bool:
        """Whether it was trained to its end: the curve of a run that failed says nothing."""
        return self.state == "complete"


def planned_run(
    settings: StudySettings,
    trial_number: int,
    params: Params,
    *,
    purpose: Purpose,
    label: str,
    seed: int,
    rows: RowSubset | None = None,
    changed: Params | None = None,
) -> PlannedRun:
    """A run at the study's full number of epochs, without early stopping.

    Early stopping would give the compared runs different numbers of epochs.
    """
    config = make_run(
        settings, trial_number, params, seed=seed, rows=rows, patience=settings.max_epochs
    )
    return PlannedRun(purpose, label, config, changed)


def best_configuration(records: StudyRecords) -> tuple[TrialRecord, Params]:
    """The best trial with all of its params, fixed ones included.

    Raises:
        StudyError: no trial has completed.
    """
    best = records.best_trial
    if best is None:
        raise StudyError(
            f"retraining needs a completed trial, but the study {records.settings.study_name!r} "
            f"has none; continue the search first"
        )
    return best, study_space(records.settings).complete(best.params)


def study_space(settings: StudySettings) -> SearchSpace:
    """The study's search space."""
    return SearchSpace.from_dict(settings.space)


def best_losses(runs: Iterable[EndedRun]) -> dict[int, float]:
    """The lowest validation loss of each run that was trained to its end, by its seed."""
    return {
        run.planned.config.seed: best.valid_loss
        for run in runs
        if run.is_evidence and (best := best_epoch(run.curve))
    }


def say_failures(runs: Sequence[EndedRun]) -> str:
    """How many of some runs failed and why, in a sentence; nothing if none did."""
    failed = [run for run in runs if not run.is_evidence]
    if not failed:
        return ""
    causes = Counter(run.cause for run in failed)
    first = {run.cause: run.message for run in reversed(failed)}
    reasons = [
        f"{n} {str(cause).replace('_', ' ')}" + (f" ({first[cause]})" if first[cause] else "")
        for cause, n in causes.items()
    ]
    return f"{len(failed)} of {len(runs)} runs failed and do not count: {', '.join(reasons)}."
