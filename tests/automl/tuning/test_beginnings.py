"""Trials that begin, begin again, or should not."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from automl.data import LoadedData, SplitOptions, load_dataset
from automl.executors.choosing import make_executor
from automl.executors.executor import RoundResult, RunFailure
from automl.training.config import RunConfig
from automl.tuning.beginnings import USED_UP
from automl.tuning.call_options import CallOptions
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.search import Search
from automl.tuning.study import open_study
from search_spaces import CategoricalParameter, IntParameter, SearchSpace
from storage import Store, open_store
from storage.records import EpochRecord
from tests.automl.tuning.searches import make_search, run, settings_for
from tests.contracts.linear_trainer import NamingTrainer, tiny_dataset


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


def test_what_a_person_enqueues_that_cannot_be_has_been_tried(
    store: Store, iris: LoadedData
) -> None:
    """A call that begins later reads so from the file; this one is to know the same."""
    settings = settings_for(iris)
    open_study(store, settings).enqueue_trial({"learning_rate": "much"})
    search = make_search(store, iris, settings, n_trials=2, n_slots=2)
    search._decide()
    state = search.state
    assert (state.tally.n_failed, state.decider.stopping.n_tried) == (1, 1)
    assert {number: one.state for number, one in state.decider.view.trials.items()} == {
        0: "failed",
        1: "training",
    }


def test_trials_that_go_on_as_meant_are_not_told_one_by_one(
    store: Store, iris: LoadedData
) -> None:
    settings = settings_for(iris)
    for _ in make_search(store, iris, settings, n_trials=2, n_slots=2):
        break
    store.close()
    with open_store(store.url) as again:
        told = [
            message
            for progress in make_search(again, iris, settings, n_trials=2, n_slots=2)
            for message in progress.messages
        ]
    assert not [message for message in told if "is to go on" in message]


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


def test_the_attempt_that_was_lost_is_not_judged_in_the_place_of_the_next(store: Store) -> None:
    """Of two folds one tells of its divergence in the round in which the other's worker died."""
    data = load_dataset("sklearn:iris", splits=SplitOptions(folds=2))
    search = make_search(store, data, settings_for(data), n_trials=1)
    rounds = iter(search)
    next(rounds)
    (lost,) = search.state.trials.values()
    first, second = lost.runs
    epoch = EpochRecord(first, 1, 1, math.nan, math.nan, 0.0, 1.0, 1.0, 0.1, 1.0, 0.1)
    died = RunFailure(second, "lost", "the worker process ended with signal SIGKILL")
    search._take(RoundResult((epoch,), (died,)))

    (again,) = search.state.trials.values()
    assert again is not lost and again.attempt == 2
    assert set(search.state.executor.active) == set(again.runs)
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


class Unseen(NetworkProblem):
    """One whose networks only their trainer may build."""

    def n_parameters(self, run: RunConfig) -> int | None:
        return None


def unseen_search(store: Store, iris: LoadedData, n_trials: int) -> Search:
    settings, dataset = settings_for(iris), tiny_dataset()
    executor = make_executor(dataset, trainer=f"{NamingTrainer.__module__}:NamingTrainer")
    options = CallOptions(n_trials=n_trials, sampler="random", pruner="none")
    problem = Unseen(settings, dataset)
    return Search(open_study(store, settings), store, executor, problem, options)


def test_what_only_the_trainer_knows_of_a_network_is_known_when_its_run_ends(
    store: Store, iris: LoadedData
) -> None:
    list(unseen_search(store, iris, 2))
    records = store.read_study("iris")
    assert [run.n_parameters for run in records.runs] == [8, 8]
    assert [trial.user_attributes["n_parameters"] for trial in records.trials] == [8, 8]


def test_what_the_first_look_saw_is_kept_of_hopeless_trials_too(
    store: Store, iris: LoadedData
) -> None:
    settings = settings_for(iris, "initialization=zeros,he", "n_layers=3")
    records = run(store, iris, settings, n_trials=6)
    causes = {trial.params["initialization"]: trial.cause for trial in records.trials}
    assert causes == {"zeros": "hopeless", "he": None}
    for one in records.runs:
        assert [layer.name for layer in records.initial_layers[one.run_id]] == [
            *("hidden 1", "hidden 2", "hidden 3", "output")
        ]


FINITE = SearchSpace.of(
    "finite",
    [IntParameter("n_layers", 1, 3), CategoricalParameter("activation", ("relu", "tanh"))],
)


@pytest.mark.parametrize("policy", ["optuna", "promotion"])
def test_a_search_of_a_finite_space_ends_when_all_of_it_was_tried(
    policy: str, store: Store, iris: LoadedData
) -> None:
    settings = replace(settings_for(iris, max_epochs=2), space=FINITE.to_dict())
    messages: list[str] = []
    for _ in range(2):  # the second call finds nothing to do
        search = make_search(store, iris, settings, n_trials=50, policy=policy, sampler="tpe")
        messages += [message for progress in search for message in progress.messages]
    records = store.read_study("iris")
    combinations = {tuple(trial.params.items()) for trial in records.trials}
    assert len(records.trials) == len(combinations) == 6
    assert messages.count(f"{USED_UP}: the study ends with 6 trials") == 2
