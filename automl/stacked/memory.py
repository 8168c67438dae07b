"""How much memory runs will use, known before any of them trains.

Counted is what `StackedTrainer` allocates in stacks: the scaled rows, five numbers per padded
parameter (six with averages), running statistics, the buffers of the passes, the order of an
epoch. Where the compiled kernels work it is less: each run has four numbers per parameter, or
five, and the gradients, buffers and so on are held once, as large as the largest run wants them.
Temporary tensors of torch are covered by a share on top. Interpreter and libraries are not
counted.

The estimate of a stack never falls as a run, a layer, a unit or a row of its batches is added,
and is at most what its runs, made as large as the largest, take in stacks of their own. So
`most_bytes` counts the largest alone, as often as trials train at once: whatever stacks they
come to share take no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch

from automl.data.dataset import Dataset
from automl.stacked.blocks import StackLayout, sort_key
from automl.stacked.evaluation import ELEMENTS_AT_ONCE, FEWEST_ROWS, MOST_ROWS
from automl.stacked.planning import plan_stacks, stack_key
from automl.stacked.rows import AS_IT_IS, goal_of
from automl.training.batches import PROBE_ROWS, n_measured_valid
from automl.training.config import RunConfig

NUMBERS_PER_PARAMETER: Final = 5
"""Value, gradient, two moments, best weights."""

BUFFERS_PER_ACTIVATION: Final = 5
"""Outputs, slopes, signals, normalized values, and one shared with other layers."""

EVALUATION_BUFFERS: Final = 5
"""Outputs of two layers in turn, the linear map's, two of normalization."""

PERIODIC_BUFFERS: Final = 4
"""Angles of this step and of the one before, their cosines, the gradients of these."""

PIECEWISE_BUFFERS: Final = 4
"""Shares of bins in this step and in the one before, and two on the way to them."""

SPREAD_BUFFERS: Final = 4
"""The rows of each member, their gradient, and the products of two steps."""

TEMPORARY_SHARE: Final = 0.25
"""On top, for what lives for one call only; checked in tests/automl/stacked/test_memory."""


BYTES_PER_NUMBER: Final = 4
"""Searches train in float32."""


def memory_bytes(runs: Sequence[RunConfig], dataset: Dataset) -> int:
    """Estimate what a `StackedTrainer` with these runs holds at once, beside the data set."""
    stacks = plan_stacks(runs, dataset)
    needed = table_bytes(runs, dataset)
    needed += sum(stack_bytes(stack, dataset) for stack in stacks)
    return int(needed * (1 + TEMPORARY_SHARE))


def most_bytes(
    runs: Sequence[RunConfig], dataset: Dataset, *, n_trials: int, n_trainers: int
) -> int:
    """What trials take at most, however they are stacked, if none is larger than these runs.

    Args:
        runs: of trials that have the most of everything, on each fold and in each scaling; of
            those of a fold the one that takes the most counts.
        n_trials: how many train at once, over all trainers.
        n_trainers: each holds tables of its own.
    """
    of_fold: dict[int, int] = {}
    for run in runs:
        of_fold[run.fold] = max(of_fold.get(run.fold, 0), stack_bytes([run], dataset))
    alone = sum(of_fold.values())
    needed = n_trials * alone + n_trainers * table_bytes(runs, dataset)
    return int(needed * (1 + TEMPORARY_SHARE)) + 1


def table_bytes(runs: Sequence[RunConfig], dataset: Dataset) -> int:
    """Bytes of the scaled rows that these runs gather from."""
    total = 0
    goals = len({goal_of(run, dataset.task) for run in runs} - {AS_IT_IS}) * BYTES_PER_NUMBER
    for fold, _ in {(run.fold, run.model.scaling) for run in runs}:
        held = dataset.folds[fold]
        per_row = (
            held.encoding.n_features * BYTES_PER_NUMBER + 8 * len(held.encoding.cardinalities) + 8
        )
        total += (len(held.train) + n_measured_valid(held.valid.targets)) * per_row
        total += len(held.train) * goals
    return total


def stack_bytes(runs: Sequence[RunConfig], dataset: Dataset) -> int:
    """Bytes of one stack: parameters, passes, an epoch's order."""
    key, fold = stack_key(runs[0], dataset), dataset.folds[runs[0].fold]
    models = sorted((run.model for run in runs), key=sort_key)
    encoding = fold.encoding
    layout = StackLayout.of(
        models,
        encoding.n_features,
        encoding.cardinalities,
        dataset.n_outputs,
        encoding.n_numbers,
    )
    parameters = sum(torch.Size(shape).numel() for shape in layout.shapes)
    statistics = sum(torch.Size(shape).numel() for shape in layout.statistics_shapes)
    units = sum(
        layout.n_runs(layer) * width * layout.pieces for layer, width in enumerate(layout.widths)
    )
    n_members = layout.inputs.n_members
    # Looked up; codes and rows are 8 bytes each.
    embedded = layout.n_inputs - layout.inputs.n_encoded
    inputs = layout.n_inputs + embedded + 4 * len(layout.cardinalities)
    inputs += 2 * n_members * layout.n_outputs + _encoded_numbers(layout)
    signals = layout.n_inputs if layout.inputs.is_learned else 0
    signals += _spread_numbers(layout)
    trained_rows = 2 * key.batch_size + min(PROBE_ROWS, key.n_train_rows)  # the last batch too
    n_averages = any(run.training.weight_averaging is not None for run in runs)
    numbers = (NUMBERS_PER_PARAMETER + n_averages) * parameters
    numbers += (2 + n_averages) * statistics  # the present and the best
    of_layers = BUFFERS_PER_ACTIVATION * n_members * units
    numbers += trained_rows * (of_layers + len(runs) * (inputs + signals))
    widest = max([*layout.widths, 0])
    n_passing, n_in = len(runs) * n_members, max(1, layout.n_inputs)
    evaluated = _evaluated_elements(n_passing, n_in) // n_in  # rows of all members
    numbers += 2 * evaluated * inputs  # of train rows, of validation rows
    numbers += 2 * EVALUATION_BUFFERS * layout.pieces * _evaluated_elements(n_passing, widest)
    orders = len(runs) * (4 + 8) * key.n_train_rows
    return numbers * BYTES_PER_NUMBER + orders


def _spread_numbers(layout: StackLayout) -> int:
    """Numbers per row and run that several members hold of the inputs.

    Each has its rows and their gradient, and the products of a step and of the one before.
    """
    n_members = layout.inputs.n_members
    return SPREAD_BUFFERS * n_members * layout.n_inputs if n_members > 1 else 0


def _encoded_numbers(layout: StackLayout) -> int:
    """Numbers per row and run that a numeric encoding holds at once, made anew at each step."""
    gains = 2 * layout.n_inputs * layout.inputs.has_gain  # the inputs before, a product
    if not layout.inputs.is_encoded:
        return gains
    config = layout.configs[0]
    if config.numeric_encoding == "periodic":
        n_parts = PERIODIC_BUFFERS * config.n_frequencies
    else:
        n_parts = PIECEWISE_BUFFERS * config.n_bins
    own = layout.n_numbers * (n_parts + 3 * config.encoding_size)
    return gains + layout.n_features + own


def _evaluated_elements(n_runs: int, width: int) -> int:
    """At most so many numbers of one layer are in a pass that measures: see `rows_at_once`."""
    fewest, most = n_runs * width * FEWEST_ROWS, n_runs * width * MOST_ROWS
    return min(most, max(fewest, ELEMENTS_AT_ONCE))
