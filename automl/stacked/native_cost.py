"""What an epoch of a run costs by the compiled kernels.

A rough estimate in the right proportions, by which runs are placed on workers and cheap trials
are preferred; nothing that a run computes depends on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from automl.data.dataset import Dataset
from automl.models.mlp.config import MLPConfig, input_parameters, input_size, parts_per_number
from automl.stacked.blocks import padded
from automl.training.batches import (
    MEASURED_VALID_ROWS,
    epochs_of,
    measured_rows,
    n_train_rows,
)
from automl.training.config import RunConfig
from automl.training.costs import RunCost
from automl.training.optimizers import MOMENTS


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that parts of an epoch take on one core of an Intel Xeon of 2023 (AVX-512).

    Fitted to the epochs of 152 runs drawn from the whole space and from its narrow networks, on
    digits and on 12,000 rows of 20 columns. Of 128 others half took 0.88 to 1.07 times what this
    says, nine of ten 0.77 to 1.43 times. By the cost of torch calls (`models/mlp/cost.py`) it was
    0.17 times for some with batches of 16 and 4 times for some with batches of 512.
    """

    layer: float = 0.57e-6  # a layer in a step, however small
    product: float = 12.4e-12  # a multiplication with its addition
    activation: float = 1.55e-9  # a pass over an activation, forward or backward
    parameter: float = 0.2e-9  # the update of one
    root: float = 0.4e-9  # likewise of its second moment, in optimizers that have one
    number: float = 3.1e-9  # of a row that is read, its place in the order included
    # Of a number that is encoded, each time that a row passes, forward or backward. Fitted to 40
    # runs of 8 and 20 columns, batches of 32 and 256, beside others on a busy machine: what an
    # epoch took there was 0.74 to 1.6 times what this says.
    binned: float = 20e-9  # piecewise_linear
    bin: float = 0.15e-9  # each of its bins
    wave: float = 1.2e-9  # periodic: each of its frequencies
    wave_product: float = 0.03e-9  # each of these times the encoding's size


COST: Final = Cost()


def native_cost(run: RunConfig, dataset: Dataset) -> RunCost:
    """What a run adds to a round: nothing is shared with others."""
    epochs, model, data = epochs_of(run, dataset), run.model, dataset.describe(run.fold)
    n_train = n_train_rows(run, dataset)
    n_valid = min(MEASURED_VALID_ROWS, len(dataset.folds[run.fold].valid))  # of rare classes more
    measured = measured_rows(n_train, n_valid)
    n_rows = epochs.bounds[-1][1]
    n_measured = n_valid + (n_train if measured is None else len(measured))
    n_inputs = input_size(model, data.n_features, data.cardinalities, data.n_numbers)
    widths = [padded(size) * model.pieces for size in model.hidden_sizes] + [dataset.n_outputs]
    k = model.n_members  # each row passes through the layers so many times
    products = [a * b for a, b in zip([n_inputs, *model.hidden_sizes], widths, strict=True)]
    n_units = sum(model.hidden_sizes) * model.pieces
    # Forward, the weights' gradient and, but for the first layer of one member, the inputs'.
    n_first = products[0] * (k == 1)
    n_products = k * (n_rows * (3 * sum(products) - n_first) + n_measured * sum(products))
    update = COST.parameter
    if "second_moment" in MOMENTS[run.training.optimizer]:
        update += COST.root
    n_updated = sum(products) + (k - 1) * products[-1]  # each member has a head, and factors
    n_updated += k * n_inputs * (k > 1)
    n_learned = sum(math.prod(shape) for shape in input_parameters(model, data.n_numbers).values())
    seconds = (
        epochs.n_steps * (len(widths) * COST.layer + n_updated * update)
        + n_products * COST.product
        + (2 * n_rows + n_measured) * k * n_units * COST.activation
        + (n_rows + n_measured) * n_inputs * COST.number
        + (2 * n_rows + n_measured) * data.n_numbers * _seconds_per_number(model)
        + epochs.n_steps * n_learned * 2 * update  # made zero, summed, updated
    )
    return RunCost(None, 0.0, seconds)


def _seconds_per_number(model: MLPConfig) -> float:
    """What an encoded number takes as its row passes once."""
    n_parts = parts_per_number(model)
    if model.numeric_encoding == "piecewise_linear":
        return COST.binned + n_parts * COST.bin
    return n_parts * (COST.wave + model.encoding_size * COST.wave_product)
