from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import optuna
import pytest
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import Trial, TrialState

from automl.errors import ConfigError
from automl.tuning.samplers import SAMPLERS, PerTrialSampler, make_sampler
from search_spaces import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
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

INTEGERS = SearchSpace.of(
    "integers",
    [
        IntParameter("hidden_size", 16, 256, log=True),
        IntParameter("n_layers", 1, 5),
        CategoricalParameter("optimizer", ("adam", "momentum")),
        IntParameter("batch_size", 1, 100, when=(Condition.of({"optimizer": ["momentum"]}),)),
    ],
)
"""A wide and a narrow range, and a wide one that half of the trials have."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    optuna.logging.disable_default_handler()
    yield
    optuna.logging.enable_default_handler()


def value_of(params: dict[str, Any]) -> float:
    return abs(params["learning_rate"] - 0.01) + 0.1 * (params["batch_size"] == 256)


def ask(study: optuna.Study, space: SearchSpace = SPACE) -> tuple[Trial, dict[str, Any]]:
    trial = study.ask()
    return trial, space.suggest(trial)


def search(study: optuna.Study, until: int, name: str = "tpe", seed: int = 3) -> list[Any]:
    """Ask and tell until the study has so many trials; the params of the new ones."""
    study.sampler = PerTrialSampler(name, SPACE, seed)
    new = []
    while len(study.get_trials(deepcopy=False)) < until:
        trial, params = ask(study)
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
    studies[0].sampler = make_sampler(name, SPACE, 3, N_BEFORE)
    assert SPACE.suggest(studies[0].ask()) == ask(studies[1])[1]


def test_the_number_of_an_enqueued_trial_does_not_shift_the_others() -> None:
    plain, enqueued = optuna.create_study(), optuna.create_study()
    search(plain, 4, "random")
    search(enqueued, 2, "random")
    enqueued.enqueue_trial({"learning_rate": 0.05})
    study_params = [search(study, 5, "random")[-1] for study in (plain, enqueued)]
    assert study_params[0] == study_params[1]


def test_integers_of_many_values_reach_the_ends_of_their_range_and_stay_inside() -> None:
    seen: dict[str, set[int]] = {"hidden_size": set(), "n_layers": set(), "batch_size": set()}
    for sign, seed in itertools.product((1, -1), range(3)):
        study = optuna.create_study(sampler=PerTrialSampler("tpe", INTEGERS, seed))
        for _ in range(80):
            trial, params = ask(study, INTEGERS)
            size, rows = math.log2(params["hidden_size"]) / 8, params.get("batch_size", 50) / 100
            study.tell(trial, sign * (size + rows))
            for name in seen.keys() & params.keys():
                assert params[name] in INTEGERS.parameters[name]
                seen[name].add(params[name])
    assert {16, 256} <= seen["hidden_size"]
    assert {1, 100} <= seen["batch_size"]
    assert seen["n_layers"] == {1, 2, 3, 4, 5}


def test_integers_of_many_values_are_found_as_well_as_by_optunas_own_tpe() -> None:
    """Where the best width lies in the middle, the mean distance to it is about the same."""

    def mean_distance(make: Callable[[int], BaseSampler]) -> float:
        distances = []
        for seed in range(6):
            study = optuna.create_study(sampler=make(seed))
            for _ in range(50):
                trial, params = ask(study, INTEGERS)
                far = abs(math.log2(params["hidden_size"]) - 5.3) + abs(params["n_layers"] - 3)
                study.tell(trial, far)
                distances.append(far)
        return sum(distances) / len(distances)

    ours = mean_distance(lambda seed: PerTrialSampler("tpe", INTEGERS, seed))
    theirs = mean_distance(lambda seed: TPESampler(seed=seed, multivariate=True))
    at_random = mean_distance(lambda seed: RandomSampler(seed))
    assert ours < theirs + 0.15 * (at_random - theirs)


def test_tpe_learns_from_trials_in_training() -> None:
    """The longest running are the best: proposals follow them, and avoid what has just begun."""
    space = SearchSpace.of("one", [FloatParameter("dropout", 0.0, 0.99)])
    study = optuna.create_study()
    study.sampler = PerTrialSampler("random", space, 0)
    for _ in range(20):
        trial, _ = ask(study, space)
        trial.report(1.0, 1)
        study.tell(trial, state=TrialState.PRUNED)
    for is_reported in (True, False):
        for _ in range(3):
            study.enqueue_trial({"dropout": 0.9 if is_reported else 0.1})
            trial, _ = ask(study, space)
            if is_reported:
                trial.report(0.1, 9)
    study.sampler = PerTrialSampler("tpe", space, 0)
    rates = [ask(study, space)[1]["dropout"] for _ in range(3)]
    assert min(rates) > 0.6, rates
    assert all(trial.state == TrialState.RUNNING for trial in study.trials[20:])


def test_no_warning_of_optuna_reaches_people(caplog: pytest.LogCaptureFixture) -> None:
    optuna.logging.enable_propagation()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search(optuna.create_study(), N_BEFORE + 10)
    optuna.logging.disable_propagation()
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


def test_tpe_finds_the_good_region_of_the_built_in_space() -> None:
    """Much better than random search on a smooth function of five of its parameters."""
    space = load("mlp").for_task("binary")

    def distance(params: Mapping[str, Any]) -> float:
        rate = math.log10(params["learning_rate"]) + 2.5
        width = math.log2(params["hidden_size"]) - 7
        far = 0.3 * rate**2 + 0.05 * width**2 + (params["dropout"] - 0.2) ** 2
        return far + 0.1 * (params["optimizer"] != "adam") + 0.1 * (params["scaling"] != "robust")

    def mean_late(name: str) -> float:
        """Mean of the later half of the trials: the best alone is a matter of luck."""
        late = []
        for seed in range(4):
            study = optuna.create_study(sampler=PerTrialSampler(name, space, seed))
            for number in range(60):
                trial, params = ask(study, space)
                study.tell(trial, distance(params))
                if number >= 30:
                    late.append(distance(params))
        return sum(late) / len(late)

    assert mean_late("tpe") < 0.6 * mean_late("random")


def test_running_trials_of_a_batch_are_kept_apart() -> None:
    """To TPE a trial that has just begun is a bad one, so that a batch does not crowd."""
    study = optuna.create_study()
    search(study, 20)
    batch = [ask(study)[1] for _ in range(16)]
    assert len(study.get_trials(states=(TrialState.RUNNING,))) == 16
    assert len({params["learning_rate"] for params in batch}) == 16


def test_an_unknown_sampler_is_an_error_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="one of tpe, random, qmc, gp, but got 'cmaes'"):
        make_sampler("cmaes", SPACE, 0, 0)
    with pytest.raises(ConfigError, match="tpe"):
        PerTrialSampler("TPE!", SPACE, 0)


def test_a_misspelt_sampler_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigError, match="did you mean 'random'"):
        make_sampler("randon", SPACE, 0, 0)
