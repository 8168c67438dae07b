"""In which order a run goes through its rows, by the compiled kernels.

The counterpart of `StackRows.order`: the same rows of the table, a pass in one call.
"""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from automl import randomness
from automl.stacked import native
from automl.stacked import native_structures as structures
from automl.stacked.native_structures import address
from automl.stacked.stack_rows import StackRows


class NativeOrder:
    """The orders of one run's epochs."""

    def __init__(self, rows: StackRows, seed: int, dtype: torch.dtype) -> None:
        """Get ready.

        Args:
            rows: of this run alone.
            seed: the run's.
        """
        own = None if rows.own_rows is None else rows.own_rows[0].contiguous()
        offsets = randomness.shuffle_offsets(rows.n_rows, torch.device("cpu"))
        self._held = (own, offsets)  # keeps alive what is pointed to
        self._epochs = rows.epochs
        self._asked = structures.Order(
            stream=randomness.stream(seed, "shuffle"),
            n_rows=rows.n_rows,
            offsets=address(offsets),
            own_rows=address(own),
            start=int(rows.train_starts),
        )
        self._kernel = native.kernel("order_rows", dtype)
        self._last: tuple[int, Tensor] | None = None  # a pass of which epochs are parts

    def of_epoch(self, epoch: int) -> Tensor:
        """Rows of the table, (N,) int32, where N are the rows of an epoch (from 1)."""
        parts = [
            self._of_pass(number)[start:stop]
            for number, start, stop in self._epochs.sections(epoch)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _of_pass(self, number: int) -> Tensor:
        """The same of a pass (from 1); kept while the run's epochs are parts of it."""
        if self._last is not None and self._last[0] == number:
            return self._last[1]
        asked, n_rows = self._asked, self._asked.n_rows
        order = torch.empty(n_rows, dtype=torch.int32)
        space = torch.empty(2, n_rows, dtype=torch.int64)
        asked.counter = number
        asked.order, asked.space = address(order), address(space)
        self._kernel(ctypes.addressof(asked))
        if not self._epochs.are_passes:
            self._last = number, order
        return order
