"""The most promising draw is taken, and what it costs counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from automl.tuning.tpe.dimensions import Dimensions
from automl.tuning.tpe.past import Past
from automl.tuning.tpe.proposals import CHOICES, Model
from search_spaces import CategoricalParameter, FloatParameter, SearchSpace

SPACE = SearchSpace.of(
    "two",
    [
        FloatParameter("weight_decay", 0.0, 1.0),
        CategoricalParameter("shape", ("constant", "funnel")),
    ],
)
DIMENSIONS = Dimensions(SPACE)


def past(n_trials: int, n_known: int | None = None) -> Past:
    """The best have a weight_decay about 0.3 and are funnels."""
    draw = np.random.default_rng(0)
    rates = draw.random(n_trials)
    shapes = draw.integers(2, size=n_trials).astype(float)
    order = np.argsort(np.abs(rates - 0.3) + 0.5 * (shapes == 0))
    coordinates = np.stack([rates, shapes], axis=1)[order]
    return Past(coordinates, n_trials if n_known is None else n_known)


def proposed(model: Model, n_trials: int = 40) -> list[dict[str, Any]]:
    return model.propose(range(n_trials))


def test_proposals_are_near_the_good_trials() -> None:
    found = proposed(Model(DIMENSIONS, past(100)))
    assert np.mean([abs(params["weight_decay"] - 0.3) for params in found]) < 0.1
    assert np.mean([params["shape"] == "funnel" for params in found]) > 0.9


def test_the_first_trials_are_drawn_anywhere() -> None:
    """So long as too little is known: of trials that only have begun, nothing is."""
    for model in (Model(DIMENSIONS, past(0)), Model(DIMENSIONS, past(30, CHOICES.n_startup - 1))):
        rates = sorted(params["weight_decay"] for params in proposed(model, 200))
        assert max(abs(rate - (n + 0.5) / 200) for n, rate in enumerate(rates)) < 0.12


def test_of_the_most_promising_the_cheaper_is_taken() -> None:
    asked = []

    def cost(params: Mapping[str, Any]) -> float:
        asked.append(params)
        return math.exp(20 * params["weight_decay"])

    free = proposed(Model(DIMENSIONS, past(100)))
    paid = proposed(Model(DIMENSIONS, past(100), cost))
    assert len(asked) == CHOICES.n_costed * len(paid)
    mean_free, mean_paid = (np.mean([p["weight_decay"] for p in each]) for each in (free, paid))
    assert 0.02 < mean_free - mean_paid < 0.25


def test_an_earlier_study_speaks_at_first_and_less_and_less() -> None:
    """This study's best are elsewhere: about 0.8."""
    draw = np.random.default_rng(1)
    own = np.stack([draw.random(400), draw.integers(2, size=400)], axis=1)
    own = own[np.argsort(np.abs(own[:, 0] - 0.8))]

    def mean_rate(n_own: int) -> float:
        learned = Model(DIMENSIONS, Past(own[:: 400 // n_own][:n_own], n_own), earlier=[past(60)])
        return float(np.mean([params["weight_decay"] for params in proposed(learned)]))

    nothing = Model(DIMENSIONS, past(0), earlier=[past(60)])
    found = proposed(nothing)
    assert np.mean([abs(params["weight_decay"] - 0.3) for params in found]) < 0.15
    assert mean_rate(10) < 0.6 < mean_rate(200)
    assert abs(mean_rate(400) - 0.8) < 0.1


def test_failed_trials_of_an_earlier_study_are_never_good() -> None:
    known = past(60)
    only_failed = Model(DIMENSIONS, past(0), earlier=[Past(known.coordinates, 0)])
    rates = sorted(params["weight_decay"] for params in proposed(only_failed, 200))
    assert max(abs(rate - (n + 0.5) / 200) for n, rate in enumerate(rates)) < 0.12
