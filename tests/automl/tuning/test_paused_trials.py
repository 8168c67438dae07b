"""Trials that pause: where they go on, their curves are those that they would have had."""

from __future__ import annotations

import pytest

from automl.data import LoadedData
from automl.tuning import paused_trials
from storage import Store, open_store
from storage.records import PAUSED, StudyRecords
from tests.automl.tuning.searches import make_search, run, settings_for

HOW = {"policy": "promotion", "n_slots": 2}
N_TRIALS = 14


def curves(records: StudyRecords) -> dict[int, list[float]]:
    return {
        trial.number: [
            epoch.valid_loss
            for run in records.search_runs(trial.number)
            for epoch in records.epochs.get(run.run_id, ())
        ]
        for trial in records.trials
    }


def outcomes(records: StudyRecords) -> list[tuple[str, float | None]]:
    return [(trial.outcome, trial.value) for trial in records.trials]


@pytest.fixture
def straight(store: Store, iris: LoadedData) -> StudyRecords:
    return run(store, iris, settings_for(iris, max_epochs=9), n_trials=N_TRIALS, **HOW)


def test_a_trial_that_paused_has_the_curve_of_one_that_did_not(
    store: Store, iris: LoadedData, straight: StudyRecords
) -> None:
    store.delete_study("iris")
    settings = settings_for(iris, max_epochs=9)
    through = curves(run(store, iris, settings, n_trials=N_TRIALS, pruner="none"))
    paused = curves(straight)
    went_on = [number for number, curve in paused.items() if len(curve) > 4]
    assert went_on
    for number, curve in paused.items():
        assert curve == through[number][: len(curve)]


def test_who_pauses_at_the_end_is_told_as_pruned(straight: StudyRecords) -> None:
    paused = [trial for trial in straight.trials if trial.outcome == "paused"]
    assert len(paused) > N_TRIALS // 2
    for trial in paused:
        assert trial.state == "PRUNED"
        curve = curves(straight)[trial.number]
        assert trial.user_attributes[PAUSED] == len(curve)
        assert trial.value == curve[-1]
    complete = [trial for trial in straight.trials if trial.outcome == "complete"]
    assert len(complete) + len(paused) == N_TRIALS
    assert {one.state for one in straight.runs} == {"complete", "pruned"}
    best = min(min(curve) for curve in curves(straight).values())
    assert straight.best_trial is not None
    assert straight.best_trial.value == best


@pytest.mark.parametrize("least_seconds", [0.0, 1e9], ids=["as files", "trained again"])
def test_without_room_they_give_way_and_go_on_all_the_same(
    store: Store,
    iris: LoadedData,
    straight: StudyRecords,
    least_seconds: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.delete_study("iris")
    monkeypatch.setattr(paused_trials, "LEAST_SECONDS", least_seconds)
    monkeypatch.setattr(paused_trials, "SHARE_OF_MEMORY", 1e-12)
    settings = settings_for(iris, max_epochs=9)
    records = run(store, iris, settings, n_trials=N_TRIALS, **HOW)
    assert outcomes(records) == outcomes(straight)
    assert any(one.attempt > 1 for one in records.runs)
    assert "running" not in {one.state for one in records.runs}  # nor lost, if this process dies
    assert curves(records) == curves(straight)
    assert not records.kept_artifacts("checkpoint") or least_seconds == 0.0


def test_a_later_call_reopens_what_was_told(
    store: Store, iris: LoadedData, straight: StudyRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It promotes every second trial, so that earlier ones have a place as well."""
    monkeypatch.setattr("automl.tuning.policies.promotion.REDUCTION_FACTOR", 2)
    settings = settings_for(iris, max_epochs=9)
    records = run(store, iris, settings, n_trials=N_TRIALS + 2, **HOW)
    before, after = curves(straight), curves(records)
    longer = [number for number, curve in before.items() if len(after[number]) > len(curve)]
    assert longer
    for number, curve in before.items():
        assert after[number][: len(curve)] == curve
    told = {trial.number: trial for trial in records.trials}
    assert {told[number].outcome for number in longer} <= {"complete", "paused"}
    assert len(records.trials) == N_TRIALS + 2


def test_one_that_is_stopped_is_left_as_it_is_and_goes_on(
    store: Store, iris: LoadedData, straight: StudyRecords
) -> None:
    store.delete_study("iris")
    settings = settings_for(iris, max_epochs=9)
    search = make_search(store, iris, settings, n_trials=N_TRIALS, **HOW)
    for progress in search:
        if progress.n_paused >= 3:
            search.stop()
    records = store.read_study("iris")
    running = [trial for trial in records.trials if trial.state == "RUNNING"]
    assert sum(trial.outcome == "paused" for trial in running) >= 3
    store.close()
    with open_store(store.url) as again:
        after = run(again, iris, settings, n_trials=N_TRIALS, **HOW)
        assert outcomes(after) == outcomes(straight)
        assert curves(after) == curves(straight)
