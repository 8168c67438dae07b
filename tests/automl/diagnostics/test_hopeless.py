"""The check before the first epoch."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from automl.diagnostics.hopeless import hopeless


def test_healthy_signals_are_not_hopeless(layers_of: Any) -> None:
    assert hopeless(layers_of([0.1, 0.3, 1.0])) is None


def test_no_layers_are_not_hopeless() -> None:
    assert hopeless(()) is None


@pytest.mark.parametrize(
    ("gradients", "options", "expected"),
    [
        ([math.nan, 1.0], {}, "exploding_gradients"),
        ([1e12, 1.0], {}, "exploding_gradients"),
        ([0.0, 0.0, 1.0], {"weight_norm": 0.0}, "symmetric_initialization"),
        ([0.0, 1.0], {"dead": 1.0}, "dead_units"),
        ([1e-12, 1e-6, 1.0], {}, "vanishing_gradients"),
    ],
)
def test_hopeless_networks_are_named(
    layers_of: Any, gradients: list[float], options: dict[str, float], expected: str
) -> None:
    assert hopeless(layers_of(gradients, **options)) == expected


def test_an_output_layer_that_begins_at_zero_lets_gradients_pass_after_the_first_step(
    layers_of: Any,
) -> None:
    *hidden, output = layers_of([0.0, 0.0, 1.0])
    assert hopeless([*hidden, replace(output, weight_norm=0.0)]) is None
    assert hopeless([*hidden, output]) == "vanishing_gradients"


def test_a_linear_model_is_not_hopeless(layers_of: Any) -> None:
    """Without hidden layers nothing can vanish on the way, even from zero weights."""
    assert hopeless(layers_of([1.0], weight_norm=0.0)) is None
