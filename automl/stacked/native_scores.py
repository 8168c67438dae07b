"""The plain losses of a run by the compiled kernels: one call goes through all rows of a split.

The counterpart of `StackedEvaluation`'s torch calls. Only means come out of it; activations
live in buffers for one chunk of rows (`kernels/scores.h`).
"""

from __future__ import annotations

import ctypes
from typing import Final

import torch
from torch import Tensor

from automl.stacked import native
from automl.stacked import native_structures as structures
from automl.stacked.native_description import DescribedRun
from automl.stacked.native_structures import address
from automl.stacked.rows import TableRows
from automl.training.scores import Score

CHUNK_ROWS: Final = 64
"""Rows that are measured at once, as in `kernels/scores.h`."""

LOSSES: Final = ("cross_entropy", "binary_cross_entropy", "mean_squared", "mean_absolute", "huber")
"""Names of losses in the order of the kernels' `Loss`."""


class NativeScores:
    """Measures a run."""

    def __init__(self, described: DescribedRun, loss: int, dtype: torch.dtype) -> None:
        """Get ready.

        Args:
            described: for at least `CHUNK_ROWS` rows.
            loss: its place in `LOSSES`.
        """
        self._described, self._loss = described, loss
        self._kernel = native.kernel("measure_scores", dtype)

    def measure(self, table: TableRows, start: int, rows: Tensor | int) -> Score:
        """Measure the run on rows of a table.

        Args:
            rows: which, counted from `start`, (N,) int64; a number: the first so many.
        """
        read, numbers = described_rows(table), torch.empty(3, dtype=torch.float64)
        index = None if isinstance(rows, int) else rows.contiguous()
        asked = structures.Scores(
            network=ctypes.addressof(self._described.network),
            rows=ctypes.addressof(read),
            embeddings=ctypes.addressof(self._described.embeddings),
            loss=self._loss,
            n_rows=rows if isinstance(rows, int) else len(rows),
            start=start,
            index=address(index),
            numbers=address(numbers),
        )
        self._kernel(ctypes.addressof(asked))
        return Score(*numbers.tolist())


def described_rows(table: TableRows) -> ctypes.Structure:
    """Where the rows of a table lie."""
    is_real = table.targets.is_floating_point()
    return structures.Rows(
        n_columns=table.inputs.shape[1],
        n_embedded=table.categories.shape[1],
        columns=address(table.inputs),
        categories=address(table.categories),
        classes=0 if is_real else address(table.targets),
        values=address(table.targets) if is_real else 0,
    )
