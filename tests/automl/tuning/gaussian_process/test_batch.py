"""Decisions made together: what may be tried, what it costs, and whose turn it is not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from automl.tuning.gaussian_process.models import N_START
from automl.tuning.policies.freeze_thaw import FreezeThaw
from automl.tuning.policies.policy import Continue, Start, TrialView
from search_spaces import CategoricalParameter, FloatParameter, SearchSpace
from storage.records import ParameterValue
from tests.contracts import policy_contract
from tests.contracts.policy_contract import MAX_EPOCHS, Simulation, loss_of, view_of


def test_regions_that_fail_are_left() -> None:
    simulation = Simulation(FreezeThaw(MAX_EPOCHS), 80, lambda params: "momentum" in params)
    simulation.run(n_slots=2, until=140)
    trials = list(simulation.view.trials.values())
    early = np.mean([trial.state == "failed" for trial in trials[:N_START]])
    late = np.mean([trial.state == "failed" for trial in trials[2 * N_START :]])
    assert early == 0.5
    assert late < 0.5 * early


def test_of_few_configurations_each_is_tried_once() -> None:
    space = SearchSpace.of("few", [CategoricalParameter("optimizer", ("adam", "sgd", "nesterov"))])
    policy, view = FreezeThaw(MAX_EPOCHS), view_of(20)
    view.space = space
    for number, name in enumerate(("adam", "sgd")):
        view.trials[number] = TrialView(number, {"optimizer": name}, "training", [0.5 + number])
    for number in range(2, 14):
        view.trials[number] = TrialView(number, {"optimizer": "adam"}, "complete", [0.5])
    assert policy.next(view, 4) == [Start({"optimizer": "nesterov"})]


def test_costs_count() -> None:
    """Of trials that are as good the cheap ones go on."""
    n_dear = []
    for dear in (1.0, 1e4):
        view = view_of(0)
        view.cost = partial(cost_of, dear=dear)
        for number in range(16):
            name = "sgd" if number % 2 else "adam"
            params = {"learning_rate": 10 ** (-4 + 0.4 * (number // 2)), "optimizer": name}
            view.trials[number] = TrialView(number, params, "paused", [loss_of(params, 1)])
        view.space = SearchSpace.of("halves", [RATE, WORDS])
        decided = FreezeThaw(MAX_EPOCHS).next(view, 6)
        n_dear.append(sum(one.number % 2 for one in decided if isinstance(one, Continue)))
    assert n_dear[1] < n_dear[0]


RATE = FloatParameter("learning_rate", 1e-4, 1e-1, log=True)
WORDS = CategoricalParameter("optimizer", ("adam", "sgd"))


def cost_of(params: Mapping[str, ParameterValue], dear: float) -> float:
    return dear if params["optimizer"] == "sgd" else 1.0


def test_trials_that_others_train_are_not_gone_on_with() -> None:
    policy, view = FreezeThaw(MAX_EPOCHS), view_of(0)
    for number in range(14):
        params = policy_contract.drawn(number)
        state = "training" if number < 12 else "paused"
        view.trials[number] = TrialView(number, params, state, [loss_of(params, 1)])
    decided = policy.next(view, 5)
    assert {one.number for one in decided if isinstance(one, Continue)} == {12, 13}
    assert not any(isinstance(one, Start) for one in decided)
