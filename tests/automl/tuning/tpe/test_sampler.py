"""TPE as Optuna asks for it: whole trials, from one past, at their costs."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from automl.tuning.tpe.sampler import TreeParzenSampler
from search_spaces import CategoricalParameter, SearchSpace, load

SPACE = load("mlp").for_task("binary")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    optuna.logging.disable_default_handler()
    yield
    optuna.logging.enable_default_handler()


def value_of(params: Mapping[str, Any]) -> float:
    rate = math.log10(params["learning_rate"]) + 2.5
    return rate**2 + 0.3 * (params["optimizer"] != "adam") + (params["dropout"] - 0.2) ** 2


def searched(n_trials: int, sampler: optuna.samplers.BaseSampler) -> optuna.Study:
    study = optuna.create_study(sampler=sampler, study_name="s")
    for _ in range(n_trials):
        trial = study.ask()
        study.tell(trial, value_of(SPACE.suggest(trial)))
    return study


def test_all_trials_inside_see_the_same_past() -> None:
    """Each is what it is if it alone is asked for: the others do not count."""
    studies = [searched(30, TreeParzenSampler(SPACE, 1)) for _ in range(2)]
    together = []
    with studies[0].sampler.same_past(studies[0]):  # type: ignore[attr-defined]
        for _ in range(4):
            trial = studies[0].ask()
            together.append(SPACE.suggest(trial))
            studies[0].tell(trial, 0.0)  # the best of all: nobody sees it
    with studies[1].sampler.same_past(studies[1]):  # type: ignore[attr-defined]
        sampler = studies[1].sampler
        assert sampler.propose(studies[1], range(30, 34)) == together  # type: ignore[attr-defined]
        assert sampler.propose(studies[1], [32]) == together[2:3]  # type: ignore[attr-defined]
    after = SPACE.suggest(studies[0].ask())
    assert [after] != studies[1].sampler.propose(studies[1], [34])  # type: ignore[attr-defined]


CODE = """
import optuna
from tests.automl.tuning.tpe.test_sampler import SPACE, searched
from automl.tuning.tpe.sampler import TreeParzenSampler
optuna.logging.disable_default_handler()
study = searched(25, TreeParzenSampler(SPACE, 5, lambda params: params["hidden_size"]))
print([trial.params for trial in study.trials[-8:]])
"""


def test_another_process_proposes_the_same() -> None:
    """Bit for bit: no order of a set or of memory comes into it."""
    texts = {
        subprocess.run(
            [sys.executable, "-c", CODE],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_a_seed_of_the_study_moves_everything() -> None:
    first, second = (searched(12, TreeParzenSampler(SPACE, seed)) for seed in (0, 1))
    rates = [t.params["learning_rate"] for t in first.trials + second.trials]
    assert len(set(rates)) == len(rates)


def test_cheap_trials_are_preferred_where_nothing_else_speaks() -> None:
    """From the first trial on; and no value is left out."""

    def mean_size(cost: Any, n_trials: int, first: int) -> float:
        sizes = []
        for seed in range(4):
            sampler = TreeParzenSampler(SPACE, seed, cost)
            study = optuna.create_study(sampler=sampler)
            for _ in range(n_trials):
                trial = study.ask()
                SPACE.suggest(trial)
                study.tell(trial, float(trial.number % 7))
            sizes += [math.log(t.params["hidden_size"]) for t in study.trials[first:]]
        return sum(sizes) / len(sizes)

    def cost(params: Mapping[str, Any]) -> float:
        return float(params["hidden_size"]) ** 2

    for n_trials, first in ((10, 0), (40, 10)):
        assert mean_size(cost, n_trials, first) < mean_size(None, n_trials, first) - 0.2


def test_the_unit_of_a_cost_does_not_matter() -> None:
    def proposed(unit: float) -> list[dict[str, Any]]:
        sampler = TreeParzenSampler(SPACE, 0, lambda params: unit * params["hidden_size"])
        return [trial.params for trial in searched(20, sampler).trials]

    assert proposed(1.0) == proposed(1024.0)


def test_what_a_person_has_chosen_is_completed() -> None:
    """What the proposal did not have, having chosen otherwise, is drawn at random."""
    drawn = []
    for _ in range(2):
        study = searched(20, TreeParzenSampler(SPACE, 3))
        for _ in range(4):
            study.enqueue_trial({"optimizer": "momentum", "schedule": "exponential"})
            drawn.append(SPACE.suggest(study.ask()))
    assert all({"momentum", "decay_fraction"} <= params.keys() for params in drawn)
    assert all(params["momentum"] in SPACE.parameters["momentum"] for params in drawn)
    assert drawn[:4] == drawn[4:]


def test_a_space_of_which_nothing_is_drawn_has_one_trial() -> None:
    space = SearchSpace.of("one", [CategoricalParameter("optimizer", ("adam",))])
    study = optuna.create_study(sampler=TreeParzenSampler(space, 0))
    for _ in range(12):
        trial = study.ask()
        assert space.suggest(trial) == {"optimizer": "adam"}
        study.tell(trial, 1.0)


def test_good_parameters_with_conditions_are_found() -> None:
    """The momentum of the best is followed, though only some trials have one."""
    study = optuna.create_study(sampler=TreeParzenSampler(SPACE, 0))
    for _ in range(120):
        trial = study.ask()
        momentum = SPACE.suggest(trial).get("momentum")
        assert isinstance(momentum, float | None)
        study.tell(trial, 1.0 if momentum is None else abs(momentum - 0.8))
    late = [t.params.get("momentum") for t in study.trials[60:]]
    assert sum(m is not None and abs(m - 0.8) < 0.05 for m in late) > 30


def test_running_trials_do_not_change() -> None:
    study = searched(15, TreeParzenSampler(SPACE, 0))
    trial = study.ask()
    trial.report(0.5, 1)
    SPACE.suggest(study.ask())
    assert study.trials[15].state == TrialState.RUNNING
