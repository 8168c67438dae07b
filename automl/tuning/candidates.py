"""The trials that an answer may be made of: the best by validation loss, finished or not.

Their weights are kept at the end of a search, and now and then before (`keeping.py`). What is
missing then, since a process was killed or memory did not suffice, is trained again up to where
it was: the same curve, so the same network. So a search that was killed and continued has the
candidates of one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from automl.executors.executor import Executor
from automl.tuning.keeping import Keeper, to_arrays
from automl.tuning.planned_runs import EndedRun, PlannedRun, study_space
from automl.tuning.planned_training import train_runs
from automl.tuning.problem import Problem
from automl.tuning.weight_files import BEST_EPOCH, VALID_LOSS, Collected
from storage import Store
from storage.records import (
    TRAINED,
    ArtifactRecord,
    RunRecord,
    StudyRecords,
    TrialRecord,
    best_epoch,
)

SAME_LOSS = 1e-3
"""Relative difference that a stack of another width may make; another network's is larger."""

SHARE_OF_TIME = 0.5
"""Of what is left of a call's time may be planned for training again, by what it took before."""


BYTES_OF_NUMBER = 4
"""Of a weight, where the size of a trial's file is not known: it has never been written."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A trial that may be a part of the answer."""

    trial: TrialRecord
    value: float  # the mean over its runs of the lowest validation loss
    runs: tuple[RunRecord, ...]  # of its last attempt: one, or one per fold

    @property
    def is_complete(self) -> bool:
        """Whether its trial has completed: only then is it handed over alone."""
        return self.trial.outcome == "complete" and self.trial.value is not None

    @property
    def run_ids(self) -> frozenset[int]:
        """The ids of its runs."""
        return frozenset(run.run_id for run in self.runs)


def find_candidates(records: StudyRecords, n: int) -> tuple[Candidate, ...]:
    """The `n` best trials that have completed, were pruned, or pause; the best first.

    With them those that time or a person has cut off in training, if their weights are kept. The
    best complete trial is always among them, as the last one where others are ahead of it: it is
    what all is held against.
    """
    kept = {one.run_id for one in records.kept_artifacts("weights")}
    found = [
        candidate
        for trial in records.trials
        if trial.outcome in TRAINED or trial.outcome == "unfinished"
        if (candidate := _candidate(records, trial)) is not None
        if trial.outcome in TRAINED or candidate.run_ids <= kept
    ]
    ordered = sorted(found, key=lambda one: (one.value, one.trial.number))
    best = records.best_trial
    behind = [one for one in ordered[n:] if best is not None and one.trial.number == best.number]
    return (*ordered[: max(0, n - len(behind))], *behind)[:n]


def _candidate(records: StudyRecords, trial: TrialRecord) -> Candidate | None:
    """None where a run has no epoch with finite losses."""
    runs = records.search_runs(trial.number)
    best = [best_epoch(records.epochs.get(run.run_id, ())) for run in runs]
    losses = [epoch.valid_loss for epoch in best if epoch is not None]
    if not losses or len(losses) < len(runs):
        return None
    is_complete = trial.outcome == "complete" and trial.value is not None
    return Candidate(trial, (trial.value or 0.0) if is_complete else fmean(losses), runs)


def with_weights(
    store: Store, records: StudyRecords, candidates: Sequence[Candidate]
) -> list[Candidate]:
    """Those of whose runs all have weights, in files as they were written.

    Weights that were kept before a trial got better than they are, or as good once more, do not
    count: a process was killed before it could keep its later ones.
    """
    values = {run_id: one.value for one in candidates for run_id in one.run_ids}
    whole = {
        one.run_id
        for one in records.kept_artifacts("weights")
        if one.run_id is not None and one.run_id in values
        if not _is_outdated(one, values[one.run_id], _best_epoch(records, one.run_id))
        and store.artifacts.is_whole(one)
    }
    return [one for one in candidates if one.run_ids <= whole]


def _is_outdated(weights: ArtifactRecord, value: float, best: int) -> bool:
    kept = weights.details.get(VALID_LOSS)  # of complete trials there is none
    if isinstance(kept, int | float) and kept > value and not math.isclose(kept, value):
        return True
    epoch = weights.details.get(BEST_EPOCH)  # nor this
    return isinstance(epoch, int) and epoch < best


