"""Answers that are trained for when a search has ended: further seeds, or all rows but test rows.

    planned_sets -> investigation/side_runs.py -> stored_sets -> answer_finding.py

Both are of the best trial's configuration. "seeds": it is trained again with other seeds, each as
long as the trial itself, and all of them predict together; what a single seed has by chance
averages out. "refit": one network is trained on train and validation rows, without early
stopping, for the epochs that the trial's best weights took. A *set* is what is trained or missed
as a whole: the networks of one seed, one per fold, or the refitted network. Its seeds follow from
the study's, so that a set which a kill has cut off is trained to the same networks by the next
call.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Final, TypeAlias

from automl.data.refitting import fold_to_refit, with_valid_rows_to_train
from automl.tuning.network_problem import NetworkProblem, make_run
from automl.tuning.planned_runs import PlannedRun, best_configuration
from automl.tuning.seeds import derive_seed
from storage import Store
from storage.records import EpochRecord, RunRecord, StudyRecords, best_epoch
from storage.score_records import N_SEEDS, AnswerKind, AnswerMember

PlannedSet: TypeAlias = tuple[PlannedRun, ...]

_Key: TypeAlias = tuple[str, int, int, int]  # purpose, trial, seed and fold of a run

RETRAINED: Final[tuple[AnswerKind, ...]] = ("seeds", "refit")

TIMES_LONGER: Final = 1.5
"""Training is given so much more time than the best trial took: fewer train at once by then."""

START_SECONDS: Final = 0.5
"""A process of its own begins, and loads, for a data set of its own."""


def problem_of(problem: NetworkProblem, kind: str) -> NetworkProblem:
    """What an answer of a kind is trained and predicts on: a refit has other train rows."""
    if kind != "refit":
        return problem
    return replace(problem, dataset=with_valid_rows_to_train(problem.dataset))


def planned_sets(
    records: StudyRecords, problem: NetworkProblem, kind: str
) -> tuple[PlannedSet, ...]:
    """What is to be trained for an answer of the best trial, the first seed first.

    Args:
        problem: the study's own.

    Raises:
        StudyError: no trial has completed.
    """
    if kind == "seeds":
        return tuple(_set_of_seed(records, problem, number) for number in range(N_SEEDS))
    return ((_refit(records, problem),),) if kind == "refit" else ()


def _set_of_seed(records: StudyRecords, problem: NetworkProblem, number: int) -> PlannedSet:
    best, params = best_configuration(records)
    lengths = {fold: len(curve) for fold, curve in _curves(records, best.number).items()}
    return tuple(
        PlannedRun(
            "seeds",
            f"seed {number}",
            # It was within the limits of the study.
            replace(
                run,
                seed=derive_seed(records.settings.seed, best.number, "seeds", number, run.fold),
                limits=None,
            ),
            until=lengths[run.fold],
        )
        for run in problem.plan(best.number, params)
    )


def _refit(records: StudyRecords, problem: NetworkProblem) -> PlannedRun:
    best, params = best_configuration(records)
    settings = records.settings
    config = make_run(
        settings,
        best.number,
        params,
        seed=derive_seed(settings.seed, best.number, "refit"),
        fold=fold_to_refit(problem.dataset),
        patience=settings.max_epochs,  # what it would be stopped by was trained on
    )
    return PlannedRun("refit", "refit", config, until=epochs_found(records, best.number))


def epochs_found(records: StudyRecords, trial_number: int) -> int:
    """After how many epochs a trial's weights were the best; of folds the mean, rounded."""
    best = [best_epoch(curve) for curve in _curves(records, trial_number).values()]
    return max(1, math.floor(fmean(one.epoch for one in best if one is not None) + 0.5))


def _curves(records: StudyRecords, trial_number: int) -> dict[int, Sequence[EpochRecord]]:
    """By fold."""
    runs = records.search_runs(trial_number)
    return {run.fold: records.epochs.get(run.run_id, ()) for run in runs}


def stored_sets(
    store: Store, records: StudyRecords, sets: Sequence[PlannedSet]
) -> list[tuple[RunRecord, ...]]:
    """Those that were trained and are kept, in their order; of others nothing."""
    kept = _whole_runs(store, records)
    found = (_stored(kept, one) for one in sets)
    return [one for one in found if one]


def missing_sets(
    store: Store, records: StudyRecords, sets: Sequence[PlannedSet]
) -> list[PlannedSet]:
    """Those that were not trained, or are not kept."""
    kept = _whole_runs(store, records)
    return [one for one in sets if not _stored(kept, one)]


def _whole_runs(store: Store, records: StudyRecords) -> Mapping[_Key, RunRecord]:
    """The runs for answers whose weights are whole: each file is read once, for all sets."""
    kept = {
        artifact.run_id
        for artifact in records.kept_artifacts("answer_weights")
        if store.artifacts.is_whole(artifact)
    }
    return {
        (run.purpose, run.trial_number, run.seed, run.fold): run
        for run in records.runs
        if run.state == "complete" and run.run_id in kept
    }


def _stored(runs: Mapping[_Key, RunRecord], one: PlannedSet) -> tuple[RunRecord, ...]:
    """The runs of a set; none where one of them is missing."""
    wanted = [(run.purpose, *_identity(run)) for run in one]
    return tuple(runs[key] for key in wanted) if runs.keys() >= set(wanted) else ()


def _identity(run: PlannedRun) -> tuple[int, int, int]:
    return run.config.trial_number, run.config.seed, run.config.fold


def earlier_runs(records: StudyRecords, one: PlannedSet) -> frozenset[int]:
    """The ids of all runs that were trained for a set, whatever became of them."""
    wanted = {(run.purpose, *_identity(run)) for run in one}
    return frozenset(
        run.run_id
        for run in records.runs
        if (run.purpose, run.trial_number, run.seed, run.fold) in wanted
    )


def equal_members(runs: Sequence[RunRecord]) -> tuple[AnswerMember, ...]:
    """All networks with the same share."""
    return tuple(AnswerMember(run.run_id, 1 / len(runs)) for run in runs)


def seconds_of_sets(records: StudyRecords, trial_number: int, kind: str, n_sets: int) -> float:
    """What training sets of the best trial may take, by what the trial took."""
    curves = _curves(records, trial_number)
    spent = sum(epoch.seconds for curve in curves.values() for epoch in curve)
    if kind != "refit":
        return TIMES_LONGER * n_sets * spent
    rows = records.settings.n_rows
    share = 1 + rows.get("valid", 0) / max(1, rows.get("train", 0))
    return START_SECONDS + TIMES_LONGER * n_sets * share * spent / max(1, len(curves))
