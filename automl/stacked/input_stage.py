"""What lies before the first layer of a stack: columns, encoded or not, and embeddings behind.

A pass fills `columns` and `codes`; `forward` makes the first layer's inputs of them, for each
member its own, `backward` leaves the gradients of what is learned here.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from automl.stacked.activations import Call
from automl.stacked.blocks import StackBlocks
from automl.stacked.embeddings import StackedEmbeddings
from automl.stacked.encoding import StackedEncoding
from automl.stacked.member_rows import SpreadRows


class StackedInputs:
    """The input stage of one batch shape of a stack.

    Attributes:
        columns: (K, B, D) scaled columns, to be filled before `forward`; where nothing is
            encoded they are the first of `inputs`, which is then given.
        codes: per embedded column (K, B) int64, likewise.
        rows: what the first layer reads, (K, k x B, n_inputs) of k members.
        signals: the gradient of these, to be filled before `backward`; None where nobody asks
            for it.
        own_share: what stays of each run's rows where they are mixed, (K, 1, 1); None: all.
        forward, backward: the calls.
    """

    def __init__(self, values: StackBlocks, inputs: Tensor, gradients: StackBlocks | None) -> None:
        """Write down the calls.

        Shape:
            inputs: (K, B, n_inputs).
        """
        self.own_share: Tensor | None = None
        signals: Tensor | None = None  # of the inputs
        if values.layout.inputs.is_learned and gradients is not None:
            signals = torch.zeros_like(inputs)
        embeddings = StackedEmbeddings(values, inputs, gradients, signals)
        self.codes = embeddings.codes
        self.columns = inputs
        self.forward: list[Call] = [*embeddings.forward]
        self.backward: list[Call] = [*embeddings.backward]
        if values.layout.inputs.is_encoded:
            encoding = StackedEncoding(values, gradients, inputs)
            self.columns = encoding.columns
            self.forward.append(encoding.forward)
            if signals is not None:
                self.backward.append(partial(encoding.backward, signals))
        if values.layout.inputs.has_gain:
            gain = _Gain(values, inputs, gradients)
            self.forward.append(gain.forward)
            if signals is not None:
                self.backward.insert(0, partial(gain.backward, signals))
        if any(config.mixup for config in values.layout.configs):
            self.forward.append(partial(self._mix, inputs, -1))
            if signals is not None:
                self.backward.insert(0, partial(self._mix, signals, 1))
        spread = SpreadRows(values, inputs, signals, gradients)
        self.rows, self.signals = spread.rows, spread.signals
        self.forward += spread.forward
        self.backward[:0] = spread.backward

    def _mix(self, values: Tensor, places: int) -> None:
        """Mix rows with the next ones, or on the way back their signals with those before."""
        if self.own_share is not None:
            other = values.roll(places, 1).mul_(1 - self.own_share)
            values.mul_(self.own_share).add_(other)


class _Gain:
    """The learned factors of the first layer's inputs."""

    def __init__(self, values: StackBlocks, inputs: Tensor, gradients: StackBlocks | None) -> None:
        self._gain, self._inputs = values.input_tensors["input_gain"][:, None], inputs
        self._gradient = None if gradients is None else gradients.input_tensors["input_gain"]
        self._before = torch.zeros_like(inputs)

    def forward(self) -> None:
        """Multiply the inputs."""
        self._before.copy_(self._inputs)
        self._inputs.mul_(self._gain)

    def backward(self, signals: Tensor) -> None:
        """From the gradient of the multiplied inputs to that of factors and inputs, in place."""
        if self._gradient is not None:
            torch.sum(signals * self._before, 1, out=self._gradient)
        signals.mul_(self._gain)
