"""Changes of a space as a mapping: what they are as texts, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from automl.errors import ConfigError
from automl.options.assignments import ASSIGNMENTS
from automl.options.search_options import SearchOptions
from search_spaces import CategoricalParameter, FixedParameter, FloatParameter, load


def test_a_mapping_is_what_the_command_line_has_as_texts() -> None:
    given = {
        "activation": "sigmoid",
        "n_layers": 8,
        "learning_rate": (1e-4, np.float64(1e-2)),
        "hidden_size": {"low": np.int64(4), "high": 48},
        "dropout": [0.0, 0.25],
        "batch_size": np.array([16, 64]),
        "weight_averaging": [None, 3],
        "weight_decay": "1e-6..1e-3",
    }
    assert SearchOptions(set=given).set == (
        "activation=sigmoid",
        "n_layers=8",
        "learning_rate=0.0001..0.01",
        "hidden_size=4..48",
        "dropout=0.0,0.25",
        "batch_size=16,64",
        "weight_averaging=none,3",
        "weight_decay=1e-6..1e-3",
    )
    assert ASSIGNMENTS.plain("set", None) == ASSIGNMENTS.plain("set", {}) == ()


def test_scalars_of_numpy_are_what_they_are_printed_as() -> None:
    given = {
        "a": np.True_,
        "b": np.float32(0.1),
        "c": (np.float16(0.1), np.float32(1e-3)),
        "d": [np.bool_(False), np.str_("relu"), np.int32(3)],
        "e": np.array([0.1, 0.2], dtype=np.float32),
        "f": np.float64(1 / 3),
    }
    assert ASSIGNMENTS.plain("set", given) == (
        *("a=true", "b=0.1", "c=0.1..0.001", "d=false,relu,3", "e=0.1,0.2"),
        f"f={1 / 3!r}",
    )


def test_a_space_reads_them_as_a_value_choices_and_a_range() -> None:
    given = {"n_layers": 8.0, "dropout": [0, 0.5], "learning_rate": (1e-4, 1e-2)}
    space = load("mlp").narrow(list(ASSIGNMENTS.plain("set", given))).parameters
    layers, dropout, rate = (space[name] for name in given)
    assert isinstance(layers, FixedParameter)
    assert layers.value == 8
    assert isinstance(dropout, CategoricalParameter)
    assert dropout.choices == (0.0, 0.5)
    assert isinstance(rate, FloatParameter)
    assert (rate.low, rate.high) == (1e-4, 1e-2)


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        (3, r"must be a mapping such as \{'activation': 'relu'\}, or a list .*, but got 3$"),
        ({"dropout": (0.1, 0.2, 0.3)}, r"for dropout write one value, \[4, 8\] for choices or"),
        ({"activation": ("relu", "tanh")}, r"but not \('relu', 'tanh'\)$"),
        ({"n_layers": {4, 8}}, "for n_layers write one value"),
        ({"n_layers": range(4)}, "for n_layers write one value"),
        ({"n_layers": []}, r"for n_layers write one value.*not \[\]$"),
        ({"n_layers": {"low": 4}}, "for n_layers write one value"),
        ({"n_layers": {"low": "a", "high": [1]}}, "for n_layers write one value"),
        ({"activation": ["relu", "tanh,gelu"]}, "'tanh,gelu' is no one value of activation"),
        ({"activation": [["relu"]]}, r"\['relu'\] is no one value of activation"),
        ({"dropout": math.nan}, "a value of dropout must be .*, but is nan; leave it out"),
        ({"dropout": (np.float32("nan"), 0.5)}, "but is nan; leave it out"),
        ({"dropout": [0.1, math.nan]}, "but is nan; leave it out"),
        ({"activation": ""}, "a value of activation must not be empty, but is ''; leave it out"),
        ({"activation": ["relu", " "]}, "but is ' '; leave it out"),
        ({3: 4}, "3 is no name of a hyperparameter"),
        ({"a=b": 4}, "'a=b' is no name of a hyperparameter"),
    ],
)
def test_what_could_be_either_is_refused(given: Any, fix: str) -> None:
    with pytest.raises(ConfigError, match=fix):
        SearchOptions(set=given)
