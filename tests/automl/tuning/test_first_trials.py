"""What is tried first: all of it, each once, within what a person allows, whenever it goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

import search_spaces
from automl.data import LoadedData
from automl.tuning.earlier import earlier_in, earlier_study, first_params
from automl.tuning.first_trials import TRIED_FIRST, FirstTrials
from automl.tuning.network_problem import NetworkProblem, make_run
from automl.tuning.policies.policy import Start
from automl.tuning.study import open_study
from automl.tuning.untried import Tried
from search_spaces import FloatParameter, SearchSpace
from search_spaces.portfolio import portfolio
from storage import Store
from storage.records import ParameterValue, StudyRecords, StudySettings
from storage.widening_records import WideningRecord
from tests.automl.tuning.searches import make_search, run, settings_for

SPACE = SearchSpace.of("rates", [FloatParameter("dropout", 0.0, 0.9)])
WANTED = {"earlier 0": {"dropout": 0.1}, "portfolio 0": {"dropout": 0.2}}
MLP = search_spaces.load("mlp").for_task("multiclass")
ENTRIES = portfolio(MLP, "multiclass")


def trial(dropout: float, mark: str | None = None) -> FrozenTrial:
    return create_trial(
        state=TrialState.RUNNING,
        params={"dropout": dropout},
        distributions={"dropout": FloatDistribution(0.0, 0.9)},
        system_attrs={} if mark is None else {TRIED_FIRST: mark},
    )


def first(*trials: FrozenTrial, wanted: Mapping[str, object] = WANTED) -> FirstTrials:
    numbered = [replace_number(one, number) for number, one in enumerate(trials)]
    params_of = {one.number: one.params for one in numbered}
    return FirstTrials(wanted, SPACE, numbered, params_of)  # type: ignore[arg-type]


def replace_number(one: FrozenTrial, number: int) -> FrozenTrial:
    one.number = number
    return one


def test_what_a_trial_is_marked_with_has_been_tried_whatever_its_params() -> None:
    begun = first(trial(0.15, "earlier 0"))
    assert begun.left([{"dropout": 0.15}]) == ({"dropout": 0.2},)
    assert begun.take({"dropout": 0.3}) is None and begun.n_of_portfolio == 0
    assert begun.take({"dropout": 0.2}) == "portfolio 0" and begun.n_of_portfolio == 1
    assert begun.left([{"dropout": 0.15}, {"dropout": 0.2}]) == ()


def test_what_a_person_has_enqueued_is_not_tried_again() -> None:
    assert first(trial(0.1)).left([{"dropout": 0.1}]) == ({"dropout": 0.2},)


def test_what_another_coordinator_has_tried_is_left_out() -> None:
    begun = first()
    begun.note([trial(0.12, "earlier 0"), trial(0.5)])
    assert begun.left([{"dropout": 0.12}, {"dropout": 0.5}]) == ({"dropout": 0.2},)


def test_nothing_is_left_where_the_policy_has_made_trials_before() -> None:
    begun = first(trial(0.15, "earlier 0"), trial(0.5))
    assert begun.left([{"dropout": 0.15}, {"dropout": 0.5}]) == ()
    assert begun.n_of_portfolio == 0


def test_of_those_that_come_to_the_same_one_is_tried() -> None:
    same = {"earlier 0": {"dropout": 0.1}, "portfolio 0": {"dropout": 0.1}}
    begun = first(wanted=same)
    assert begun.left([]) == ({"dropout": 0.1},)
    assert begun.take({"dropout": 0.1}) == "earlier 0" and begun.left([{"dropout": 0.1}]) == ()


def test_what_a_person_has_enqueued_does_not_end_it() -> None:
    own = trial(0.5)
    own.system_attrs["fixed_params"] = {"dropout": 0.5}
    begun = first(trial(0.1, "earlier 0"), own)
    assert begun.left([{"dropout": 0.1}, {"dropout": 0.5}]) == ({"dropout": 0.2},)


def test_one_that_was_moved_is_marked_with_what_it_was_to_be() -> None:
    begun = first()
    assert begun.left([]) == ({"dropout": 0.1}, {"dropout": 0.2})
    assert begun.take({"dropout": 0.3}, {"dropout": 0.2}) == "portfolio 0"
    assert begun.take({"dropout": 0.4}, {"dropout": 0.4}) is None
    assert begun.left([{"dropout": 0.3}]) == ({"dropout": 0.1},)


# In searches


def small(data: LoadedData, *narrowing: str, **changed: object) -> StudySettings:
    found = settings_for(data, *narrowing, portfolio=True, max_epochs=1)
    return replace(found, **changed)  # type: ignore[arg-type]


def marks(store: Store) -> list[str | None]:
    study = optuna.load_study(study_name="iris", storage=store.optuna_storage)
    return [one.system_attrs.get(TRIED_FIRST) for one in study.get_trials(deepcopy=False)]


def assert_first_and_once(
    store: Store, records: StudyRecords, wanted: Sequence[Mapping[str, ParameterValue]]
) -> None:
    """By what limits of size leave as it is."""
    space = SearchSpace.from_dict(records.space)
    tried = [space.complete(one.params) for one in records.trials]
    names = ("learning_rate", "weight_decay", "batch_size", "scaling", "optimizer")
    for params, entry in zip(tried, wanted, strict=False):
        assert [params.get(name) for name in names] == [entry.get(name) for name in names]
    n_marked = len(wanted)
    assert None not in marks(store)[:n_marked] and set(marks(store)[n_marked:]) == {None}
    different = Tried(space)
    for params in tried:
        different.add(params)
    assert len(different) == len(tried) > n_marked


def test_under_a_limit_of_latency_each_is_tried_once_however_fast_the_machine_seems(
    store: Store, iris: LoadedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call measures it anew, so that each time other params would come of the large ones."""
    settings = small(iris, max_latency=1.0)
    problem = NetworkProblem(settings, iris.dataset)
    estimates = [problem._call_seconds(make_run(settings, 0, one, seed=0)) for one in ENTRIES]
    middle = median(one for one in estimates if one is not None)
    for n_trials, factor in ((5, 1.0), (11, 1.5), (18, 0.7)):
        monkeypatch.setattr(NetworkProblem, "_machine_factor", factor / middle)
        records = run(store, iris, settings, n_trials=n_trials, policy="promotion", n_slots=2)
    assert_first_and_once(store, records, ENTRIES)
    brought = [MLP.complete(one.params) for one in records.trials[:16]]
    assert 0 < sum(params != entry for params, entry in zip(brought, ENTRIES, strict=True)) < 16


