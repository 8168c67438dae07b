"""Runs beside a search: planned together, trained together, judged together.

    plan -> PlannedRun -> train_rounds -> EndedRun -> judge

Who plans runs also judges what came of them, both as pure functions (`automl/investigation`);
here they are trained on an executor in one go, so that they stack. Each ends with its cause, and
only one that was trained to its end is evidence. What is stored of them, and that one whose
worker died is tried again, is in `investigation/side_runs.py`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from automl.data.dataset import Dataset
from automl.errors import StudyError, TrainingError
from automl.executors.executor import Executor, RunFailure
from automl.executors.predicting import Predict
from automl.training.config import RowSubset, RunConfig
from automl.training.predictions import predict
from automl.training.trainer import Checkpoint, Start
from automl.tuning.clock import Interval
from automl.tuning.network_problem import make_run
from automl.tuning.run_in_training import RunInTraining
from automl.wording.counts import count
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

LOG = logging.getLogger("automl")

SECONDS_BETWEEN_STEPS = 10.0
"""While runs train, so often it is told how many have ended."""

Params = Mapping[str, ParameterValue]

Kept = Literal["best", "last"]
"""Which epoch's weights are kept of a run; of one that diverged the best, if there are any."""


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
    weights: Mapping[str, Any] | None = None  # where they were asked for, see Kept
    n_parameters: int | None = None  # where only who trained it could tell

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
    executor: Executor, runs: Sequence[PlannedRun], *, keep: Kept | None = None
) -> Iterator[TrainedRound]:
    """Train runs to their ends, all at once; each is in the `ended` of one round.

    Args:
        keep: take these weights of each run as it ends: its worker may die later.
    """
    planned = {run.config.run_id: run for run in runs}
    training = {
        run_id: RunInTraining(run.config, curve=list(run.epochs_before))
        for run_id, run in planned.items()
    }
    limits = {run_id: run.until for run_id, run in planned.items() if run.until is not None}
    executor.start([run.start for run in runs], limits)
    is_time_to_tell = Interval(SECONDS_BETWEEN_STEPS)
    while training:
        result = executor.next_round()
        failures = {one.run_id: one for one in result.failures if one.cause != "finished"}
        for one in result.failures:
            if one.cause == "finished":
                training[one.run_id].end = one.cause
        for began in result.begun:
            training[began.run_id].n_parameters = began.n_parameters
        for record in result.epochs:
            training[record.run_id].advance(record)
        over = [
            one
            for one, run in training.items()
            if one in failures or run.end is not None or len(run.curve) == limits.get(one)
        ]
        ended = [
            _ended(planned[one], training.pop(one), failures.get(one), executor, keep)
            for one in over
        ]
        yield TrainedRound(result.epochs, tuple(ended))
        if training and is_time_to_tell.has_passed:
            n_ended = len(planned) - len(training)
            LOG.info("%d of %s have ended", n_ended, count(len(planned), "run"))


def train_runs(
    executor: Executor, runs: Sequence[PlannedRun], *, keep: Kept | None = None
) -> tuple[EndedRun, ...]:
    """`train_rounds` to the end: the runs in their order, nothing stored."""
    rounds = train_rounds(executor, runs, keep=keep)
    ended = {one.planned.config.run_id: one for each in rounds for one in each.ended}
    return tuple(ended[run.config.run_id] for run in runs)


def _ended(
    planned: PlannedRun,
    run: RunInTraining,
    failure: RunFailure | None,
    executor: Executor,
    keep: Kept | None,
) -> EndedRun:
    """End a run, with its weights; where they have just gone with their worker, it is lost."""
    run_id = run.config.run_id
    ended = EndedRun(
        planned, tuple(run.curve), run.cause, _said_of(run), n_parameters=run.n_parameters
    )
    if failure is not None:
        ended = replace(ended, cause=failure.cause, message=failure.message)
    else:
        try:
            ended = replace(ended, weights=_weights(run_id, executor, keep))
        except TrainingError as error:
            if run.end != "diverged":  # else it never had an epoch with finite losses
                ended = replace(ended, cause="lost", message=str(error))
    executor.free([run_id])
    return ended


def _weights(run_id: int, executor: Executor, keep: Kept | None) -> Mapping[str, Any] | None:
    if keep is None:
        return None
    if keep == "last" and run_id in executor.active:  # a diverged one has been stopped
        return executor.checkpoint(run_id).weights
    return executor.best_weights(run_id)


def _said_of(run: RunInTraining) -> str:
    if run.end != "diverged":
        return ""
    return f"the loss was not finite in epoch {run.curve[-1].epoch}"


def predict_run(
    run: EndedRun, dataset: Dataset, predicts: Predict | None = None
) -> np.ndarray | None:
    """Predictions of validation rows with a run's best weights, in the loss's own terms.

    None of a run that failed, or whose weights were not kept.

    Args:
        predicts: what predicts; None: this process.

    Shape:
        (N,): class codes, or standardized values for regression.
    """
    if run.weights is None or not run.is_evidence:
        return None
    config = run.planned.config
    if predicts is None:
        predicted = predict(config, run.weights, dataset, "valid")
    else:
        predicted = predicts(config, run.weights, "valid")
    values = np.asarray(predicted.cpu().numpy())
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
