"""Plain losses of runs by the compiled kernels: one call takes runs through all rows of a split.

The counterpart of `StackedEvaluation`'s torch calls. Only means come out of it
(`kernels/scores.h`); activations live in buffers for one chunk of rows of one run.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from automl.stacked import native
from automl.stacked import native_structures as structures
from automl.stacked.blocks import StackBlocks
from automl.stacked.native_description import DescribedNetwork
from automl.stacked.native_losses import LOSSES, target_addresses
from automl.stacked.native_structures import address
from automl.stacked.rows import TableRows
from automl.training.scores import Score

CHUNK_ROWS: Final = 64
"""Rows of a run at once, as in `kernels/scores.h`."""


class NativeScores:
    """Measures the runs whose parameters lie in some blocks."""

    def __init__(self, values: StackBlocks, loss: str) -> None:
        """Describe the networks, and make buffers for a chunk of rows."""
        layout, like = values.layout, values.flat
        self._values, self._loss = values, LOSSES.index(loss)  # keeps alive what is pointed to
        self._described = DescribedNetwork(values, CHUNK_ROWS)
        self._outputs = like.new_empty(layout.n_outputs, CHUNK_ROWS)
        self._inputs = like.new_empty(CHUNK_ROWS, layout.n_inputs)
        self._described.network.outputs = address(self._outputs)
        self._embeddings = described_embeddings(values)
        self._kernel = native.kernel("measure_scores", like.dtype)

    def measure(
        self, table: TableRows, starts: Tensor, rows: Tensor | int, runs: Sequence[int]
    ) -> list[Score]:
        """Measure some runs, by their places in the blocks.

        Args:
            rows: which rows, counted from a run's start; a number: the first so many.

        Shape:
            starts: (K, 1) int64, where each run's rows begin in the table; rows: (N,) or, where
            they differ, (K, N), int64.
        """
        read, places = described_rows(table), torch.tensor(runs)
        numbers = torch.empty(len(runs), 3, dtype=torch.float64)
        index = None if isinstance(rows, int) else rows.contiguous()
        asked = structures.Scores(
            network=self._described.pointer,
            rows=ctypes.addressof(read),
            embeddings=ctypes.addressof(self._embeddings),
            loss=self._loss,
            n_runs=len(runs),
            n_rows=rows if isinstance(rows, int) else rows.shape[-1],
            runs=address(places),
            starts=address(starts),
            index=address(index),
            index_apart=0 if index is None or index.ndim == 1 else index.stride(0),
            inputs=address(self._inputs),
            numbers=address(numbers),
        )
        self._kernel(ctypes.addressof(asked))
        return [Score(*of_run) for of_run in numbers.tolist()]


def described_rows(table: TableRows) -> ctypes.Structure:
    """Where the rows of a table lie."""
    classes, values = target_addresses(table.targets)
    return structures.Rows(
        n_columns=table.inputs.shape[1],
        n_embedded=table.categories.shape[1],
        columns=address(table.inputs),
        categories=address(table.categories),
        classes=classes,
        values=values,
    )


def described_embeddings(values: StackBlocks) -> ctypes.Array[ctypes.Structure]:
    """Where the tables of embedded columns lie."""
    described = (structures.Embedding * len(values.embeddings))()
    for place, table in zip(described, values.embeddings, strict=True):
        _, place.n_codes, place.size = table.shape
        place.numbers = address(table)
    return described
