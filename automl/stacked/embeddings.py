"""The embeddings of a stack: looked up behind a batch's encoded columns, and their gradients."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from automl.stacked.activations import Call
from automl.stacked.blocks import StackBlocks


class StackedEmbeddings:
    """The calls that fill the inputs of a pass behind its scaled columns.

    Attributes:
        codes: per embedded column (K, B) int64, to be filled before `forward`.
        forward, backward: the calls; `backward` leaves the tables' gradients.
    """

    def __init__(
        self,
        values: StackBlocks,
        inputs: Tensor,
        gradients: StackBlocks | None,
        signals: Tensor | None,
    ) -> None:
        """Write down the calls.

        Args:
            signals: the gradient of the inputs, to be filled before `backward`; None where
                nobody asks for it.

        Shape:
            inputs, signals: (K, B, n_inputs).
        """
        n_runs, n_rows, _ = inputs.shape
        start = values.layout.inputs.n_encoded
        self.codes: list[Tensor] = []
        self.forward: list[Call] = []
        self.backward: list[Call] = []
        for column, table in enumerate(values.inputs[: len(values.layout.cardinalities)]):
            size = table.shape[2]
            codes = torch.zeros(n_runs, n_rows, dtype=torch.int64, device=inputs.device)
            rows = torch.zeros_like(codes)  # of all tables behind one another
            first = torch.arange(n_runs, device=codes.device)[:, None] * table.shape[1]
            found = inputs.new_zeros(n_runs, n_rows, size)
            flat = found.view(-1, size)
            part = slice(start, start + size)
            self.codes.append(codes)
            self.forward += [
                partial(torch.add, codes, first, out=rows),
                partial(torch.index_select, table.flatten(0, 1), 0, rows.view(-1), out=flat),
                partial(inputs[:, :, part].copy_, found),
            ]
            if gradients is not None and signals is not None:
                into = gradients.inputs[column]
                add = partial(_add_rows, into.flatten(0, 1), rows.view(-1))
                self.backward += [into.zero_, partial(add, signals[:, :, part])]
            start += size


def _add_rows(table: Tensor, rows: Tensor, signals: Tensor) -> None:
    """Add the gradient of looked-up rows to the table's."""
    table.index_add_(0, rows, signals.flatten(0, 1))
