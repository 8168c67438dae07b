"""Spaces of an objective, as they are written in Python."""

from __future__ import annotations

import math
from typing import Any

import pytest
from optuna.distributions import FloatDistribution
from scipy.stats import uniform

from search_spaces import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    SearchSpace,
    SearchSpaceError,
)
from search_spaces.mappings import objective_space


def test_each_value_says_how_its_parameter_varies() -> None:
    space = objective_space(
        {
            "learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},
            "n_layers": {"low": 1, "high": 4, "reason": "deeper is slower"},
            "activation": ["relu", "tanh"],
            "momentum": {"low": 0.1, "high": 0.9, "when": {"activation": ["relu"]}},
            "batch_size": 64,
            "width": {"choices": [8, 16]},
            "share": {"type": "float", "low": 0, "high": 1},
            "own": IntParameter("own", 2, 3),
        }
    )
    kinds = {name: type(one) for name, one in space.parameters.items()}
    assert kinds == {
        "learning_rate": FloatParameter,
        "n_layers": IntParameter,
        "activation": CategoricalParameter,
        "momentum": FloatParameter,
        "batch_size": FixedParameter,
        "width": CategoricalParameter,
        "share": FloatParameter,
        "own": IntParameter,
    }
    assert space.family == "objective"
    assert SearchSpace.from_dict(space.to_dict()) == space


def test_names_are_the_persons_own_but_roles_are_known() -> None:
    """Values that a network could not have are possible: nobody reads them but the objective."""
    space = objective_space({"learning_rate": {"low": -3.0, "high": 0.0}, "optimizer": ["lion"]})
    assert space.hyperparameters["learning_rate"].role == "step size"
    narrowed = space.for_task("objective").narrow(["learning_rate=-5..1"])
    assert narrowed.parameters["learning_rate"] == FloatParameter("learning_rate", -5.0, 1.0)


def test_what_is_useful_is_a_part_of_a_range_and_of_what_is_known_of_it() -> None:
    space = objective_space({"x": {"low": 1, "high": 4, "useful": [1, 64]}, "y": [1]})
    assert SearchSpace.from_dict(space.to_dict()) == space
    assert space.hyperparameters["x"].useful == (1, 64)
    narrowed = space.for_task("objective").narrow(["x=2..3"])
    assert narrowed.hyperparameters["x"].useful == (1, 64)
    beyond = space.for_task("objective").narrow(["x=2..100"])
    assert beyond.hyperparameters["x"].useful == (-math.inf, math.inf), "the person knows better"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs a parameter"),
        ({"a b": 1}, "must be a word of at most"),
        ({"x": {"low": 1}}, "needs `high`"),
        ({"x": None}, "must be a range, a list of choices or one value, but got a NoneType"),
        (
            {"x": (1e-4, 0.1)},
            r'write {"low": 0.0001, "high": 0.1} for a range, or \[0.0001, 0.1\]',
        ),
        ({"x": (0, 1, 2)}, r'{"low": 0, "high": 2} for a range, or \[0, 1, 2\] for choices'),
        ({"x": range(1, 5)}, r"got range\(1, 5\): .* or \[1, 2, 3, 4\] for choices"),
        ({"x": uniform(0, 1)}, r'a rv_continuous_frozen: write {"low": 0.1, "high": 1.0}'),
        ({"x": FloatDistribution(0, 1)}, r'a FloatDistribution: write {"low": 0.1'),
        ({"x": {"low": 0, "high": 1}}, r'{"low": 0.0, "high": 1.0} for all numbers between, or'),
        (
            {"x": {"low": 0.1, "high": 1.0, "useful": [0.2, 2]}},
            "`useful` of x must hold its range",
        ),
        ({"x": {"low": 0.1, "high": 1.0, "useful": 2}}, "must be two numbers"),
        ({"x": {"low": 0.1, "high": 1.0, "log": True, "useful": [0, 2]}}, "begin above 0"),
        ({"x": {"low": 3, "high": 1}}, "`low < high` must hold"),
        ({"x": []}, "one or more different values"),
        ({"x": IntParameter("y", 1, 2)}, "y stands under 'x'"),
        ({"x": {"low": 0.1, "high": 1.0, "when": {"z": [1]}}}, "depends on 'z'"),
    ],
)
def test_what_cannot_be_is_told(given: dict[str, Any], words: str) -> None:
    with pytest.raises(SearchSpaceError, match=words):
        objective_space(given)
