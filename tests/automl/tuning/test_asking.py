"""Trials asked for at once: whole, in the file, the same as one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from automl.tuning.asking import ask_many, refuse_unfit
from automl.tuning.samplers import SAMPLERS, PerTrialSampler
from search_spaces import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    IntParameter,
    SearchSpace,
    load,
)
from storage.optuna_storage import OptunaStorage, open_optuna_storage

SPACE = load("mlp").for_task("regression")


def make_study(
    storage: OptunaStorage | None, name: str = "tpe", space: SearchSpace = SPACE
) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = PerTrialSampler(name, space, 3)
    study = optuna.create_study(study_name="s", storage=storage, sampler=sampler)
    for number in range(12):
        trial = study.ask()
        space.suggest(trial)
        study.tell(trial, float(number % 5))
    return study


@pytest.mark.parametrize("name", SAMPLERS)
def test_trials_asked_for_at_once_are_those_asked_for_one_by_one(
    name: str, tmp_path: Path
) -> None:
    storage = open_optuna_storage(f"sqlite:///{tmp_path}/a.db")
    at_once, singly = make_study(storage, name), make_study(None, name)
    with storage.database.transaction(at_once=True):
        asked = ask_many(at_once, SPACE, 4)
    assert [trial.number for trial, _ in asked] == [12, 13, 14, 15]
    with singly.sampler.same_past(singly):  # type: ignore[attr-defined]
        assert [params for _, params in asked] == [SPACE.suggest(singly.ask()) for _ in range(4)]
    for (trial, _), other in zip(asked, singly.trials[12:], strict=True):
        assert (trial.params, trial.distributions) == (other.params, other.distributions)
    storage.close()


def test_trials_asked_for_are_in_the_file_and_go_on_as_any(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    storage = open_optuna_storage(url)
    study = make_study(storage)
    with storage.database.transaction(at_once=True):
        asked = ask_many(study, SPACE, 3)
        assert all(SPACE.suggest(trial) == params for trial, params in asked)  # draws nothing
    theirs = optuna.storages.RDBStorage(url)
    read = theirs.get_all_trials(1)[12:]
    assert [trial.params for trial in read] == [trial.params for trial, _ in asked]
    assert [trial.distributions for trial in read] == [t.distributions for t, _ in asked]
    assert {trial.state for trial in read} == {TrialState.RUNNING}
    trial, _ = asked[1]
    trial.report(0.5, 1)
    study.tell(trial, 0.5)
    assert study.best_trial.number == 0
    storage.close()
    ended = optuna.storages.RDBStorage(url).get_all_trials(1)[13]
    assert (ended.state, ended.value, ended.intermediate_values) == (
        TrialState.COMPLETE,
        0.5,
        {1: 0.5},
    )


def test_a_full_study_gives_what_is_left(tmp_path: Path) -> None:
    storage = open_optuna_storage(f"sqlite:///{tmp_path}/a.db")
    study = make_study(storage)
    with storage.database.transaction(at_once=True), storage.trials.at_most(14):
        assert [trial.number for trial, _ in ask_many(study, SPACE, 5)] == [12, 13]
        assert ask_many(study, SPACE, 5) == []
    storage.close()


def test_what_a_person_has_enqueued_comes_first(tmp_path: Path) -> None:
    storage = open_optuna_storage(f"sqlite:///{tmp_path}/a.db")
    study = make_study(storage)
    study.enqueue_trial({"learning_rate": 0.0123})
    with storage.database.transaction(at_once=True):
        asked = ask_many(study, SPACE, 2)
    assert [trial.number for trial, _ in asked] == [12, 13]
    assert [params["learning_rate"] == 0.0123 for _, params in asked] == [True, False]
    storage.close()


FINITE = SearchSpace.of(
    "finite",
    [
        CategoricalParameter("optimizer", ("adam", "momentum", "sgd")),
        IntParameter("n_layers", 1, 5),
        IntParameter("batch_size", 1, 2, when=(Condition.of({"optimizer": ["momentum"]}),)),
        FixedParameter("dropout", 0.0),
    ],
)
N_COMBINATIONS = 20


def ask_up(study: optuna.Study, at_once: int, until: int = 40) -> list[dict[str, Any]]:
    """Ask for so many at once, and tell them, until there are none, or so many in all."""
    found: list[dict[str, Any]] = []
    while len(found) < until:
        asked = ask_many(study, FINITE, min(at_once, until - len(found)))
        for trial, params in asked:
            assert trial.params == {n: v for n, v in params.items() if n != "dropout"}
            study.tell(trial, abs(params["n_layers"] - 2) + len(params))  # type: ignore[arg-type, operator]
        found += [params for _, params in asked]
        if len(asked) < at_once:
            break
    return found


def finite_study(name: str, *, allows_duplicates: bool = False) -> optuna.Study:
    sampler = PerTrialSampler(name, FINITE, 3, allows_duplicates=allows_duplicates)
    return optuna.create_study(sampler=sampler)


@pytest.mark.parametrize(
    ("name", "at_once"), [("tpe", 1), ("tpe", 7), ("random", 1), ("qmc", 7), ("gp", 7)]
)
def test_nothing_is_proposed_twice_until_the_space_is_used_up(name: str, at_once: int) -> None:
    study = finite_study(name)
    found = ask_up(study, at_once)
    assert len(found) == N_COMBINATIONS == len({tuple(one.items()) for one in found})
    assert ask_many(study, FINITE, 3) == [] and len(study.trials) == N_COMBINATIONS


@pytest.mark.parametrize("name", ["tpe", "random", "qmc"])  # a Gaussian process takes seconds
def test_a_search_that_goes_on_proposes_what_one_in_one_go_does(name: str) -> None:
    one_go = ask_up(finite_study(name), 2)
    study = finite_study(name)
    in_parts = ask_up(study, 2, until=8)
    study.sampler = PerTrialSampler(name, FINITE, 3)  # of another process
    assert in_parts + ask_up(study, 2) == one_go


@pytest.mark.parametrize("name", ["tpe", "random"])
def test_the_same_twice_where_that_is_wanted(name: str) -> None:
    found = ask_up(finite_study(name, allows_duplicates=True), 5)
    assert len(found) == 40


def test_what_cannot_be_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    storage = open_optuna_storage(f"sqlite:///{tmp_path}/a.db")
    study = make_study(storage)
    for params in ({"optimizer": "nonesuch"}, {"learning_rate": "much"}, {"n_layers": 2}):
        study.enqueue_trial(params)
    refused = dict(refuse_unfit(study))
    assert refused.keys() == {12, 13} and "optimizer='nonesuch'" in refused[12]
    assert refuse_unfit(study) == []
    assert [trial.number for trial, _ in ask_many(study, SPACE, 2)] == [14, 15]
    assert [one.state for one in study.trials[12:14]] == [TrialState.FAIL] * 2
    storage.close()


def test_what_a_person_enqueues_is_tried_again_and_is_not_proposed() -> None:
    study = finite_study("tpe")
    wanted = {"optimizer": "adam", "n_layers": 3}
    for _ in range(3):
        study.enqueue_trial(wanted)
    found = ask_up(study, 4)
    assert [one["n_layers"] for one in found[:3]] == [3, 3, 3]
    assert len(found) == N_COMBINATIONS + 2
    assert len({tuple(one.items()) for one in found}) == N_COMBINATIONS


def test_a_block_that_fails_leaves_no_trial(tmp_path: Path) -> None:
    storage = open_optuna_storage(f"sqlite:///{tmp_path}/a.db")
    study = make_study(storage)
    with pytest.raises(ZeroDivisionError), storage.database.transaction(at_once=True):
        before = [params for _, params in ask_many(study, SPACE, 2)]
        raise ZeroDivisionError
    assert len(study.trials) == 12
    with storage.database.transaction(at_once=True):
        assert [params for _, params in ask_many(study, SPACE, 2)] == before
    storage.close()


def test_choices_that_are_equal_in_python_are_stored_as_they_are(tmp_path: Path) -> None:
    """True and 1 are one key of a cache, and two texts in JSON."""
    storage = open_optuna_storage(f"sqlite:///{tmp_path}/a.db")
    study = optuna.create_study(storage=storage)
    wanted: list[tuple[Any, ...]] = [(True, False), (1, 0), (1.0, 0.0)]
    for n, choices in enumerate(wanted):
        distribution = optuna.distributions.CategoricalDistribution(choices)
        study.add_trial(
            optuna.trial.create_trial(
                value=0.0, params={f"p{n}": choices[0]}, distributions={f"p{n}": distribution}
            )
        )
    found = [trial.distributions[f"p{n}"] for n, trial in enumerate(study.trials)]
    stored = optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/a.db").get_all_trials(1)
    for n, choices in enumerate(wanted):
        for distribution in (found[n], stored[n].distributions[f"p{n}"]):
            assert json.dumps(distribution.choices) == json.dumps(choices)  # type: ignore[attr-defined]
    storage.close()
