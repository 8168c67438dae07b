"""Rounds of the virtual order: what is reported, judged and told, and in which sequence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from automl.data import LoadedData
from automl.executors.executor import RoundResult, RunFailure
from automl.tuning.repeated_failure import RepeatedFailure
from automl.tuning.search import Search
from storage import Store
from storage.records import EpochRecord, TrialRecord
from tests.automl.tuning.searches import make_search, settings_for


def begun(store: Store, iris: LoadedData, **policy: object) -> Search:
    """A search that has proposed its first trials; what they train is told by the test."""
    policy = {"n_trials": 12, "n_slots": 4, "pruner": "successive_halving", **policy}
    search = make_search(store, iris, settings_for(iris, max_epochs=16), **policy)
    search._decide()
    return search


def epochs(search: Search, number: int, *losses: float, first: int = 1) -> Iterator[EpochRecord]:
    (run_id,) = search.state.trials[number].runs
    for epoch, loss in enumerate(losses, start=first):
        yield EpochRecord(run_id, epoch, epoch, loss, loss, 0.0, 1.0, 1.0, 0.1, 1.0, 0.1)


def come(search: Search, *records: EpochRecord, failures: tuple[RunFailure, ...] = ()) -> None:
    search._take(RoundResult(tuple(records), failures))
    search._decide()


def reports(search: Search) -> dict[int, list[int]]:
    trials = search.state.study.get_trials(deepcopy=False)
    return {trial.number: list(trial.intermediate_values) for trial in trials}


def outcomes(store: Store) -> list[str]:
    return [trial.outcome for trial in store.read_study("iris").trials]


def test_nothing_is_reported_until_all_trials_in_slots_have_their_epoch(
    store: Store, iris: LoadedData
) -> None:
    search = begun(store, iris)
    for number in (3, 1, 4, 0):
        come(search, *epochs(search, number, 0.5))
    assert set(map(len, reports(search).values())) == {0}
    come(search, *epochs(search, 2, 0.4))
    assert [len(reports(search)[number]) for number in range(4)] == [1, 1, 1, 1]
    assert reports(search)[4] == [], "it is ready, and has no turn yet"


@pytest.mark.parametrize("sequence", list(itertools.permutations(range(4)))[::5])
def test_trials_are_judged_by_number_in_whatever_sequence_their_epochs_came(
    store: Store, iris: LoadedData, sequence: tuple[int, ...]
) -> None:
    """Each is better than those before it, so that all of them are the best so far."""
    search = begun(store, iris)
    for number in sequence:
        come(search, *epochs(search, number, 0.9 - 0.1 * number))
    assert outcomes(store)[:4] == ["unfinished"] * 4
    come(search, *epochs(search, 4, 0.1), *epochs(search, 5, 1.0))
    for number in range(4):
        come(search, *epochs(search, number, *[0.9 - 0.1 * number] * 3, first=2))
    assert reports(search)[0] == [1, 2, 3, 4]


def test_what_is_worse_than_three_of_four_is_pruned_and_the_next_proposed(
    store: Store, iris: LoadedData
) -> None:
    search = begun(store, iris)
    for number, loss in enumerate([0.5, 0.6, 0.7, 0.4]):
        come(search, *epochs(search, number, loss))
    assert outcomes(store) == [
        "unfinished",
        "pruned",
        "pruned",
        "unfinished",
        "unfinished",
        "unfinished",
        "unfinished",
        "unfinished",
    ]
    assert {run.state for run in store.read_study("iris").search_runs(1)} == {"pruned"}


def test_a_trial_that_goes_on_may_train_up_to_where_it_is_judged_next(
    store: Store, iris: LoadedData
) -> None:
    search = begun(store, iris)
    assert {trial.limit for trial in search.state.trials.values()} == {1}
    for number, loss in enumerate([0.5, 0.6, 0.7, 0.8]):
        come(search, *epochs(search, number, loss))
    assert search.state.trials[0].limit == 4
    assert {trial.limit for number, trial in search.state.trials.items() if number} == {1}


def test_a_failure_has_its_place_in_the_order(store: Store, iris: LoadedData) -> None:
    search = begun(store, iris)
    (run_id,) = search.state.trials[0].runs
    come(search, failures=(RunFailure(run_id, "crashed", "its network raised"),))
    assert outcomes(store)[0] == "unfinished"
    for number in (1, 2, 3):
        come(search, *epochs(search, number, 0.5))
    assert outcomes(store)[0] == "failed"
    trial: TrialRecord = store.read_study("iris").trials[0]
    assert trial.cause == "crashed"


def test_what_the_machine_decided_is_noted_of_all_that_is_proposed_afterwards(
    store: Store, iris: LoadedData
) -> None:
    search = begun(store, iris)
    (run_id,) = search.state.trials[0].runs
    come(search, failures=(RunFailure(run_id, "out_of_memory", "no room"),))
    for number in (1, 2, 3):
        come(search, *epochs(search, number, 0.5))
    marks = [
        trial.user_attributes.get("decided_by_machine")
        for trial in store.read_study("iris").trials
    ]
    assert marks[0] == "end"
    assert marks[1:6] == [None] * 5
    assert marks[6:] and set(marks[6:]) == {"params"}


@pytest.mark.parametrize("is_ready_trained_first", [True, False])
def test_whether_the_code_is_wrong_is_judged_in_rounds(
    store: Store, iris: LoadedData, is_ready_trained_first: bool
) -> None:
    """An epoch of a trial that is only ready says nothing yet: it may come sooner or later."""
    search = begun(store, iris)
    search._repeated = RepeatedFailure(is_watched=True)
    failures = []
    for number in range(4):
        (run_id,) = search.state.trials[number].runs
        failures.append(RunFailure(run_id, "crashed", "no such block"))
    if is_ready_trained_first:
        come(search, *epochs(search, 4, 0.5))
    come(search, failures=tuple(failures))
    assert search._repeated.is_enough


def test_code_is_not_wrong_where_a_trial_of_the_round_trains(
    store: Store, iris: LoadedData
) -> None:
    search = begun(store, iris)
    search._repeated = RepeatedFailure(is_watched=True)
    failures = []
    for number in range(3):
        (run_id,) = search.state.trials[number].runs
        failures.append(RunFailure(run_id, "crashed", "no such block"))
    come(search, *epochs(search, 3, 0.5), failures=tuple(failures))
    assert not search._repeated.is_enough
    assert outcomes(store)[:3] == ["failed"] * 3
