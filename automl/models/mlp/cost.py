"""What a step of a multilayer perceptron costs, and a call of it: rough, in right proportions.

Steps' estimates place runs on workers and divide stacks, and say which trials are cheap to try;
those of calls say which are not worth building under `--max-latency`. Nothing that a run computes
depends on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from automl.data.dataset import DataDescription
from automl.models.mlp.config import MLPConfig, input_size, parts_per_number


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that a step's parts take by torch calls on one core of an AMD EPYC (AVX2).

    The compiled kernels compute no padding; but other numbers for them, and so fewer or more
    stacks, gained nothing that could be measured (see ARCHITECTURE.md).
    """

    step: float = 100e-6  # a step's fixed part: the loop itself, gather, loss, output layer
    layer: float = 25e-6  # likewise of a hidden layer: five calls
    head: float = 15e-6  # likewise of each member's output layer behind the first: three calls
    operation: float = 1 / 50e9  # of a batched product
    activation: float = 3e-9  # all passes over one activation
    parameter: float = 0.6e-9  # all passes over one parameter


COST: Final = Cost()


def call_seconds(config: MLPConfig) -> float:
    """Seconds of a step that are its calls', however small the network is."""
    return COST.step + COST.layer * config.n_layers + COST.head * (config.n_members - 1)


def arithmetic_seconds(config: MLPConfig, data: DataDescription, batch_size: int) -> float:
    """Seconds of a step's products, activations and updates in the hidden layers."""
    seconds, n_in = _encoding_seconds(config, data, batch_size), _n_inputs(config, data)
    batch_size *= config.n_members
    for size in config.hidden_sizes:
        width = size * config.pieces
        seconds += 6 * batch_size * n_in * width * COST.operation
        seconds += batch_size * width * COST.activation + n_in * width * COST.parameter
        n_in = size
    return seconds


def _encoding_seconds(config: MLPConfig, data: DataDescription, batch_size: int) -> float:
    """Seconds of a step's numeric encoding: products with all parts, and these themselves."""
    n_parts = data.n_numbers * parts_per_number(config)
    products = 4 * batch_size * n_parts * config.encoding_size * COST.operation
    updates = n_parts * config.encoding_size * COST.parameter
    return products + batch_size * n_parts * COST.activation + updates


def _n_inputs(config: MLPConfig, data: DataDescription) -> int:
    return input_size(config, data.n_features, data.cardinalities, data.n_numbers)


@dataclass(frozen=True, slots=True)
class Inference:
    """Seconds that the parts of a call in inference mode take on one core.

    Source:
        a nonnegative least-squares fit of relative errors to 250 networks, measured as
        `training/latency.py` does on an Intel Xeon (AVX-512): 1 to 8 layers, widths 8 to 2,048, 1
        to 256 rows. Estimate over measurement is 0.70 to 1.21 for nine in ten (0.52 to 1.41 for
        all). Other machines differ mostly by a factor, which the search measures.
    """

    call: float = 20e-6  # scaling and output layer
    layer: float = 12e-6  # a hidden layer's linear map and activation
    normalization: float = 16e-6  # that it has more where it is normalized
    embedding: float = 13e-6  # each
    members: float = 75e-6  # of several: their factors and heads, the mean of their values
    class_mean: float = 60e-6  # that the mean of probabilities takes beside; both to within a half
    weight: float = 0.21e-9  # that is read
    operation: float = 0.0135e-9  # of a product
    activation: float = 1.9e-9


INFERENCE: Final = Inference()


@dataclass(frozen=True, slots=True)
class EncodingInference:
    """Seconds that a numeric encoding adds to such a call.

    Source:
        8 and 40 columns, 1 and 256 rows, 8 to 64 bins or frequencies, measured on an Intel Xeon
        as above; the estimates are right to within a third.
    """

    call: float = 65e-6
    number: float = 30e-9  # that is encoded
    bin: float = 1e-9  # of such a number
    wave: float = 3.5e-9  # likewise


ENCODING_INFERENCE: Final = EncodingInference()


def inference_seconds(config: MLPConfig, data: DataDescription, n_rows: int) -> float:
    """Seconds of one call of a network in inference mode on so many rows."""
    has_normalization = config.normalization != "none"
    seconds = INFERENCE.call + INFERENCE.embedding * len(data.cardinalities)
    seconds += _encoding_call_seconds(config, data, n_rows)
    per_layer = INFERENCE.layer + INFERENCE.normalization * has_normalization
    n_in = _n_inputs(config, data)
    if config.n_members > 1:
        seconds += INFERENCE.members + INFERENCE.class_mean * (data.task != "regression")
        n_rows *= config.n_members
        seconds += n_rows * n_in * INFERENCE.activation  # spread
    for size in config.hidden_sizes:
        width = size * config.pieces
        n_weights = n_in * width
        seconds += per_layer + n_weights * (INFERENCE.weight + n_rows * INFERENCE.operation)
        seconds += n_rows * width * INFERENCE.activation
        n_in = size
    if config.n_members > 1:  # each row passes through each head once
        n_weights = n_in * data.n_outputs
        seconds += n_weights * config.n_members * INFERENCE.weight
        seconds += n_weights * n_rows * INFERENCE.operation
    return seconds


def _encoding_call_seconds(config: MLPConfig, data: DataDescription, n_rows: int) -> float:
    if not (n_parts := data.n_numbers * parts_per_number(config)):
        return 0.0
    cost = ENCODING_INFERENCE
    per_part = cost.wave if config.numeric_encoding == "periodic" else cost.bin
    return cost.call + n_rows * (data.n_numbers * cost.number + n_parts * per_part)
