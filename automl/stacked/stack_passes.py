"""The passes of one stack: made once per batch shape, by torch or by the compiled kernels."""

from __future__ import annotations

from typing import TypeAlias

from automl.stacked.blocks import StackBlocks
from automl.stacked.native_pass import NativePass
from automl.stacked.torch_pass import StackedPass

Pass: TypeAlias = StackedPass | NativePass
"""Forward and backward of a stack on one batch shape."""


class StackPasses:
    """Makes the passes over a stack's networks, and keeps those that come again.

    Attributes:
        gradients: where passes in training leave the gradients.
    """

    def __init__(self, values: StackBlocks, gradients: StackBlocks, *, is_native: bool) -> None:
        self.gradients = gradients
        self._values = values
        self._kind = NativePass if is_native else StackedPass
        self._training: dict[int, Pass] = {}
        self._probe: Pass | None = None

    def training(self, n_rows: int) -> Pass:
        """A pass for batches of so many rows."""
        if n_rows not in self._training:
            self._training[n_rows] = self._kind(self._values, n_rows, self.gradients)
        return self._training[n_rows]

    def probe(self, n_rows: int) -> Pass:
        """A pass for measuring layers: in training mode, but nothing changes."""
        if self._probe is None:
            self._probe = self._kind(self._values, n_rows, self.gradients, frozen_statistics=True)
        return self._probe

    def evaluation(self, n_rows: int) -> Pass:
        """A new pass with running statistics, without a way back."""
        return self._kind(self._values, n_rows)
