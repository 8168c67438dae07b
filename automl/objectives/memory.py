"""What a loop holds of memory, measured: nobody knows it before.

Loops of one process share it, so that none can be measured alone: what one frees, another may take
without the process growing. So each counts as the mean: by how much the process has grown beside
the making and the first epoch of the first loop, divided by the loops that are there beside that
one. What the first brings along, such as libraries and data that all share, is not counted.

What freed loops have left is given back to the system first, or it would be counted.
"""

from __future__ import annotations

import gc
import time
from typing import Final

from automl.system.own_memory import give_back_memory, resident_memory

SHARE_OF_COLLECTING: Final = 0.01
"""Of the time: to look for freed objects that refer to each other takes up to 0.4 s."""

FIRST_COLLECTING: Final = 10.0
"""Seconds of training before the first such look, which a short search need not wait for."""


class LoopMemory:
    """The memory of the loops in this process.

    Attributes:
        bytes_of_loop: what one holds; None while nobody knows.
    """

    def __init__(self) -> None:
        self.bytes_of_loop: int | None = None
        self._first: int | None = None  # bytes when the first loop had its first epoch
        self._before: int | None = None  # bytes before it, while it lasts
        self._is_first_epoch = True
        self._is_freed = True  # others may have left something in this process
        self._collects_from = time.monotonic() + FIRST_COLLECTING

    def note_freed(self) -> None:
        """A loop has ended."""
        self._is_freed = True

    def note_made(self) -> None:
        """A loop is there, and has had no epoch yet."""
        if self._first is None:
            self._first = self._now()

    def begin_epoch(self) -> None:
        """A loop is about to have an epoch."""
        if self._is_first_epoch:
            self._before = self._now()

    def end_epoch(self, n_loops: int) -> None:
        """It has had it.

        Args:
            n_loops: that hold something.
        """
        n_bytes = self._now()
        if n_bytes is None or self._first is None:
            return
        if self._is_first_epoch and self._before is not None:
            self._first += n_bytes - self._before
            self._is_first_epoch = False
        if n_loops > 1:
            self.bytes_of_loop = max(0, n_bytes - self._first) // (n_loops - 1)

    def _now(self) -> int | None:
        if self._is_freed:
            self._is_freed = False
            self._give_back()
        return resident_memory()

    def _give_back(self) -> None:
        began = time.monotonic()
        if began >= self._collects_from:
            gc.collect()
            ended = time.monotonic()
            self._collects_from = ended + (ended - began) / SHARE_OF_COLLECTING
        give_back_memory()
