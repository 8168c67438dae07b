"""Planned runs are trained on an executor in one go, so that they stack; each ends with its cause.

What is stored of them, and that one whose worker died is tried again, is in
`investigation/side_runs.py`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from automl.data.dataset import Dataset
from automl.errors import TrainingError
from automl.executors.executor import Executor, RunFailure
from automl.executors.predicting import Predict
from automl.training.predictions import predict
from automl.tuning.clock import Interval
from automl.tuning.planned_runs import EndedRun, PlannedRun
from automl.tuning.run_in_training import RunInTraining
from automl.wording.counts import count
from storage.records import EpochRecord

LOG = logging.getLogger("automl")

SECONDS_BETWEEN_STEPS = 10.0
"""While runs train, so often it is told how many have ended."""

Kept = Literal["best", "last"]
"""Which epoch's weights are kept of a run, as that epoch was measured: where weights are averaged
their averages. Of one that diverged the best, if there are any."""


@dataclass(frozen=True, slots=True)
class TrainedRound:
    """What a round has brought: epochs, and the runs that ended with it."""

    epochs: tuple[EpochRecord, ...]
    ended: tuple[EndedRun, ...]


def train_rounds(
    executor: Executor,
    runs: Sequence[PlannedRun],
    *,
    keep: Kept | None = None,
    deadline: float | None = None,
) -> Iterator[TrainedRound]:
    """Train runs to their ends, all at once; each is in the `ended` of one round.

    Args:
        keep: take these weights of each run as it ends: its worker may die later.
        deadline: a `time.monotonic()` value, after which no epoch begins; runs that have not come
            to their ends by then are in no `ended`, and still active. None: there is none.
    """
    planned = {run.config.run_id: run for run in runs}
    training = {
        run_id: RunInTraining(run.config, curve=list(run.epochs_before))
        for run_id, run in planned.items()
    }
    limits = {run_id: run.until for run_id, run in planned.items() if run.until is not None}
    executor.start([run.start for run in runs], limits)
    is_time_to_tell = Interval(SECONDS_BETWEEN_STEPS)
    while training and not is_past(deadline):
        result = executor.next_round(deadline)
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


def is_past(deadline: float | None) -> bool:
    """Whether it is later than a `time.monotonic()` value; never where there is none."""
    return deadline is not None and time.monotonic() >= deadline


def train_runs(
    executor: Executor,
    runs: Sequence[PlannedRun],
    *,
    keep: Kept | None = None,
    is_over: Callable[[], bool] = lambda: False,
    deadline: float | None = None,
) -> tuple[EndedRun, ...]:
    """`train_rounds` to the end: the runs in their order, nothing stored.

    Args:
        is_over: asked after each round; once it is, what is still in training ends as interrupted.
        deadline: as for `train_rounds`; then the same.
    """
    ended: dict[int, EndedRun] = {}
    for each in train_rounds(executor, runs, keep=keep, deadline=deadline):
        ended |= {one.planned.config.run_id: one for one in each.ended}
        if is_over():
            break
    for run in runs:
        run_id = run.config.run_id
        if run_id not in ended:
            executor.stop(run_id)
            executor.forget(run_id)
            ended[run_id] = EndedRun(run, (), "interrupted")
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
        return executor.checkpoint(run_id).averages
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
