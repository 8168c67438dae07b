"""Networks that a study may not train are not proposed, and not trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import optuna
import pytest

from automl.data import LoadedData
from automl.errors import ConfigError
from automl.training.config import NetworkLimits
from automl.tuning.limits import Limits, Size, drawn_at_random
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.samplers import PerTrialSampler
from search_spaces import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
    SearchSpace,
)
from storage import Store
from storage.records import BY_MACHINE, ParameterValue, StudyRecords
from tests.automl.tuning.searches import make_search, run, settings_for

SPACE = SearchSpace.of(
    "sizes",
    [
        IntParameter("n_layers", 1, 5),
        IntParameter("hidden_size", 16, 256, log=True),
        CategoricalParameter("optimizer", ("sgd", "momentum")),
        FloatParameter("momentum", 0.5, 0.99, when=(Condition.of({"optimizer": ["momentum"]}),)),
        FixedParameter("dropout", 0.0),
    ],
)


def size(params: Mapping[str, ParameterValue]) -> Size:
    layers, width = params["n_layers"], params["hidden_size"]
    assert isinstance(layers, int)
    assert isinstance(width, int)
    return Size(layers * width**2, layers * 10e-6)


def limits(most: int | None = None, longest: float | None = None) -> Limits:
    return Limits(SPACE, NetworkLimits(most, longest), size)


def test_a_network_is_allowed_up_to_the_limits() -> None:
    params = {"n_layers": 2, "hidden_size": 20}
    assert limits(800).allows(params) and not limits(799).allows(params)
    assert limits(None, 20e-6).allows(params) and not limits(None, 19e-6).allows(params)
    assert not limits(800, 19e-6).allows(params)


def test_what_is_not_known_is_allowed() -> None:
    nothing = Limits(SPACE, NetworkLimits(1, 1e-9), lambda params: Size())
    assert nothing.allows({"n_layers": 5, "hidden_size": 256})


def test_the_smallest_network_is_at_the_ends_that_make_networks_small() -> None:
    smallest = limits(10).smallest
    assert (smallest["n_layers"], smallest["hidden_size"]) == (1, 16)
    assert smallest["dropout"] == 0.0


def test_the_first_draw_that_is_allowed_is_taken() -> None:
    widths = iter([200, 100, 30, 20])
    found = limits(1000).within(lambda number: {"n_layers": 1, "hidden_size": next(widths)})
    assert found["hidden_size"] == 30
    assert next(widths) == 20


def test_what_chance_does_not_meet_is_brought_within_by_few_changes() -> None:
    """Only the width is changed, and what costs nothing is kept."""
    params = {"n_layers": 3, "hidden_size": 200, "optimizer": "momentum", "momentum": 0.77}
    found = limits(900).brought_within(params)
    assert found == {**params, "hidden_size": 17, "dropout": 0.0}  # 3 x 17 x 17 = 867
    assert limits(256).brought_within(params)["n_layers"] == 1
    assert limits(1000).brought_within(found) == found


def test_limits_without_room_are_refused_with_the_smallest_networks_number() -> None:
    with pytest.raises(ConfigError, match=r"but got 255: the smallest has 256 \(n_layers=1, hid"):
        limits(255).check(lambda params: 0.0)
    with pytest.raises(ConfigError, match=r"but got 9 us: the quickest takes 12 us here \(n_lay"):
        limits(None, 9e-6).check(lambda params: 12e-6)
    limits(256, 10e-6).check(lambda params: 1.0)  # by its estimate it is quick enough
    limits(None, 9e-6).check(lambda params: 8e-6)  # the estimate was wrong


def test_draws_at_random_are_of_the_whole_space_and_follow_from_the_seed() -> None:
    draws = [drawn_at_random(SPACE, seed) for seed in range(60)]
    assert draws == [drawn_at_random(SPACE, seed) for seed in range(60)]
    assert {one["n_layers"] for one in draws} == {1, 2, 3, 4, 5}
    assert all(("momentum" in one) == (one["optimizer"] == "momentum") for one in draws)


@pytest.mark.parametrize(
    "sampler", ["tpe", "random", "qmc", pytest.param("gp", marks=pytest.mark.slow)]
)
def test_every_sampler_keeps_to_the_limits(sampler: str) -> None:
    """Of the space, 4 % are within: far more often, draws alone would meet none."""
    allowed = limits(700)
    study = optuna.create_study(sampler=PerTrialSampler(sampler, SPACE, 3, limits=allowed))
    for number in range(14):  # beyond the random start
        trial = study.ask()
        params = SPACE.suggest(trial)
        assert allowed.allows(params), params
        study.tell(trial, float(number % 5))
    assert len({trial.params["hidden_size"] for trial in study.trials}) > 4


def test_proposals_within_limits_follow_from_seed_and_number() -> None:
    def proposals() -> list[Mapping[str, ParameterValue] | None]:
        sampler = PerTrialSampler("tpe", SPACE, 5, limits=limits(700))
        study = optuna.create_study(sampler=sampler)
        return [*sampler.propose(study, range(8))]

    assert proposals() == proposals()


def test_limits_that_everything_fits_change_no_proposal() -> None:
    free = PerTrialSampler("tpe", SPACE, 5)
    limited = PerTrialSampler("tpe", SPACE, 5, limits=limits(10**9))
    study = optuna.create_study(sampler=free)
    assert free.propose(study, range(8)) == limited.propose(study, range(8))


def sizes(records: StudyRecords) -> list[int]:
    return [run.n_parameters or 0 for run in records.runs]


@pytest.mark.parametrize("policy", ["optuna", "promotion", "freeze_thaw"])
def test_a_search_trains_only_what_is_within(store: Store, iris: LoadedData, policy: str) -> None:
    settings = replace(settings_for(iris, max_epochs=4), max_parameters=300)
    records = run(store, iris, settings, n_trials=8, policy=policy, sampler="tpe")
    assert max(sizes(records)) <= 300
    assert len(set(sizes(records))) > 1
    assert {trial.outcome for trial in records.trials} <= {"complete", "pruned", "paused"}


def test_a_network_over_the_limit_that_a_person_enqueues_is_refused(
    store: Store, iris: LoadedData
) -> None:
    settings = replace(settings_for(iris, max_epochs=2), max_parameters=300)
    search = make_search(store, iris, settings, n_trials=3)
    search.state.study.enqueue_trial({"hidden_size": 256, "n_layers": 3})
    progress = list(search)[-1]
    first = store.read_study("iris").trials[0]
    assert (first.outcome, first.cause) == ("refused", "over_limit")
    assert "parameters are more than 300" in str(first.user_attributes["cause_message"])
    assert (progress.n_refused, progress.n_failed, progress.n_ended) == (1, 0, 3)
    assert not store.read_study("iris").epochs.get(store.read_study("iris").runs[0].run_id)


def test_latencies_are_estimated_by_what_this_machine_takes(iris: LoadedData) -> None:
    settings = replace(settings_for(iris), max_latency=1.0)
    problem = NetworkProblem(settings, iris.dataset)
    assert problem.limits is not None
    small, large = ({"n_layers": n, "hidden_size": 64} for n in (1, 5))
    estimates = [problem.limits.size_of(params).latency for params in (small, large)]
    assert estimates[0] is not None
    assert estimates[1] is not None
    assert 1e-6 < estimates[0] < estimates[1] < 0.1


def test_a_slow_network_is_refused_and_the_time_of_a_call_is_kept(
    store: Store, iris: LoadedData
) -> None:
    settings = replace(settings_for(iris, max_epochs=1), max_latency=10.0)
    records = run(store, iris, settings, n_trials=2)
    times = [trial.user_attributes["latency"] for trial in records.trials]
    assert all(isinstance(one, float) and 1e-6 < one < 1.0 for one in times)
    assert [trial.user_attributes[BY_MACHINE] for trial in records.trials] == ["limits", "params"]

    name = replace(settings, study_name="slow", max_latency=1e-9)  # no check: it would refuse it
    search = make_search(store, iris, name, n_trials=2)
    assert list(search)
    assert {trial.outcome for trial in store.read_study("slow").trials} == {"refused"}
    assert not any(store.read_study("slow").epochs.values())
