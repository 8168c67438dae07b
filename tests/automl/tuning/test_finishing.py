"""Where the order ends a search, its best trial is complete as it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from automl.data import LoadedData
from automl.executors.pool import Pool
from automl.executors.workers.worker import TrainingSetup
from automl.tuning import finishing
from automl.tuning.finishing import needs_the_time
from automl.tuning.policies.policy import Decision, Start, View
from automl.tuning.policies.promotion import Promotion
from automl.wording.stops import unfinished_sentence
from storage import Store, open_store
from storage.records import StudyRecords, StudySettings
from tests.automl.tuning.searches import make_search, run, settings_for
from tests.contracts.thread_engine import ThreadEngine

LIMITS = (
    {"max_epochs_total": 61},
    {"target_loss": 0.45},
    {"patience_trials": 9},
)
POLICIES = (
    {"pruner": "successive_halving"},
    {"policy": "promotion"},
    {"pruner": "none"},
)


def ended(records: StudyRecords) -> list[Any]:
    return [
        (trial.number, trial.outcome, trial.value, dict(trial.params))
        for trial in records.trials
        if trial.outcome != "unfinished"
    ]


def lowest(records: StudyRecords, numbers: Iterable[int]) -> float:
    losses = [
        epoch.valid_loss
        for number in numbers
        for one in records.search_runs(number)
        for epoch in records.epochs.get(one.run_id, ())
    ]
    return min(losses, default=math.inf)


@pytest.mark.parametrize(
    "policy",
    [*POLICIES[:2], pytest.param(POLICIES[2], marks=pytest.mark.slow)],
    ids=lambda policy: "-".join(policy.values()),
)
@pytest.mark.parametrize("limits", LIMITS, ids=lambda limits: next(iter(limits)))
def test_the_result_is_the_same_beside_a_worker_that_runs_ahead(
    store: Store, iris: LoadedData, tmp_path: Path, limits: dict[str, Any], policy: dict[str, str]
) -> None:
    """In this process one round of all trials follows another; workers in threads do not wait."""
    settings = settings_for(iris, "batch_size=128", max_epochs=9)
    chosen = {"n_trials": 40, "n_slots": 4, **policy, **limits}
    here = run(store, iris, settings, **chosen)
    (stop,) = here.stops
    assert [stop.because] == list(limits)
    best = here.best_trial
    assert best is not None
    unfinished = [trial.number for trial in here.trials if trial.outcome == "unfinished"]
    assert unfinished
    setup = TrainingSetup(iris.dataset, n_workers=2, trainer="plain")
    with (
        open_store(f"sqlite:///{tmp_path}/other.db") as other,
        Pool(setup, ThreadEngine(setup)) as executor,
    ):
        there = run(other, iris, settings, executor=executor, **chosen)
    assert ended(there) == ended(here)
    assert (there.stops[0].details, there.stops[0].n_trials) == (stop.details, stop.n_trials)


def test_epochs_in_all_are_not_overdrawn(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris, "batch_size=128", max_epochs=9)
    records = run(store, iris, settings, n_trials=40, n_slots=4, max_epochs_total=61)
    assert records.stops[0].details["n_epochs"] == 61
    n_trained = sum(len(curve) for curve in records.epochs.values())
    assert 61 <= n_trained <= 61 + 4 + 2 * 9  # the slots' next epoch; two that were ready


@pytest.mark.parametrize("n_epochs", [1, 3])
def test_few_epochs_are_as_many_trials(store: Store, iris: LoadedData, n_epochs: int) -> None:
    settings = settings_for(iris, "batch_size=128", max_epochs=1)
    records = run(store, iris, settings, n_trials=40, n_slots=4, max_epochs_total=n_epochs)
    assert [trial.outcome for trial in records.trials] == ["complete"] * n_epochs


def call(folder: Path, data: LoadedData, settings: StudySettings, **how: Any) -> StudyRecords:
    """One call of a search, as by a process of its own: what it leaves can be adopted."""
    with open_store(f"sqlite:///{folder}/automl.db") as store:
        return run(store, data, settings, **how)


def test_a_study_goes_on_with_other_limits(tmp_path: Path, iris: LoadedData) -> None:
    settings = settings_for(iris, "batch_size=128", max_epochs=9)
    how: dict[str, Any] = {"n_slots": 4, "pruner": "successive_halving", "n_trials": 30}
    first = call(tmp_path, iris, settings, max_epochs_total=20, **how)
    again = call(tmp_path, iris, settings, max_epochs_total=20, **how)
    assert again.runs == first.runs  # nothing is left of it
    assert again.stops == first.stops
    more = call(tmp_path, iris, settings, max_epochs_total=40, **how)
    assert more.stops[-1].details == {"max_epochs_total": 40, "n_epochs": 40}
    whole = call(tmp_path, iris, settings, **how)
    assert [trial.outcome for trial in whole.trials].count("unfinished") == 0
    assert [stop.because for stop in whole.stops] == ["max_epochs_total"] * 2 + ["n_trials"]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: "-".join(policy.values()))
def test_what_was_to_be_complete_is_so_in_the_next_call(
    tmp_path: Path, iris: LoadedData, policy: dict[str, str]
) -> None:
    """A person stops the search while its best trial comes to where it rests."""
    settings = settings_for(iris, "batch_size=128", max_epochs=40)
    how: dict[str, Any] = {"n_slots": 4, "n_trials": 40, "max_epochs_total": 25, **policy}
    whole = tmp_path / "whole"
    whole.mkdir()
    expected = call(whole, iris, settings, **how)
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        search = make_search(store, iris, settings, **how)
        for _ in search:
            if search.state.decider.stopping.n_epochs > 21:  # the next round is the last one
                search.stop()
    records = call(tmp_path, iris, settings, **how)
    assert records.best_trial is not None
    assert ended(records) == ended(expected)


class PausesForGood(Promotion):
    """Goes on with nothing."""

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        return [Start(None)] * min(n_free, view.n_startable)


def test_the_best_is_complete_though_an_earlier_process_trained_it(
    tmp_path: Path, iris: LoadedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left to do, and the best trial pauses: its weights went with the process."""
    monkeypatch.setattr("automl.tuning.policies.promotion.Promotion", PausesForGood)
    settings = settings_for(iris, "batch_size=128", max_epochs=9)
    how: dict[str, Any] = {"n_slots": 2, "n_trials": 6, "policy": "promotion"}
    whole = tmp_path / "whole"
    whole.mkdir()
    expected = call(whole, iris, settings, **how)
    best = expected.best_trial
    assert best is not None and best.number < 4
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        search = make_search(store, iris, settings, **how)
        for progress in search:
            if progress.n_paused >= 4:
                search.stop()
    records = call(tmp_path, iris, settings, **how)
    assert ended(records) == ended(expected)
    assert [stop.because for stop in records.stops] == ["interrupted", "n_trials"]


