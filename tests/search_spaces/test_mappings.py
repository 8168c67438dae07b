"""Spaces of an objective, as they are written in Python."""

from __future__ import annotations

from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs a parameter"),
        ({"a b": 1}, "must be a word of at most"),
        ({"x": {"low": 1}}, "needs `high`"),
        ({"x": None}, "must be one value"),
        ({"x": {"low": 3, "high": 1}}, "`low < high` must hold"),
        ({"x": []}, "one or more different values"),
        ({"x": IntParameter("y", 1, 2)}, "y stands under 'x'"),
        ({"x": {"low": 0.1, "high": 1.0, "when": {"z": [1]}}}, "depends on 'z'"),
    ],
)
def test_what_cannot_be_is_told(given: dict[str, Any], words: str) -> None:
    with pytest.raises(SearchSpaceError, match=words):
        objective_space(given)
