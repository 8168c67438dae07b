"""Whether a network can learn at all, by its layers on one batch before the first epoch.

Workers ask it, so it loads nothing that they do not need.
"""

from __future__ import annotations

from collections.abc import Sequence

from automl.diagnostics.layer_signals import (
    are_finite,
    begins_at_constant,
    find_input_ratio,
    find_largest_gradient,
    have_no_weights,
)
from automl.diagnostics.thresholds import (
    HOPELESS_EXPLOSION,
    HOPELESS_GRADIENT_NORM,
    HOPELESS_RATIO,
)
from storage.records import LayerGradientRecord


def hopeless(layers: Sequence[LayerGradientRecord]) -> str | None:
    """Judge a network before its first epoch, from one batch: the kind of failure, or None.

    It speaks up only where no usual training recovers: signals that are not numbers, that
    overflow, or gradients below what the optimizers can see.

    Args:
        layers: the records at initialization, input side first.

    Returns:
        "exploding_gradients", "symmetric_initialization", "dead_units",
        "vanishing_gradients", or None where the network may learn.
    """
    if not layers:
        return None
    hidden = layers[:-1]
    if not are_finite(layers) or find_largest_gradient(layers) > HOPELESS_EXPLOSION:
        return "exploding_gradients"
    if have_no_weights(hidden) and all(layer.gradient_norm == 0 for layer in hidden):
        return "symmetric_initialization"
    if any(layer.dead_fraction >= 1 for layer in hidden):
        return "dead_units"
    if hidden and not begins_at_constant(layers) and _vanishes_for_good(layers):
        return "vanishing_gradients"
    return None


def _vanishes_for_good(layers: Sequence[LayerGradientRecord]) -> bool:
    norm = layers[0].gradient_norm
    return norm < HOPELESS_GRADIENT_NORM or find_input_ratio(layers) < HOPELESS_RATIO
