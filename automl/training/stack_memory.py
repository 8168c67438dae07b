"""How much memory runs will use, known before any of them trains.

Counted is what `StackedTrainer` allocates: the scaled rows, five numbers per padded parameter,
the buffers of the passes, the order of an epoch; where the compiled kernels work, the buffers
take less than is said here. Temporary tensors of torch are covered by a share on top.
Interpreter and libraries are not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch

from automl.data.dataset import Dataset
from automl.models.stacked import StackLayout, sort_key
from automl.training.batches import PROBE_ROWS
from automl.training.config import RunConfig
from automl.training.stack_planning import plan_stacks, stack_key
from automl.training.stacked_evaluation import rows_at_once

NUMBERS_PER_PARAMETER: Final = 5
"""Value, gradient, two moments, best weights."""

BUFFERS_PER_ACTIVATION: Final = 5
"""Outputs, slopes, signals, normalized values, and one shared with other layers."""

TEMPORARY_SHARE: Final = 0.25
"""On top, for what lives for one call only; checked in tests/automl/training/test_stack_memory."""


def memory_bytes(
    runs: Sequence[RunConfig], dataset: Dataset, dtype: torch.dtype = torch.float32
) -> int:
    """Estimate what a `StackedTrainer` with these runs holds at once, beside the data set."""
    stacks = plan_stacks(runs, dataset)
    needed = table_bytes(runs, dataset, dtype)
    needed += sum(stack_bytes(stack, dataset, dtype) for stack in stacks)
    return int(needed * (1 + TEMPORARY_SHARE))


def table_bytes(runs: Sequence[RunConfig], dataset: Dataset, dtype: torch.dtype) -> int:
    """Bytes of the scaled rows that these runs gather from."""
    total = 0
    for fold, _ in {(run.fold, run.model.scaling) for run in runs}:
        held = dataset.folds[fold]
        per_row = held.n_features * dtype.itemsize + 8 * len(held.cardinalities) + 8
        total += (len(held.train) + len(held.valid)) * per_row
    return total


def stack_bytes(runs: Sequence[RunConfig], dataset: Dataset, dtype: torch.dtype) -> int:
    """Bytes of one stack: parameters, passes, an epoch's order."""
    key, fold = stack_key(runs[0], dataset), dataset.folds[runs[0].fold]
    models = sorted((run.model for run in runs), key=sort_key)
    layout = StackLayout.of(models, fold.n_features, fold.cardinalities, dataset.n_outputs)
    parameters = sum(torch.Size(shape).numel() for shape in layout.shapes)
    units = sum(
        layout.n_runs(layer) * width * layout.pieces for layer, width in enumerate(layout.widths)
    )
    inputs = len(runs) * (layout.n_inputs + 2 * layout.n_outputs)
    trained_rows = 2 * key.batch_size + min(PROBE_ROWS, key.n_train_rows)  # the last batch too
    numbers = NUMBERS_PER_PARAMETER * parameters
    numbers += trained_rows * (BUFFERS_PER_ACTIVATION * units + inputs)
    widest = len(runs) * max([*layout.widths, 0]) * layout.pieces
    numbers += 2 * rows_at_once(layout) * (inputs + 5 * widest)  # train rows, validation rows
    orders = len(runs) * (4 + 8) * key.n_train_rows
    return numbers * dtype.itemsize + orders
