"""Runs of an investigation: planned together, trained together, judged together.

    plan -> PlannedRun -> train_rounds -> EndedRun -> judge

`confirmation.py`, `retraining.py` and `promotion.py` plan runs and judge what came of them, both
as pure functions; here they are trained on an executor in one go, so that they stack. Each ends
with its cause, and only one that was trained to its end is evidence. What is stored of them, and
that one whose worker died is tried again, is in `side_runs.py`.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl.data.dataset import Dataset
from automl.errors import StudyError, TrainingError
from automl.executors.executor import Executor
from automl.training.config import RowSubset, RunConfig
from automl.training.ending import ending
from automl.training.predictions import predict
from automl.training.trainer import Checkpoint
from automl.tuning.problem import make_run
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
    """A run to be made: what `Store.add_run` asks for, and what a trainer asks for."""

    purpose: Purpose
    label: str  # groups the runs of one question, for example "unchanged"
    config: RunConfig
    params: Params | None = None  # where they differ from the trial's
    continues: Continuation | None = None  # None: it begins at the first epoch

    @property
    def rows_fraction(self) -> float:
        """The share of the train rows that it trains on."""
        return 1.0 if self.config.rows is None else self.config.rows.fraction

    @property
    def start(self) -> RunConfig | Checkpoint:
        """What an executor starts."""
        if self.continues is None:
            return self.config
        return dataclasses.replace(self.continues.checkpoint, run=self.config)

    @property
    def epochs_before(self) -> tuple[EpochRecord, ...]:
        """The epochs that it takes over, as its own."""
        if self.continues is None:
            return ()
        run_id = self.config.run_id
        return tuple(dataclasses.replace(one, run_id=run_id) for one in self.continues.epochs)

    def numbered(self, run_id: int) -> PlannedRun:
        """The same run with the id under which it was stored."""
        return dataclasses.replace(self, config=dataclasses.replace(self.config, run_id=run_id))


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended, with what it left and why it ended."""

    planned: PlannedRun
    curve: tuple[EpochRecord, ...]
    cause: str | None = None  # a key of CAUSES; None: it was trained to its last epoch
    message: str = ""  # what there is to say of a failure
    weights: Mapping[str, Any] | None = None  # of its best epoch, where they were asked for

    @property
    def state(self) -> RunState:
        """What is stored of it."""
        return "complete" if self.cause in WITHOUT_FAILURE else "failed"

    @property
    def is_evidence(self) -> bool:
        """Whether it was trained to its end: the curve of a run that failed says nothing."""
        return self.state == "complete"


@dataclass(frozen=True, slots=True)
class TrainedRound:
    """What a round has brought: epochs, and the runs that ended with it."""

    epochs: tuple[EpochRecord, ...]
    ended: tuple[EndedRun, ...]


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


def train_rounds(
    executor: Executor, runs: Sequence[PlannedRun], *, keep_weights: bool = False
) -> Iterator[TrainedRound]:
    """Train runs to their ends, all at once; each is in the `ended` of one round.

    Args:
        keep_weights: take each run's best weights as it ends: its worker may die later.
    """
    training = {run.config.run_id: run for run in runs}
    curves = {run_id: list(run.epochs_before) for run_id, run in training.items()}
    executor.start([run.start for run in runs])
    while training:
        result = executor.next_round()
        ends = {each.run_id: (each.cause, each.message) for each in result.failures}
        for record in result.epochs:
            curves[record.run_id].append(record)
            end = ending(curves[record.run_id], training[record.run_id].config.training)
            if end is not None:
                executor.stop(record.run_id)
                ends.setdefault(record.run_id, (end, _said_of(end, record)))
        ended = []
        for run_id, (cause, message) in ends.items():
            run = EndedRun(
                training.pop(run_id),
                tuple(curves[run_id]),
                None if cause == "max_epochs" else cause,
                message,
            )
            ended.append(_with_weights(run, executor) if keep_weights else run)
            executor.forget(run_id)
        yield TrainedRound(result.epochs, tuple(ended))


def train_runs(
    executor: Executor, runs: Sequence[PlannedRun], *, keep_weights: bool = False
) -> tuple[EndedRun, ...]:
    """`train_rounds` to the end: the runs in their order, nothing stored."""
    rounds = train_rounds(executor, runs, keep_weights=keep_weights)
    ended = {one.planned.config.run_id: one for each in rounds for one in each.ended}
    return tuple(ended[run.config.run_id] for run in runs)


def _said_of(end: str, last: EpochRecord) -> str:
    return f"the loss was not finite in epoch {last.epoch}" if end == "diverged" else ""


def _with_weights(run: EndedRun, executor: Executor) -> EndedRun:
    """With its best weights; where they have just gone with their worker, the run is lost."""
    if not run.is_evidence:
        return run
    try:
        weights = executor.best_weights(run.planned.config.run_id)
    except TrainingError as error:
        return dataclasses.replace(run, cause="lost", message=str(error))
    return dataclasses.replace(run, weights=weights)


def predict_run(run: EndedRun, dataset: Dataset) -> np.ndarray | None:
    """Predictions of validation rows with a run's best weights, in the loss's own terms.

    None of a run that failed, or whose weights were not kept.

    Shape:
        (N,): class codes, or standardized values for regression.
    """
    if run.weights is None or not run.is_evidence:
        return None
    config = run.planned.config
    values = np.asarray(predict(config, run.weights, dataset, "valid").cpu().numpy())
    if dataset.task != "regression":
        return np.asarray(values.argmax(axis=1))
    fold = dataset.folds[config.fold]
    return np.asarray((values - fold.target_mean) / fold.target_scale)


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
