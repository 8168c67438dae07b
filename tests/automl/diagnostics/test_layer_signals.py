"""Layers in numbers: at the start, at the end, and between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from automl.diagnostics.layer_signals import flow_facts


def test_unmeasured_layers_give_no_facts() -> None:
    assert flow_facts((), ()) is None


def test_later_layers_stand_in_for_missing_initial_ones(layers_of: Any) -> None:
    facts = flow_facts((), [layers_of([1e-5, 1.0])])

    assert facts is not None
    assert facts.input_ratio == pytest.approx(1e-5)
    assert facts.moment == "after the first epochs"


def test_a_start_at_a_constant_prediction_tells_nothing_of_the_flow(layers_of: Any) -> None:
    hidden, output = layers_of([0.0, 1.0])
    facts = flow_facts([hidden, replace(output, weight_norm=0.0)], [layers_of([0.5, 1.0])])
    assert facts is not None
    assert facts.input_ratio == pytest.approx(0.5)
    assert facts.moment == "after the first epochs"


def test_what_was_measured_before_training_is_said_to_be(layers_of: Any) -> None:
    facts = flow_facts(layers_of([1.0, 1.0]), [layers_of([0.5, 0.5], weight_norm=3.0)])

    assert facts is not None
    assert facts.moment == "before the first step"
    assert facts.weight_growth == pytest.approx(3.0)
    assert facts.gradient_left == pytest.approx(0.5)
