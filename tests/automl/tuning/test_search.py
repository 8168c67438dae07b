"""The search loop on real data, real training and a real SQLite file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest

import search_spaces
from automl.data import LoadedData, SplitChoices, load_dataset
from automl.errors import StudyError
from automl.executors.choosing import make_executor
from automl.executors.executor import RoundResult, RunFailure
from automl.tuning.clock import Clock
from automl.tuning.policy import SearchPolicy
from automl.tuning.search import Search
from automl.tuning.settings import make_settings
from automl.tuning.study import open_study
from storage import Store, open_store
from storage.records import EpochRecord, StudyRecords, StudySettings


@pytest.fixture(scope="module")
def iris() -> LoadedData:
    return load_dataset("sklearn:iris", splits=SplitChoices(n_folds=1))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        yield store


def settings_for(data: LoadedData, *narrowing: str, max_epochs: int = 4) -> StudySettings:
    space = search_spaces.load("mlp").for_task(data.task).narrow(list(narrowing))
    training = {"max_epochs": max_epochs, "patience": max_epochs, "seed": 0}
    return make_settings(data, space, study_name="iris", training=training)


def make_search(
    store: Store,
    data: LoadedData,
    settings: StudySettings,
    *,
    timeout: float | None = None,
    **policy: object,
) -> Search:
    chosen = SearchPolicy(**{"pruner": "none", "sampler": "random", **policy})  # type: ignore[arg-type]
    executor = make_executor(data.dataset, trainer="plain", workers=1)
    study, clock = open_study(store, settings), Clock(timeout)
    return Search(study, store, executor, data.dataset, settings, chosen, clock)


def run(store: Store, data: LoadedData, settings: StudySettings, **how: Any) -> StudyRecords:
    for _ in make_search(store, data, settings, **how):
        pass
    return store.read_study("iris")


def test_every_trial_ends_with_its_best_epoch_as_value(store: Store, iris: LoadedData) -> None:
    records = run(store, iris, settings_for(iris), n_trials=5, n_slots=2)
    assert [trial.outcome for trial in records.trials] == ["complete"] * 5
    for trial in records.trials:
        (search_run,) = records.search_runs(trial.number)
        curve = records.epochs[search_run.run_id]
        assert [record.epoch for record in curve] == [1, 2, 3, 4]
        assert trial.value == pytest.approx(min(record.valid_loss for record in curve))
        assert trial.user_attributes["n_parameters"] == search_run.n_parameters


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


def test_stopped_search_goes_on_with_the_same_curves(
    store: Store, iris: LoadedData, tmp_path: Path
) -> None:
    """A trial stopped in the middle is continued from its checkpoint, not begun again."""
    settings = settings_for(iris, max_epochs=6)
    search = make_search(store, iris, settings, n_trials=2, n_slots=2)
    for n_rounds, _ in enumerate(search):
        if n_rounds == 2:
            search.stop()
    assert [trial.state for trial in store.read_study("iris").trials] == ["RUNNING"] * 2
    store.close()
    with open_store(store.url) as again:
        continued = run(again, iris, settings, n_trials=2, n_slots=2)
    with open_store(f"sqlite:///{tmp_path}/straight.db") as other:
        straight = run(other, iris, settings, n_trials=2, n_slots=2)
    for number in range(2):
        curves = [
            [record.valid_loss for record in records.epochs[records.search_runs(number)[0].run_id]]
            for records in (continued, straight)
        ]
        assert curves[0] == curves[1]
        assert continued.search_runs(number)[0].attempt == 2
        assert continued.trials[number].params == straight.trials[number].params
    assert [trial.value for trial in continued.trials] == [t.value for t in straight.trials]


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


def test_iteration_that_is_broken_off_leaves_trials_that_go_on(
    store: Store, iris: LoadedData
) -> None:
    settings = settings_for(iris)
    for _ in make_search(store, iris, settings, n_trials=2, n_slots=2):
        break
    store.close()
    with open_store(store.url) as again:
        records = run(again, iris, settings, n_trials=2)
    assert [trial.outcome for trial in records.trials] == ["complete"] * 2


def test_diverging_trials_fail_with_a_cause_and_end_nothing(
    store: Store, iris: LoadedData
) -> None:
    settings = settings_for(iris, "learning_rate=1e12..1e13", "optimizer=sgd")
    records = run(store, iris, settings, n_trials=3, preflight=False)
    assert {trial.cause for trial in records.trials} <= {"diverged", None}
    failed = [trial for trial in records.trials if trial.outcome == "failed"]
    assert failed, "a learning rate of 1e12 must diverge"
    study = optuna.load_study(study_name="iris", storage=store.url)
    for trial in failed:
        assert study.trials[trial.number].constraints == {"failed": 1.0}
        (search_run,) = records.search_runs(trial.number)
        assert (search_run.state, search_run.cause) == ("failed", "diverged")


def test_the_attempt_that_was_lost_is_not_judged_in_the_place_of_the_next(store: Store) -> None:
    """Of two folds one tells of its divergence in the round in which the other's worker died."""
    data = load_dataset("sklearn:iris", splits=SplitChoices(n_folds=2))
    search = make_search(store, data, settings_for(data), n_trials=1)
    rounds = iter(search)
    next(rounds)
    (lost,) = search._training.values()
    first, second = lost.runs
    epoch = EpochRecord(first, 1, 1, math.nan, math.nan, 0.0, 1.0, 1.0, 0.1, 1.0, 0.1)
    died = RunFailure(second, "lost", "the worker process ended with signal SIGKILL")
    search._take(RoundResult((epoch,), (died,)))

    (again,) = search._training.values()
    assert again is not lost and again.attempt == 2
    assert set(search.executor.active) == set(again.runs)
    records = store.read_study("iris")
    assert records.trials[0].state == "RUNNING"
    assert [one.state for one in records.search_runs(0)] == ["running"] * 2


