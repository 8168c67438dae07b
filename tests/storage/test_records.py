from __future__ import annotations

import math
from dataclasses import replace

import pytest

from storage.records import (
    CAUSES,
    PAUSED,
    ArtifactRecord,
    EpochRecord,
    RunRecord,
    StudyRecords,
    TrialRecord,
    TrialState,
    best_epoch,
)
from tests.contracts.store_contract import epoch, settings


@pytest.mark.parametrize(
    ("state", "cause", "outcome"),
    [
        ("COMPLETE", None, "complete"),
        ("COMPLETE", "early_stopped", "complete"),
        ("COMPLETE", "out_of_time", "complete"),
        ("PRUNED", None, "pruned"),
        ("PRUNED", "diverged", "failed"),
        ("FAIL", "lost", "failed"),
        ("FAIL", None, "failed"),
        ("RUNNING", None, "unfinished"),
        ("WAITING", None, "unfinished"),
    ],
)
def test_outcome_is_failed_where_there_is_a_cause(
    state: TrialState, cause: str | None, outcome: str
) -> None:
    assert cause is None or cause in CAUSES
    assert TrialRecord(0, state, {}, cause=cause).outcome == outcome


@pytest.mark.parametrize(
    ("state", "cause", "paused", "outcome"),
    [
        ("PRUNED", None, 3, "paused"),
        ("RUNNING", None, 3, "paused"),
        ("RUNNING", None, None, "unfinished"),  # it has gone on
        ("PRUNED", None, None, "pruned"),
        ("COMPLETE", None, 3, "complete"),
        ("PRUNED", "diverged", 3, "failed"),
    ],
)
def test_a_trial_that_pauses_is_said_to_whether_the_search_has_ended_or_not(
    state: TrialState, cause: str | None, paused: int | None, outcome: str
) -> None:
    trial = TrialRecord(0, state, {}, cause=cause, user_attributes={PAUSED: paused})
    assert trial.outcome == outcome


def test_epoch_is_finite_where_both_losses_are() -> None:
    record: EpochRecord = epoch(1, 1)
    assert record.is_finite
    assert record.generalization_gap == record.valid_loss - record.train_loss
    assert not replace(record, train_loss=math.inf).is_finite
    assert not replace(record, valid_loss=math.nan).is_finite


@pytest.mark.parametrize("not_finite", [math.nan, math.inf, -math.inf])
def test_best_epoch_is_the_last_of_the_lowest_finite_ones(not_finite: float) -> None:
    losses = (not_finite, 1.0, 0.5, 0.5, 0.6, not_finite)
    curve = [replace(epoch(1, n), valid_loss=loss) for n, loss in enumerate(losses, start=1)]
    best = best_epoch(curve)
    assert best is not None and best.epoch == 4
    assert best_epoch(curve[:1]) is best_epoch([]) is None


def test_best_trial_is_the_complete_one_of_the_lowest_value() -> None:
    trials = (
        TrialRecord(0, "COMPLETE", {}, 0.5),
        TrialRecord(1, "PRUNED", {}, 0.1),
        TrialRecord(2, "COMPLETE", {}, 0.3),
        TrialRecord(3, "RUNNING", {}),
    )
    records = StudyRecords(settings(), trials)
    assert records.best_trial == trials[2]
    assert StudyRecords(settings()).best_trial is None


def test_complete_trials_come_lowest_value_first_and_have_a_value() -> None:
    trials = (
        TrialRecord(0, "COMPLETE", {}, 0.5),
        TrialRecord(1, "COMPLETE", {}),  # no value: it is not better than all others
        TrialRecord(2, "PRUNED", {}, 0.1),
        TrialRecord(3, "PRUNED", {}, 0.2, cause="diverged"),
        TrialRecord(4, "COMPLETE", {}, -0.3),
        TrialRecord(5, "COMPLETE", {}, 0.5),
    )
    records = StudyRecords(settings(), trials)
    assert [trial.number for trial in records.complete_trials] == [4, 0, 5]
    assert records.best_trial == trials[4]


def test_search_runs_are_those_of_the_last_attempt() -> None:
    runs = (
        RunRecord(1, 0, "search", 1, attempt=1, state="failed", cause="lost"),
        RunRecord(2, 0, "search", 1, attempt=2),
        RunRecord(3, 0, "search", 1, attempt=2, fold=1),
        RunRecord(4, 0, "promote", 1, attempt=3),
        RunRecord(5, 1, "search", 1),
    )
    records = StudyRecords(settings(), runs=runs)
    assert [run.run_id for run in records.search_runs(0)] == [2, 3]
    assert [run.run_id for run in records.search_runs(1)] == [5]
    assert records.search_runs(2) == ()
    assert records.last_attempts == {0: runs[1:3], 1: runs[4:]}


def test_kept_artifacts_are_of_one_kind_and_not_removed() -> None:
    artifacts = tuple(
        ArtifactRecord(str(number), kind, 0, 1, None, "a.bin", 8, "", removed_at=removed_at)
        for number, (kind, removed_at) in enumerate(
            [("weights", None), ("weights", 1.0), ("checkpoint", None), ("weights", None)]
        )
    )
    kept = StudyRecords(settings(), artifacts=artifacts).kept_artifacts("weights")
    assert [artifact.artifact_id for artifact in kept] == ["0", "3"]