def _best_epoch(records: StudyRecords, run_id: int) -> int:
    """The number of a run's best epoch, from 1; 0 where it has none."""
    best = best_epoch(records.epochs.get(run_id, ()))
    return 0 if best is None else best.epoch


def train_missing(
    store: Store,
    records: StudyRecords,
    executor: Executor,
    problem: Problem,
    keeper: Keeper,
    *,
    is_over: Callable[[], bool] = lambda: False,
    deadline: float | None = None,
) -> tuple[int, ...]:
    """Train candidates again whose weights are missing, and keep these: the best ones first.

    Args:
        is_over, deadline: as for `train_runs`; what has come to its end by then is kept.

    Returns:
        The numbers of the trials whose weights are there now.
    """
    seconds_left = math.inf if deadline is None else deadline - time.monotonic()
    missing = _affordable(records, missing_weights(store, records, keeper), seconds_left)
    if not missing:
        return ()
    planned = [_planned(records, problem, one) for one in missing]
    configured = [run for runs in planned for run in runs]
    ended = iter(train_runs(executor, configured, keep="best", is_over=is_over, deadline=deadline))
    again = []
    for one, runs in zip(missing, planned, strict=True):
        own = [next(ended) for _ in runs]
        if all(_is_same(records, run) for run in own):
            configs = tuple(run.planned.config for run in own)
            weights = tuple(to_arrays(run.weights or {}) for run in own)
            # Of the curve that is stored: another stack may have its best one elsewhere.
            epochs = tuple(_best_epoch(records, run.run_id) for run in configs)
            again.append(Collected((one.value, one.trial.number), configs, weights, epochs))
    keeper.save_unfinished(again)
    return tuple(one.place[1] for one in again)


def missing_candidates(store: Store, records: StudyRecords, n: int) -> list[Candidate]:
    """The candidates of whose weights a file is missing, the best first."""
    candidates = find_candidates(records, n)
    there = {one.trial.number for one in with_weights(store, records, candidates)}
    return [
        one
        for one in candidates
        if one.trial.number not in there and one.trial.outcome != "unfinished"
    ]


def missing_weights(store: Store, records: StudyRecords, keeper: Keeper) -> list[Candidate]:
    """The missing candidates whose weights would stay: what the budget does not hold is let go."""
    missing = missing_candidates(store, records, keeper.n_candidates)
    if not missing:
        return []
    sizes = {
        one.run_id: one.n_bytes
        for one in records.artifacts  # those that were let go, too
        if one.kind == "weights" and one.run_id is not None
    }
    held = keeper.held(
        {
            (one.value, one.trial.number): {
                run.run_id: sizes.get(run.run_id, BYTES_OF_NUMBER * (run.n_parameters or 0))
                for run in one.runs
            }
            for one in find_candidates(records, keeper.n_candidates)
        }
    )
    return [one for one in missing if one.trial.number in held]


def _affordable(
    records: StudyRecords, missing: Sequence[Candidate], seconds_left: float
) -> list[Candidate]:
    """The first ones, as many as can be trained again in the time that is left."""
    chosen, seconds = [], 0.0
    for one in missing:
        seconds += sum(
            epoch.seconds for run in one.runs for epoch in records.epochs.get(run.run_id, ())
        )
        if seconds > SHARE_OF_TIME * seconds_left:
            break
        chosen.append(one)
    return chosen


def _planned(records: StudyRecords, problem: Problem, candidate: Candidate) -> list[PlannedRun]:
    """The runs of a candidate, each up to its last epoch."""
    params = study_space(records.settings).complete(candidate.trial.params)
    by_fold = {run.fold: run for run in problem.plan(candidate.trial.number, params)}
    return [
        PlannedRun(
            "search",
            "",
            # It was within the limits of the study.
            replace(by_fold[run.fold], run_id=run.run_id, limits=None),
            until=len(records.epochs[run.run_id]),
        )
        for run in candidate.runs
    ]


def _is_same(records: StudyRecords, run: EndedRun) -> bool:
    """Whether the losses that were stored have come out again, so that it is the same network."""
    stored = best_epoch(records.epochs.get(run.planned.config.run_id, ()))
    found = best_epoch(run.curve)
    if not run.is_evidence or run.weights is None or stored is None or found is None:
        return False
    return math.isclose(stored.valid_loss, found.valid_loss, rel_tol=SAME_LOSS)
