"""The passes of one stack: made once per batch shape, and kept where they come again."""

from __future__ import annotations

from automl.stacked.blocks import StackBlocks
from automl.stacked.torch_pass import StackedPass


class StackPasses:
    """Makes the passes over a stack's networks, and keeps those that come again.

    Attributes:
        gradients: where passes in training leave the gradients.
    """

    def __init__(self, values: StackBlocks, gradients: StackBlocks, measured: StackBlocks) -> None:
        """Make none yet; `measured`: the parameters that evaluation reads."""
        self.gradients = gradients
        self._values, self._measured = values, measured
        self._training: dict[int, StackedPass] = {}
        self._probe: StackedPass | None = None

    def training(self, n_rows: int) -> StackedPass:
        """A pass for batches of so many rows."""
        if n_rows not in self._training:
            self._training[n_rows] = StackedPass(self._values, n_rows, self.gradients)
        return self._training[n_rows]

    def probe(self, n_rows: int) -> StackedPass:
        """A pass for measuring layers: in training mode, but nothing changes."""
        if self._probe is None:
            self._probe = StackedPass(self._values, n_rows, self.gradients, frozen_statistics=True)
        return self._probe

    def evaluation(self, n_rows: int) -> StackedPass:
        """A new pass with running statistics, without a way back."""
        return StackedPass(self._measured, n_rows)
