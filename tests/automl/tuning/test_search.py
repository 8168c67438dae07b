"""The search loop on real data, real training and a real SQLite file."""

from __future__ import annotations

import time
from dataclasses import replace

import optuna
import pytest

from automl.data import LoadedData
from automl.errors import StudyError
from automl.executors.pool import Pool
from automl.executors.workers.worker import TrainingSetup
from automl.tuning.endings import keep_state, prune
from automl.tuning.repeated_failure import NOTABLE
from automl.tuning.study import open_study
from automl.tuning.tally import BestTrial
from storage import Store
from storage.records import BY_MACHINE
from tests.automl.tuning.searches import make_search, run, settings_for
from tests.contracts.thread_engine import ThreadEngine


def test_optuna_itself_reads_the_study(store: Store, iris: LoadedData) -> None:
    records = run(store, iris, settings_for(iris), n_trials=3)
    study = optuna.load_study(study_name="iris", storage=store.url)
    assert [trial.value for trial in study.trials] == [trial.value for trial in records.trials]
    assert list(study.trials[0].intermediate_values) == [1, 2, 3, 4]


def test_the_same_call_again_trains_nothing_more(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris)
    before = run(store, iris, settings, n_trials=3)
    assert run(store, iris, settings, n_trials=3).runs == before.runs


def test_more_trials_continue_the_study(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris)
    before = run(store, iris, settings, n_trials=2)
    after = run(store, iris, settings, n_trials=4)
    assert len(after.trials) == 4
    assert after.trials[:2] == before.trials


def test_checkpoints_of_training_trials_are_saved_now_and_then(
    store: Store, iris: LoadedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As often as they are saved, one per run is there while it trains, and none after it."""
    monkeypatch.setattr("automl.tuning.search.CHECKPOINT_SECONDS", 0.0)
    n_seen = []
    for _ in make_search(store, iris, settings_for(iris), n_trials=2, n_slots=2):
        kept = store.artifacts.list("iris")
        n_seen.append(sum(artifact.kind == "checkpoint" for artifact in kept))
    assert max(n_seen) == 2
    assert n_seen[-1] == 0


def test_who_stops_to_iterate_asks_for_no_more(store: Store, iris: LoadedData) -> None:
    """Trials that end meanwhile leave slots free, which nobody is to fill any more."""
    setup = TrainingSetup(iris.dataset, n_workers=1, trainer="plain")
    with Pool(setup, ThreadEngine(setup)) as executor:
        search = make_search(
            store, iris, settings_for(iris), n_trials=30, n_slots=2, executor=executor
        )
        progress = iter(search)
        next(progress)
        next(progress)
        n_asked = len(store.read_study("iris").trials)
        time.sleep(1.0)  # the worker trains on
        progress.close()
    trials = store.read_study("iris").trials
    assert any(trial.outcome == "complete" for trial in trials)
    assert len(trials) == n_asked


def test_a_study_is_not_continued_with_other_settings(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris)
    run(store, iris, settings, n_trials=1)
    other = replace(settings, max_epochs=7)
    with pytest.raises(StudyError, match="max_epochs is 4 in the study and 7 here"):
        open_study(store, other)


def test_a_difference_in_the_space_is_told_as_ranges(store: Store, iris: LoadedData) -> None:
    open_study(store, settings_for(iris))
    with pytest.raises(
        StudyError,
        match=r"learning_rate is 0\.0001\.\.0\.1 in the study and 0\.0001\.\.0\.01 here",
    ):
        open_study(store, settings_for(iris, "learning_rate=1e-4..1e-2"))


def test_no_trial_begins_late_while_none_is_complete(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris, max_epochs=100_000)
    search = make_search(store, iris, settings, n_trials=1000, n_slots=2, timeout=6.0)
    n_asked = {}
    for progress in search:
        n_asked[progress.seconds] = search.state.tally.n_asked
        if len(search.state.trials) > 1:  # as a pruner would: there is room for the next one
            pruned = next(iter(search.state.trials.values()))
            prune(search.state, pruned)
            keep_state(search.state, pruned)
    early = [n for seconds, n in n_asked.items() if seconds < 3.0]
    late = [n for seconds, n in n_asked.items() if seconds > 4.2]
    assert early[-1] > early[0] > 1
    assert late and set(late) == {late[-1]}
    assert [trial.outcome for trial in store.read_study("iris").trials].count("complete") == 1


def test_trials_that_finish_soon_do_not_keep_others_from_beginning(
    store: Store, iris: LoadedData
) -> None:
    # By the last part of the time all is loaded that makes first epochs slow.
    search = make_search(store, iris, settings_for(iris), n_trials=10_000, n_slots=2, timeout=8.0)
    held_back = {}
    for progress in search:
        search.state.tally.best = BestTrial(-1, 1e9)  # so that whatever trains is better
        held_back[progress.seconds] = search._must_finish
    late = [each for seconds, each in held_back.items() if 5.0 < seconds < 7.5]
    assert late and not any(late)


@pytest.mark.parametrize("policy", ["optuna", "promotion", "freeze_thaw"])
def test_that_all_trials_diverge_is_said_early_and_ends_nothing(
    store: Store, iris: LoadedData, policy: str
) -> None:
    hopeless = ("learning_rate=1e29..1e30", "optimizer=sgd", "normalization=none", "n_layers=2")
    hopeless += ("activation=relu", "schedule=constant")
    search = make_search(
        store, iris, settings_for(iris, *hopeless), policy=policy, n_trials=24, n_slots=4
    )
    said = [(one.n_failed, words) for one in search for words in one.messages]
    assert {trial.cause for trial in store.read_study("iris").trials} == {"diverged"}
    assert len(store.read_study("iris").trials) == 24
    (n_failed,) = [n for n, words in said if "that have ended have failed" in words]
    assert NOTABLE <= n_failed < 24


def test_late_in_its_time_freeze_thaw_starts_nothing_and_says_so(
    store: Store, iris: LoadedData
) -> None:
    settings = settings_for(iris, "batch_size=128", max_epochs=9)
    search = make_search(
        store, iris, settings, timeout=600.0, n_trials=10_000, policy="freeze_thaw", n_slots=4
    )
    n_started = n_epochs = 0
    for progress in search:
        if progress.n_paused >= 16 and not n_started:
            n_started, n_epochs = len(search.state.decider.view.trials), progress.n_epochs
            search._clock.began -= 539.0  # a tenth is left
        elif n_started and progress.n_epochs >= n_epochs + 60:
            search.stop()
    trials = store.read_study("iris").trials
    n_places = 6  # in slots and ready: decided before
    assert len(trials) <= n_started + n_places
    assert "wait" in {trial.user_attributes.get(BY_MACHINE) for trial in trials}
