"""What is kept from decision to decision, and the first trials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from automl.tuning import gaussian_process as process
from automl.tuning.gaussian_process.models import N_START, Models
from automl.tuning.policies.policy import TrialView
from tests.contracts.policy_contract import MAX_EPOCHS, view_of

GRID = (1, 2, 3, 5, 8, MAX_EPOCHS)


def test_first_trials_are_spread_and_a_function_of_seed_and_place() -> None:
    models = Models(view_of(60), GRID)
    first = [models.first(0, place) for place in range(N_START)]
    assert first == [Models(view_of(60), GRID).first(0, place) for place in range(N_START)]
    assert first[0] != models.first(1, 0) and first[0] != models.first(0, N_START)
    rates = sorted(math.log10(params["learning_rate"]) for params in first)
    assert rates[0] < -3.5 and rates[-1] > -1.5 and np.diff(rates).max() < 1.0
    assert {params["optimizer"] for params in first} == {"adam", "momentum"}


def test_what_an_epoch_costs_is_asked_once_of_each_trial() -> None:
    view, asked = view_of(60), []

    def cost(params: Mapping[str, Any]) -> float:
        asked.append(params["learning_rate"])
        return float(params["learning_rate"])

    view.cost = cost
    models = Models(view, GRID)
    for number, rate in enumerate((0.01, 0.02)):
        params = {"learning_rate": rate, "optimizer": "adam"}
        view.trials[number] = TrialView(number, params, "paused", [0.5])
    models.curves.read(view.trials)
    for _ in range(2):
        found = models.log_costs(view, np.array([0, 1, 0]))
        assert np.allclose(np.exp(found), [0.01, 0.02, 0.01])
    assert sorted(asked) == [0.01, 0.02]


def test_pauses_are_those_of_the_grid() -> None:
    epochs = np.array([0, 1, 4, 8, MAX_EPOCHS])
    found = Models(view_of(60), GRID).next_pause(epochs)
    assert found.tolist() == [1, 2, 5, MAX_EPOCHS, MAX_EPOCHS]


def test_names_are_looked_for_once() -> None:
    assert process.Models is Models and vars(process)["Models"] is Models
