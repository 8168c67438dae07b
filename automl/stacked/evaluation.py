"""Losses, metrics and layer signals of all runs of a stack, in evaluation mode."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from automl.models.mlp.members import mean_prediction
from automl.stacked.blocks import StackLayout
from automl.stacked.losses import stacked_row_errors, stacked_row_losses
from automl.stacked.rows import TableRows, gather
from automl.stacked.stack import Stack
from automl.stacked.torch_pass import StackedPass
from automl.training.batches import measured_rows
from automl.training.prediction_range import held
from automl.training.readout import readout
from automl.training.scores import Score

ELEMENTS_AT_ONCE: Final = 1 << 17
"""Activations per layer and forward pass, over all runs: 512 KiB in float32, so that a layer's
inputs and outputs stay in the cache."""

MOST_ROWS: Final = 512
"""Rows per forward pass: more do not make products faster."""

FEWEST_ROWS: Final = 16
"""Rows per forward pass: with fewer, products are slow whatever the cache holds."""


def rows_at_once(layout: StackLayout) -> int:
    """Rows of each run that are measured in one forward pass."""
    widest = max([layout.n_inputs, *layout.widths])
    fitting = ELEMENTS_AT_ONCE // (widest * len(layout.configs) * layout.inputs.n_members)
    return max(FEWEST_ROWS, min(MOST_ROWS, fitting))


class StackedEvaluation:
    """Measures a stack's runs on their train and validation rows."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._passes: dict[int, StackedPass] = {}
        self._readouts = [readout(one.run, stack.tables.dataset) for one in stack.members]
        self._ends = self._ends_of_ranges()

    @property
    def _n_valid(self) -> int:
        """Validation rows, equally many for each run."""
        return self._stack.rows.valid.n_rows(self._stack.members[0].run)

    @torch.no_grad()
    def train_scores(self) -> list[Score]:
        """Each run on the measured part of its own train rows."""
        stack, device = self._stack, self._stack.tables.device
        measured = measured_rows(stack.rows.n_rows, self._n_valid)
        rows = torch.arange(stack.rows.n_rows) if measured is None else measured
        rows = rows.to(device)[None]
        if stack.rows.own_rows is not None:
            rows = stack.rows.own_rows[:, rows[0]]
        return self._scores(stack.rows.train.rows, rows, stack.rows.train_starts)

    @torch.no_grad()
    def valid_scores(self) -> list[Score]:
        """Each run on its fold's validation rows."""
        stack = self._stack
        rows = torch.arange(self._n_valid, device=stack.tables.device)[None]
        return self._scores(stack.rows.valid.rows, rows, stack.rows.valid_starts)

    def _scores(self, table: TableRows, rows: Tensor, starts: Tensor) -> list[Score]:
        """Measure on rows of a table; `rows`: (K, N) or (1, N), counted from `starts` (K, 1)."""
        dataset, n_rows, n_runs = self._stack.tables.dataset, rows.shape[1], len(starts)
        size = self._chunk(n_rows)
        batch = self._pass(size)
        losses = batch.outputs.new_empty(n_runs, n_rows)  # of the mean predictions
        errors = torch.empty_like(losses)
        for begin in range(0, n_rows, size):
            first = min(begin, n_rows - size)  # the last chunk overlaps: one size suffices
            chunk = slice(first, first + size)
            index = (rows[:, chunk] + starts).flatten()
            gather(table, index, batch.columns, batch.codes)
            batch.forward()
            targets = table.targets[index].view(n_runs, size)
            outputs = self._taken_for(batch.outputs)
            losses[:, chunk] = stacked_row_losses(dataset.loss, outputs, targets)
            errors[:, chunk] = stacked_row_errors(dataset.task, outputs, targets)
        if table.weights is None:
            return _summed(losses.double(), errors.double())
        weights = table.weights[rows + starts].double()
        weights /= weights.mean(dim=1, keepdim=True)  # these may be a part of what they are of
        return _summed(losses.double() * weights, errors.double() * weights)

    def _taken_for(self, outputs: Tensor) -> Tensor:
        """What the outputs of each run are taken for: (K, C, k x B) of k members -> (K, C, B)."""
        n_members = self._stack.layout.inputs.n_members
        if n_members > 1:
            of_members = outputs.unflatten(2, (n_members, -1)).movedim(2, 0)
            outputs = mean_prediction(of_members, self._stack.tables.dataset.task, -2)
        for k, each in enumerate(self._readouts):
            if each.curve is not None:
                outputs[k] = each.curve.back(outputs[k])
        return outputs if self._ends is None else held(outputs, *self._ends)

    def _ends_of_ranges(self) -> tuple[Tensor, Tensor] | None:
        """What each run's predictions are held to, (K, 1, 1) each; None where all are free."""
        stack = self._stack
        ranges = [each.within for each in self._readouts]
        if not any(ranges):
            return None
        ends = torch.tensor([each or (-torch.inf, torch.inf) for each in ranges])
        low, high = ends.to(stack.tables.device, stack.tables.dtype)[:, :, None, None].unbind(1)
        return low, high

    def _chunk(self, n_rows: int) -> int:
        """How many rows at once: about equal chunks that fit the cache."""
        n_chunks = -(-n_rows // rows_at_once(self._stack.layout))
        return -(-n_rows // n_chunks)

    def _pass(self, n_rows: int) -> StackedPass:
        if n_rows not in self._passes:
            self._passes[n_rows] = self._stack.passes.evaluation(n_rows)
        return self._passes[n_rows]


def _summed(losses: Tensor, errors: Tensor) -> list[Score]:
    """Means and standard errors over rows, as `rows.score` computes them; (K, N) each."""
    n_rows = losses.shape[1]
    deviation = losses.std(dim=1, correction=min(1, n_rows - 1))
    columns = [losses.mean(dim=1), deviation / n_rows**0.5, errors.mean(dim=1)]
    return [Score(*numbers) for numbers in torch.stack(columns, dim=1).tolist()]
