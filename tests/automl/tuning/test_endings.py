"""How trials end, and what is told and kept of them."""

from __future__ import annotations

import math

import optuna
import pytest

from automl.data import LoadedData, SplitOptions, load_dataset
from automl.tuning.endings import complete_early
from automl.tuning.tally import BestTrial
from storage import Store
from storage.records import BY_MACHINE
from tests.automl.tuning.searches import make_search, run, settings_for


def test_every_trial_ends_with_its_best_epoch_as_value(store: Store, iris: LoadedData) -> None:
    records = run(store, iris, settings_for(iris), n_trials=5, n_slots=2)
    assert [trial.outcome for trial in records.trials] == ["complete"] * 5
    for trial in records.trials:
        (search_run,) = records.search_runs(trial.number)
        curve = records.epochs[search_run.run_id]
        assert [record.epoch for record in curve] == [1, 2, 3, 4]
        assert trial.value == pytest.approx(min(record.valid_loss for record in curve))
        assert trial.user_attributes["n_parameters"] == search_run.n_parameters


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


def test_value_with_folds_is_the_mean_over_runs(store: Store) -> None:
    data = load_dataset("sklearn:iris", splits=SplitOptions(folds=3))
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
    assert [trial.outcome for trial in records.trials].count("unfinished") == 3  # one was ready
    assert [search_run.cause for search_run in records.search_runs(best.number)] == ["out_of_time"]
    assert best.number in {artifact.trial_number for artifact in records.artifacts}


@pytest.mark.parametrize(("best_so_far", "n_complete"), [(1e9, 1), (0.0, 0)])
def test_when_time_is_up_only_a_trial_that_is_better_than_all_completed_ones_ends(
    store: Store, iris: LoadedData, best_so_far: float, n_complete: int
) -> None:
    settings = settings_for(iris, max_epochs=100_000)
    search = make_search(store, iris, settings, n_trials=9, n_slots=3, timeout=3.0)
    search.state.tally.best = BestTrial(-1, best_so_far)
    assert list(search)
    outcomes = [trial.outcome for trial in store.read_study("iris").trials]
    assert outcomes.count("complete") == n_complete
    assert outcomes.count("unfinished") == len(outcomes) - n_complete


def test_a_trial_that_ends_before_its_round_is_marked_as_decided_by_time(
    store: Store, iris: LoadedData
) -> None:
    """It had come to its end, but what is proposed next in its order would not know of it yet."""
    search = make_search(store, iris, settings_for(iris), n_trials=3, n_slots=2)
    search._decide()
    trial = search.state.trials[0]
    while any(run.end is None for run in trial.runs.values()):
        search._take(search.state.executor.next_round(None))
    complete_early(search.state, trial, "out_of_time")
    (first, *_) = store.read_study("iris").trials
    assert first.outcome == "complete" and first.user_attributes[BY_MACHINE] == "end"