def test_under_a_limit_of_parameters_each_is_tried_within_it(
    store: Store, iris: LoadedData
) -> None:
    settings = small(iris, max_parameters=5_000)
    for n_trials in (4, 18):
        records = run(store, iris, settings, n_trials=n_trials, policy="promotion", n_slots=2)
    assert_first_and_once(store, records, ENTRIES)
    sizes = [run.n_parameters for run in records.runs]
    assert all(one is not None and one <= 5_000 for one in sizes)


def test_what_earlier_studies_found_comes_before_what_other_tables_did(
    store: Store, iris: LoadedData
) -> None:
    settings = small(iris)
    before = run(store, iris, settings, n_trials=18, policy="promotion", n_slots=2)
    learned = earlier_study(before, "iris")
    store.delete_study("iris")
    again = replace(settings, warm_start=("iris",))
    open_study(store, again, [learned])
    best = first_params(earlier_in(MLP, [learned]), MLP)
    assert best and any(params in ENTRIES for params in best)
    wanted = [*best, *(entry for entry in ENTRIES if entry not in best)]
    for n_trials in (3, len(wanted) + 2):
        records = run(store, iris, again, n_trials=n_trials, policy="promotion", n_slots=2)
    assert_first_and_once(store, records, wanted)


def test_a_range_that_is_wider_by_now_brings_nothing_back(store: Store, iris: LoadedData) -> None:
    settings = small(iris, "learning_rate=1e-4..1e-3", widen=True)
    run(store, iris, settings, n_trials=5, policy="promotion", n_slots=2)
    store.widenings.add("iris", WideningRecord(5, {"learning_rate": (1e-4, 1e-1)}))
    run(store, iris, settings, n_trials=18, policy="promotion", n_slots=2)
    assert marks(store) == [*(f"portfolio {n}" for n in range(16)), None, None]


def test_trials_that_are_killed_are_no_further_ones(store: Store, iris: LoadedData) -> None:
    settings = small(iris)
    search = make_search(store, iris, settings, n_trials=18, policy="promotion", n_slots=2)
    for progress in search:
        if progress.n_tried >= 3:
            search.stop()
    records = run(store, iris, settings, n_trials=18, policy="promotion", n_slots=2)
    assert_first_and_once(store, records, ENTRIES)


@pytest.mark.parametrize("is_entry", [True, False])
def test_all_are_tried_in_a_search_that_was_stopped_though_a_person_has_enqueued_one(
    store: Store, iris: LoadedData, is_entry: bool
) -> None:
    """Of an entry, the one that is to be tried beside it is moved."""
    settings = small(iris)
    own = dict(ENTRIES[1]) if is_entry else {"learning_rate": 0.0123}
    open_study(store, settings).enqueue_trial(own)
    how = {"policy": "promotion", "n_trials": 20, "n_slots": 2}
    search = make_search(store, iris, settings, **how)
    for progress in search:
        if progress.n_tried >= 4:
            search.stop()
    assert len(store.read_study("iris").trials) < 12
    run(store, iris, settings, **how)
    assert set(marks(store)) == {*(f"portfolio {n}" for n in range(16)), None}


def test_others_cannot_make_trials_while_it_is_decided_what_is_tried_first(
    store: Store, iris: LoadedData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that begin together would propose the same. No policy is asked meanwhile."""
    search = make_search(store, iris, small(iris), n_trials=18, policy="promotion", n_slots=2)
    decide, is_locked = search.state.decider.decide, []

    def watched(*arguments: Any, **named: Any) -> Any:
        decisions = decide(*arguments, **named)
        if any(isinstance(one, Start) for one in decisions):
            is_locked.append(store._database.in_transaction)
        return decisions

    monkeypatch.setattr(search.state.decider, "decide", watched)
    list(search)
    n_first = is_locked.index(False)
    assert n_first >= 8 and not any(is_locked[n_first:])
    assert marks(store) == [*(f"portfolio {n}" for n in range(16)), None, None]