class GetsWorse(Promotion):
    """Goes on with nothing, and tries what learns nothing once it has tried six."""

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        n_new = min(n_free, view.n_startable)
        if len(view.trials) < 6:
            return [Start(None)] * n_new
        first = view.trials[0].params
        rates = (1e-9 * (len(view.trials) + place) for place in range(n_new))
        return [Start({**first, "learning_rate": rate}) for rate in rates]


@pytest.fixture
def killed(tmp_path: Path, iris: LoadedData, monkeypatch: pytest.MonkeyPatch) -> int:
    """A study whose process has gone when six trials paused; the best of them."""
    monkeypatch.setattr("automl.tuning.policies.promotion.Promotion", GetsWorse)
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        search = make_search(store, iris, nine_epochs(iris), **ENDLESS)
        for progress in search:
            if progress.n_paused >= 6:
                search.stop()
        records = store.read_study("iris")
    return min(range(6), key=lambda number: lowest(records, [number]))


ENDLESS: dict[str, Any] = {"n_slots": 2, "n_trials": 100_000, "policy": "promotion"}


def in_the_last_minute(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Two seconds for others, and as much for the best as the busiest machine may need."""
    patch.setattr(finishing, "MORE_SECONDS", 60.0)
    patch.setattr(Pool, "busyness", None)
    return {"timeout": 62.0, **ENDLESS}


def nine_epochs(data: LoadedData) -> StudySettings:
    return settings_for(data, "batch_size=128", max_epochs=9)


def test_the_best_of_a_killed_call_is_complete_when_time_is_up(
    tmp_path: Path, iris: LoadedData, killed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = call(tmp_path, iris, nine_epochs(iris), **in_the_last_minute(monkeypatch))
    best = records.best_trial
    assert best is not None and best.number == killed
    assert {run.cause for run in records.search_runs(killed)} == {"out_of_time"}
    assert best.value == lowest(records, range(len(records.trials)))
    assert records.stops[-1].because == "timeout"
    assert unfinished_sentence(records.stops[-1]) == ""


def test_the_best_of_a_killed_call_begins_the_earlier_the_busier_the_machine_is(
    tmp_path: Path, iris: LoadedData, killed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        search = make_search(store, iris, nine_epochs(iris), timeout=3600.0, **ENDLESS)
        next(iter(search))
        seconds = 3.0 * finishing.MORE_SECONDS
        for busyness, expected in ((None, None), (2.0, None), (4.0, killed), (100.0, killed)):
            monkeypatch.setattr(Pool, "busyness", busyness)
            assert needs_the_time(search.state, seconds) == expected
        assert needs_the_time(search.state, 0.0) is None  # it would not suffice
        assert needs_the_time(search.state, 60.0) is None


def test_without_time_the_best_of_a_killed_call_is_left_to_the_next(
    tmp_path: Path, iris: LoadedData, killed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        search = make_search(store, iris, nine_epochs(iris), timeout=30.0, **ENDLESS)
        for progress in search:
            if progress.n_epochs >= 4:
                search._clock.move(0.0)
        records = store.read_study("iris")
    assert records.trials[killed].state == "RUNNING"  # open, others that pause are told
    assert f"Trial {killed} has come" in unfinished_sentence(records.stops[-1])
    others = {trial.state for trial in records.trials if trial.number != killed}
    assert others <= {"PRUNED", "COMPLETE", "RUNNING"} and "PRUNED" in others
    again = call(tmp_path, iris, nine_epochs(iris), **in_the_last_minute(monkeypatch))
    assert again.best_trial is not None and again.best_trial.number == killed


def test_a_trial_that_reached_the_loss_is_not_pruned(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris, "batch_size=128", max_epochs=9)
    records = run(
        store, iris, settings, n_trials=40, n_slots=4, policy="promotion", target_loss=1.5
    )
    (stop,) = records.stops
    best = records.best_trial
    assert best is not None and best.number == stop.details["trial_number"]
    assert best.value == stop.details["valid_loss"] == lowest(records, [best.number])
