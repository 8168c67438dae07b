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
from automl.stacked.native_lesson import LOSSES
from automl.stacked.native_structures import address
from automl.training.readout import AS_THEY_ARE, Readout
from automl.training.scores import Score

CHUNK_ROWS: Final = 64
"""Rows that are measured at once, as in `kernels/scores.h`."""


class NativeScores:
    """Measures a run."""

    def __init__(
        self,
        described: DescribedRun,
        loss: str,
        dtype: torch.dtype,
        readout: Readout = AS_THEY_ARE,
    ) -> None:
        """Get ready.

        Args:
            described: for at least `CHUNK_ROWS` rows.
            loss: its name.
            readout: what outputs are taken for.
        """
        curve, within = readout.curve, readout.within
        self._pieces = None if curve is None else curve.pieces.to(dtype)
        self._range = None if within is None else torch.tensor(within, dtype=dtype)
        self._described = described
        self._numbers = torch.empty(3, dtype=torch.float64)
        self._asked = structures.Scores(
            network=ctypes.addressof(described.network),
            embeddings=ctypes.addressof(described.embeddings),
            loss=LOSSES.index(loss),
            n_pieces=0 if self._pieces is None else self._pieces.shape[1],
            pieces=address(self._pieces),
            range=address(self._range),
            numbers=address(self._numbers),
        )
        self._kernel = native.kernel("measure_scores", dtype)

    def measure(self, table: ctypes.Structure, start: int, rows: Tensor | int) -> Score:
        """Measure the run on rows of a table.

        Args:
            table: where its rows lie.
            rows: which, counted from `start`, (N,) int64 behind one another; a number: the first
                so many.
        """
        asked = self._asked
        asked.rows, asked.start = ctypes.addressof(table), start
        if isinstance(rows, int):
            asked.n_rows, asked.index = rows, 0
        else:
            asked.n_rows, asked.index = len(rows), address(rows)
        self._kernel(ctypes.addressof(asked))
        return Score(*self._numbers.tolist())