def test_hopeless_trials_fail_before_their_first_epoch(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris, "initialization=zeros", "n_layers=3")
    records = run(store, iris, settings, n_trials=2)
    assert [trial.cause for trial in records.trials] == ["hopeless"] * 2
    assert all(not records.epochs.get(one.run_id) for one in records.runs)


@pytest.mark.parametrize("preflight", [True, False])
def test_a_network_larger_than_memory_fails_its_trial_and_ends_nothing(
    store: Store, iris: LoadedData, preflight: bool
) -> None:
    settings = settings_for(iris, "hidden_size=16,10000000", "n_layers=2", "initialization=he")
    records = run(store, iris, settings, n_trials=4, preflight=preflight)
    huge = {trial.number for trial in records.trials if trial.params["hidden_size"] != 16}
    assert huge and len(huge) < 4
    for trial in records.trials:
        expected = ("failed", "out_of_memory") if trial.number in huge else ("complete", None)
        assert (trial.outcome, trial.cause) == expected


def test_preflight_can_be_turned_off(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris, "initialization=zeros", "n_layers=3")
    records = run(store, iris, settings, n_trials=1, preflight=False)
    assert records.trials[0].outcome == "complete"


def test_value_with_folds_is_the_mean_over_runs(store: Store) -> None:
    data = load_dataset("sklearn:iris", splits=SplitChoices(n_folds=3))
    records = run(store, data, settings_for(data), n_trials=2)
    for trial in records.trials:
        runs = records.search_runs(trial.number)
        assert [one.fold for one in runs] == [0, 1, 2]
        best = [min(e.valid_loss for e in records.epochs[one.run_id]) for one in runs]
        assert trial.value == pytest.approx(math.fsum(best) / 3)


def test_pruning_ends_trials_early(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris, max_epochs=9)
    policy = {"n_trials": 12, "n_slots": 4, "pruner": "successive_halving", "sampler": "tpe"}
    records = run(store, iris, settings, **policy)
    pruned = [trial for trial in records.trials if trial.outcome == "pruned"]
    assert pruned
    for trial in pruned:
        (search_run,) = records.search_runs(trial.number)
        assert search_run.state == "pruned"
        assert len(records.epochs[search_run.run_id]) < 9


