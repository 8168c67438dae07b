"""What a step of a multilayer perceptron costs: rough estimates, in the right proportions.

They place runs on workers and divide stacks, and say which trials are cheap to try; nothing that
a run computes depends on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from automl.data.dataset import DataDescription
from automl.models.mlp.config import MLPConfig, input_size


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that a step's parts take by torch calls on one core of an AMD EPYC (AVX2).

    The compiled kernels compute no padding; but other numbers for them, and so fewer or more
    stacks, gained nothing that could be measured (see ARCHITECTURE.md).
    """

    step: float = 100e-6  # a step's fixed part: the loop itself, gather, loss, output layer
    layer: float = 25e-6  # likewise of a hidden layer: five calls
    operation: float = 1 / 50e9  # of a batched product
    activation: float = 3e-9  # all passes over one activation
    parameter: float = 0.6e-9  # all passes over one parameter


COST: Final = Cost()


def call_seconds(config: MLPConfig) -> float:
    """Seconds of a step that are its calls', however small the network is."""
    return COST.step + COST.layer * config.n_layers


def arithmetic_seconds(config: MLPConfig, data: DataDescription, batch_size: int) -> float:
    """Seconds of a step's products, activations and updates in the hidden layers."""
    seconds, n_in = 0.0, input_size(data.n_features, data.cardinalities)
    for size in config.hidden_sizes:
        width = size * config.pieces
        seconds += 6 * batch_size * n_in * width * COST.operation
        seconds += batch_size * width * COST.activation + n_in * width * COST.parameter
        n_in = size
    return seconds
