"""Train the best trial again where its weights are not kept: the same curve, so the same network.

They could not be written when it was told (no space, no folder), or were taken away since. Its
runs are trained as they were, by their stored seeds; nothing new is stored but the weights, and
those only if the losses that the trial was told with come out again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from automl.executors.executor import Executor
from automl.tuning.candidates import SAME_LOSS
from automl.tuning.keeping import Keeper, to_arrays
from automl.tuning.planned_runs import PlannedRun, best_configuration, best_losses, say_failures
from automl.tuning.planned_training import train_runs
from automl.tuning.problem import Problem
from automl.tuning.weight_files import Collected
from storage import Store
from storage.records import StudyRecords, TrialRecord, best_epoch


def trial_without_weights(
    store: Store, records: StudyRecords, problem: Problem
) -> tuple[StudyRecords, TrialRecord | None]:
    """The best trial, if a file of its weights is missing or altered.

    One whose files are gone since another process has just completed a better one is not the best
    any more: that is in the database before its files go.

    Returns:
        The records that say so, read again if need be; and the trial.
    """
    while (best := _without_weights(store, records, problem)) is not None:
        records = store.refreshed(records)
        if (now := records.best_trial) is not None and now.number == best.number:
            break
    return records, best


def _without_weights(store: Store, records: StudyRecords, problem: Problem) -> TrialRecord | None:
    """An objective need not have given a state: only one that it gave can be missing."""
    best = records.best_trial
    if best is None:
        return None
    runs = {run.run_id for run in records.search_runs(best.number)}
    kept = records.kept_artifacts("weights")
    if not (problem.has_weights or runs <= {one.run_id for one in kept}):
        return None
    return None if runs <= {one.run_id for one in kept if store.artifacts.is_whole(one)} else best


def train_best_again(
    records: StudyRecords,
    executor: Executor,
    problem: Problem,
    keeper: Keeper,
    *,
    is_over: Callable[[], bool] = lambda: False,
    deadline: float | None = None,
) -> str | None:
    """Train the best trial's runs again and keep their weights.

    Args:
        is_over, deadline: as for `train_runs`.

    Returns:
        Why they are not kept; None if all is well.
    """
    best, params = best_configuration(records)
    before = records.search_runs(best.number)
    by_fold = {run.fold: run for run in problem.plan(best.number, params)}
    configs = [replace(by_fold[run.fold], run_id=run.run_id) for run in before]
    ended = train_runs(
        executor,
        [PlannedRun("search", "", config) for config in configs],
        keep="best",
        is_over=is_over,
        deadline=deadline,
    )
    if any(run.cause == "interrupted" for run in ended):
        return "it was cut off, by time or a person, while it was trained again"
    if not all(run.is_evidence and run.weights is not None for run in ended):
        return say_failures(ended)
    losses = best_losses(ended)
    for run in before:
        stored = best_epoch(records.epochs.get(run.run_id, ()))
        found = losses.get(run.seed, math.nan)
        if stored is None or not math.isclose(stored.valid_loss, found, rel_tol=SAME_LOSS):
            return (
                f"trial {best.number} was trained again, but its loss is {found:.6g} now and was "
                f"{math.nan if stored is None else stored.valid_loss:.6g}"
            )
    weights = tuple(to_arrays(run.weights or {}) for run in ended)
    keeper.save_again(Collected((best.value or 0.0, best.number), tuple(configs), weights))
    return None if keeper.failure is None else str(keeper.failure)