def test_only_the_best_few_keep_their_weights(store: Store, iris: LoadedData) -> None:
    records = run(store, iris, settings_for(iris), n_trials=5, keep_models=2)
    ranking = sorted(records.trials, key=lambda trial: trial.value or math.inf)
    kept = {a.trial_number for a in records.artifacts if a.kind == "weights" and not a.removed_at}
    assert kept == {trial.number for trial in ranking[:2]}


def test_a_study_is_not_continued_with_other_settings(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris)
    run(store, iris, settings, n_trials=1)
    other = replace(settings, max_epochs=7)
    with pytest.raises(StudyError, match="max-epochs is 4 in the study and 7 here"):
        open_study(store, other)


def test_a_difference_in_the_space_is_told_as_ranges(store: Store, iris: LoadedData) -> None:
    open_study(store, settings_for(iris))
    with pytest.raises(
        StudyError,
        match=r"learning_rate is 0\.0001\.\.0\.1 in the study and 0\.0001\.\.0\.01 here",
    ):
        open_study(store, settings_for(iris, "learning_rate=1e-4..1e-2"))


def test_where_time_runs_out_on_all_trials_the_best_one_is_the_result(
    store: Store, iris: LoadedData
) -> None:
    settings = settings_for(iris, max_epochs=100_000)
    records = run(store, iris, settings, n_trials=9, n_slots=3, timeout=3.0)
    losses = {
        trial.number: min(epoch.valid_loss for epoch in records.epochs[search_run.run_id])
        for trial in records.trials
        for search_run in records.search_runs(trial.number)
    }
    best = records.best_trial
    assert best is not None
    assert best.value == losses[best.number] == min(losses.values())
    assert [trial.outcome for trial in records.trials].count("running") == 2
    assert [search_run.cause for search_run in records.search_runs(best.number)] == ["out_of_time"]
    assert best.number in {artifact.trial_number for artifact in records.artifacts}


@pytest.mark.parametrize(("best_so_far", "n_complete"), [(1e9, 1), (0.0, 0)])
def test_when_time_is_up_only_a_trial_that_is_better_than_all_completed_ones_ends(
    store: Store, iris: LoadedData, best_so_far: float, n_complete: int
) -> None:
    settings = settings_for(iris, max_epochs=100_000)
    search = make_search(store, iris, settings, n_trials=9, n_slots=3, timeout=3.0)
    search._tally.best_value = best_so_far
    assert list(search)
    outcomes = [trial.outcome for trial in store.read_study("iris").trials]
    assert outcomes.count("complete") == n_complete
    assert outcomes.count("running") == len(outcomes) - n_complete


def test_no_trial_begins_late_while_none_is_complete(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris, max_epochs=100_000)
    search = make_search(store, iris, settings, n_trials=1000, n_slots=2, timeout=6.0)
    n_asked = {}
    for progress in search:
        n_asked[progress.seconds] = search._tally.n_asked
        if len(search._training) > 1:  # as a pruner would: there is room for the next one
            search._prune(next(iter(search._training.values())))
    early = [n for seconds, n in n_asked.items() if seconds < 3.0]
    late = [n for seconds, n in n_asked.items() if seconds > 4.2]
    assert early[-1] > early[0] > 1
    assert late and set(late) == {late[-1]}
    assert [trial.outcome for trial in store.read_study("iris").trials].count("complete") == 1


def test_trials_that_finish_soon_do_not_keep_others_from_beginning(
    store: Store, iris: LoadedData
) -> None:
    search = make_search(store, iris, settings_for(iris), n_trials=10_000, n_slots=2, timeout=4.0)
    held_back = {}
    for progress in search:
        search._tally.best_value = 1e9  # so that whatever trains is better
        held_back[progress.seconds] = search._must_finish
    late = [each for seconds, each in held_back.items() if 2.5 < seconds < 3.5]
    assert late and not any(late)
