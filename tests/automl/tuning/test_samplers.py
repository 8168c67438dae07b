from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import optuna
import pytest
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from automl.errors import ConfigError
from automl.tuning.samplers import SAMPLERS, PerTrialSampler, ask_with, make_sampler
from search_spaces import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    SearchSpace,
    load,
)

N_BEFORE = 14  # beyond the random start, so that the models are in use

SPACE = SearchSpace.of(
    "small",
    [
        FloatParameter("learning_rate", 1e-4, 1e-1, log=True),
        CategoricalParameter("batch_size", (16, 64, 256)),
        CategoricalParameter("optimizer", ("adam", "momentum")),
        FloatParameter("momentum", 0.5, 0.99, when=(Condition.of({"optimizer": ["momentum"]}),)),
        FixedParameter("dropout", 0.0),
    ],
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    optuna.logging.disable_default_handler()
    yield
    optuna.logging.enable_default_handler()


def value_of(params: dict[str, Any]) -> float:
    return abs(params["learning_rate"] - 0.01) + 0.1 * (params["batch_size"] == 256)


def search(study: optuna.Study, until: int, name: str = "tpe", seed: int = 3) -> list[Any]:
    """Ask and tell until the study has so many trials; the params of the new ones."""
    study.sampler = PerTrialSampler(name, seed)
    new = []
    while len(study.get_trials(deepcopy=False)) < until:
        trial, params = ask_with(study, SPACE, {})
        study.tell(trial, value_of(params))
        new.append(params)
    return new


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_study_that_is_continued_in_a_new_sampler_proposes_the_same(
    name: str, tmp_path: Any
) -> None:
    whole = search(optuna.create_study(), N_BEFORE + 3, name)
    url = f"sqlite:///{tmp_path}/study.db"
    begun = search(optuna.create_study(study_name="s", storage=url), N_BEFORE, name)
    continued = search(optuna.load_study(study_name="s", storage=url), N_BEFORE + 3, name)
    assert begun + continued == whole


@pytest.mark.parametrize("name", SAMPLERS)
def test_trials_and_seeds_differ(name: str) -> None:
    first, other = (search(optuna.create_study(), 3, name, seed) for seed in (0, 1))
    rates = [params["learning_rate"] for params in first + other]
    assert len(set(rates)) == len(rates)


@pytest.mark.parametrize("name", ["tpe", "random"])
def test_a_sampler_made_by_hand_for_the_next_trial_proposes_the_same(name: str) -> None:
    studies = optuna.create_study(), optuna.create_study()
    for study in studies:
        search(study, N_BEFORE, name)
    studies[0].sampler = make_sampler(name, 3, N_BEFORE)
    assert SPACE.suggest(studies[0].ask()) == ask_with(studies[1], SPACE, {})[1]


def test_the_number_of_an_enqueued_trial_does_not_shift_the_others() -> None:
    plain, enqueued = optuna.create_study(), optuna.create_study()
    search(plain, 4, "random")
    search(enqueued, 2, "random")
    enqueued.enqueue_trial({"learning_rate": 0.05})
    study_params = [search(study, 5, "random")[-1] for study in (plain, enqueued)]
    assert study_params[0] == study_params[1]


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("n_before", [0, N_BEFORE])
def test_a_stack_of_trials_shares_its_given_params(name: str, n_before: int) -> None:
    study = optuna.create_study()
    search(study, n_before, name)
    study.sampler = PerTrialSampler(name, 3)
    asked = [ask_with(study, SPACE, {"batch_size": 64}) for _ in range(4)]
    assert {params["batch_size"] for _, params in asked} == {64}
    assert {trial.params["batch_size"] for trial, _ in asked} == {64}
    assert len({params["learning_rate"] for _, params in asked}) > 2  # the Gaussian process rounds
    assert all(params["dropout"] == 0.0 for _, params in asked)


def test_the_study_keeps_its_sampler_after_a_trial_with_given_params() -> None:
    study = optuna.create_study(sampler=PerTrialSampler("random", 0))
    before = study.sampler
    ask_with(study, SPACE, {"batch_size": 16})
    assert study.sampler is before


def test_given_params_that_the_trial_does_not_have_are_ignored() -> None:
    study = optuna.create_study(sampler=PerTrialSampler("random", 0))
    _, params = ask_with(study, SPACE, {"optimizer": "adam", "momentum": 0.9})
    assert "momentum" not in params


def test_the_sampler_learns_from_trials_with_given_params() -> None:
    """Sampled jointly again as soon as nothing is given: the values are in Optuna."""
    study = optuna.create_study(sampler=PerTrialSampler("tpe", 0))
    for number in range(40):
        trial, params = ask_with(study, SPACE, {"batch_size": (16, 64, 256)[number % 3]})
        study.tell(trial, value_of(params))
    sizes = [params["batch_size"] for params in search(study, 60)]
    assert sizes.count(256) <= 4


@pytest.mark.parametrize("given", [{"batch_size": 17}, {"zzz": 1}, {"dropout": 0.5}])
def test_given_params_outside_of_the_space_are_an_error(given: dict[str, Any]) -> None:
    study = optuna.create_study(sampler=PerTrialSampler("random", 0))
    with pytest.raises(ConfigError, match="cannot be"):
        ask_with(study, SPACE, given)
    assert study.trials == []


def test_asking_with_another_sampler_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="needs a PerTrialSampler"):
        ask_with(optuna.create_study(sampler=RandomSampler(0)), SPACE, {})


def test_tpe_finds_the_good_region_of_the_built_in_space() -> None:
    """Much better than random search on a smooth function of five of its parameters."""
    space = load("mlp").for_task("binary")

    def distance(params: Mapping[str, Any]) -> float:
        rate = math.log10(params["learning_rate"]) + 2.5
        width = math.log2(params["hidden_size"]) - 7
        far = 0.3 * rate**2 + 0.05 * width**2 + (params["dropout"] - 0.2) ** 2
        return far + 0.1 * (params["optimizer"] != "adam") + 0.1 * (params["scaling"] != "robust")

    def mean_best(name: str) -> float:
        bests = []
        for seed in range(4):
            study = optuna.create_study(sampler=PerTrialSampler(name, seed))
            for _ in range(40):
                trial, params = ask_with(study, space, {})
                study.tell(trial, distance(params))
            bests.append(study.best_value)
        return sum(bests) / len(bests)

    assert mean_best("tpe") < 0.75 * mean_best("random")


def test_running_trials_of_a_batch_are_kept_apart() -> None:
    """TPE counts running trials as bad ones, so that a batch does not crowd in one place."""
    study = optuna.create_study()
    search(study, 20)
    batch = [ask_with(study, SPACE, {})[1] for _ in range(16)]
    assert len(study.get_trials(states=(TrialState.RUNNING,))) == 16
    assert len({params["learning_rate"] for params in batch}) == 16


def test_an_unknown_sampler_is_an_error_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="one of tpe, random, qmc, gp, but got 'cmaes'"):
        make_sampler("cmaes", 0, 0)
    with pytest.raises(ConfigError, match="tpe"):
        PerTrialSampler("TPE!", 0)
