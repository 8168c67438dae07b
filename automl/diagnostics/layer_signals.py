"""The signals of a run's layers in numbers: what the verdicts on gradients rest on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from storage.records import LayerGradientRecord, StudyRecords


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """The layers of a run in numbers; NaN where nothing was measured."""

    n_layers: int  # hidden layers
    input_ratio: float  # gradient norm nearest the input / of the output layer, at the start
    largest_gradient: float  # at the start
    dead_at_start: float  # highest share of dead units in a hidden layer
    dead_at_end: float
    saturated_at_start: float
    saturated_at_end: float
    update_ratio: float  # median over layers and moments
    weight_growth: float  # largest weight norm of a layer at the end over that at the start
    gradient_left: float  # largest gradient norm of a layer at the end over that at the start
    is_symmetric: bool  # all hidden weights are zero at the start
    is_finite: bool  # at the start
    is_from_start: bool  # whether the start was measured; else the first epochs stand in for it

    @property
    def moment(self) -> str:
        """When the start was measured, in words."""
        return "before the first step" if self.is_from_start else "after the first epochs"


def flow_facts(
    initial: Sequence[LayerGradientRecord],
    later: Sequence[Sequence[LayerGradientRecord]],
) -> FlowFacts | None:
    """The facts of a run's layers, or None where none were measured.

    Args:
        initial: at initialization; may be empty, and then the first of `later` stands in, as it
            does where the output layer begins at zero, which lets no gradient pass yet.
        later: at epochs 2, 4, 8, ...
    """
    if begins_at_constant(initial):
        initial = ()
    moments = [layers for layers in later if layers]
    start = initial or (moments[0] if moments else ())
    if not start:
        return None
    end = moments[-1] if moments else start
    ratios = [layer.update_ratio for layers in moments for layer in layers]
    known = [ratio for ratio in ratios if math.isfinite(ratio)]
    return FlowFacts(
        n_layers=len(start) - 1,
        input_ratio=find_input_ratio(start),
        largest_gradient=find_largest_gradient(start),
        dead_at_start=_highest(start, "dead_fraction"),
        dead_at_end=_highest(end, "dead_fraction"),
        saturated_at_start=_highest(start, "saturated_fraction"),
        saturated_at_end=_highest(end, "saturated_fraction"),
        update_ratio=float(np.median(known)) if known else math.nan,
        weight_growth=_weight_growth(start, end),
        gradient_left=_gradient_left(start, end),
        is_symmetric=bool(initial) and have_no_weights(initial[:-1]),
        is_finite=are_finite(start),
        is_from_start=bool(initial),
    )


def trial_flow(records: StudyRecords, trial_number: int) -> FlowFacts | None:
    """The facts of a trial's first fold: folds share their configuration."""
    for run in records.search_runs(trial_number):
        initial = records.initial_layers.get(run.run_id, ())
        later = [epoch.layers for epoch in records.epochs.get(run.run_id, ())]
        facts = flow_facts(initial, later)
        if facts:
            return facts
    return None


def are_finite(layers: Sequence[LayerGradientRecord]) -> bool:
    """Whether all signals are numbers."""
    values = ((layer.gradient_norm, layer.activation_standard_deviation) for layer in layers)
    return all(math.isfinite(value) for pair in values for value in pair)


def find_largest_gradient(layers: Sequence[LayerGradientRecord]) -> float:
    """The largest gradient norm of a layer; NaN without layers."""
    return max((layer.gradient_norm for layer in layers), default=math.nan)


def _highest(layers: Sequence[LayerGradientRecord], name: str) -> float:
    """The highest share among the hidden layers."""
    return max((float(getattr(layer, name)) for layer in layers[:-1]), default=0.0)


def have_no_weights(hidden: Sequence[LayerGradientRecord]) -> bool:
    """Whether all weights of these layers are zero."""
    return bool(hidden) and all(layer.weight_norm == 0 for layer in hidden)


def begins_at_constant(layers: Sequence[LayerGradientRecord]) -> bool:
    """Whether the output layer has no weights, but hidden ones have: the first step gives it some.

    Until then no gradient passes it, which says nothing of how gradients will flow.
    """
    hidden = layers[:-1]
    return bool(hidden) and layers[-1].weight_norm == 0 and not have_no_weights(hidden)


def _weight_growth(
    start: Sequence[LayerGradientRecord], end: Sequence[LayerGradientRecord]
) -> float:
    pairs = zip(start, end, strict=True)
    return max((b.weight_norm / a.weight_norm for a, b in pairs if a.weight_norm > 0), default=1.0)


def _gradient_left(
    start: Sequence[LayerGradientRecord], end: Sequence[LayerGradientRecord]
) -> float:
    before = find_largest_gradient(start)
    return find_largest_gradient(end) / before if before > 0 else math.nan


def find_input_ratio(layers: Sequence[LayerGradientRecord]) -> float:
    """Gradient norm nearest the input over that of the output layer; 1 without hidden layers."""
    if len(layers) < 2 or layers[-1].gradient_norm == 0:
        return 1.0
    return layers[0].gradient_norm / layers[-1].gradient_norm
