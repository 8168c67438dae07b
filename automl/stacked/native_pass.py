"""Forward and backward passes of a stack by the compiled kernels.

The same pass as `StackedPass`, and its counterpart: here one call takes every run through its
whole network, at its own widths and while its numbers are in the cache (`kernels/network.h`).
The calls are told where everything lies by structures that are filled once per pass; masks of
dropout are hashed where they are used and never stored.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import torch
from torch import Tensor

from automl.stacked import native
from automl.stacked import native_structures as structures
from automl.stacked.blocks import StackBlocks
from automl.stacked.embeddings import StackedEmbeddings
from automl.stacked.native_description import DescribedNetwork
from automl.stacked.native_structures import address


@dataclass(frozen=True, slots=True)
class MaskSource:
    """What the dropout masks of one place are functions of, beside the step.

    Shape:
        streams: (K_l,) int64, see `randomness.streams`; thresholds: (K_l,) int16 and scales:
        (K_l,), see `randomness.Decision`.
    """

    streams: Tensor
    thresholds: Tensor
    scales: Tensor


@dataclass(frozen=True, slots=True)
class WindowDropout:
    """The dropout of some steps: of the inputs, then of each hidden layer; None: no mask there.

    Shape:
        first_steps: (K,) int64, updates that each run has done before; row_offsets: (B,) and
        pair_offsets: (half the widest place,) int32, see `randomness.mask_offsets`.
    """

    first_steps: Tensor
    places: tuple[MaskSource | None, ...]
    row_offsets: Tensor
    pair_offsets: Tensor


class NativePass:
    """One batch shape of a stack: its buffers and their description; as `StackedPass`."""

    def __init__(
        self,
        values: StackBlocks,
        n_rows: int,
        gradients: StackBlocks | None = None,
        *,
        frozen_statistics: bool = False,
    ) -> None:
        """Make the buffers and describe them; arguments as for `StackedPass`."""
        layout, like = values.layout, values.flat
        n_runs = len(layout.configs)
        self._dropout: WindowDropout | None = None
        self.inputs = like.new_zeros(n_runs, n_rows, layout.n_inputs)
        self.outputs = like.new_zeros(n_runs, layout.n_outputs, n_rows)
        self.output_gradients = torch.zeros_like(self.outputs)
        self._embeddings = StackedEmbeddings(values, self.inputs, gradients)
        self._described = DescribedNetwork(values, n_rows, gradients)
        network = self._described.network
        network.is_frozen = frozen_statistics
        network.inputs, network.outputs = address(self.inputs), address(self.outputs)
        if gradients is not None:
            network.input_signals = address(self._embeddings.signals)
            network.output_gradients = address(self.output_gradients)
        self._forward = native.kernel("network_forward", like.dtype)
        self._backward = native.kernel("network_backward", like.dtype)

    @property
    def codes(self) -> list[Tensor]:
        """Where the codes of embedded columns go, see `StackedPass`."""
        return self._embeddings.codes

    def set_dropout(self, dropout: WindowDropout, step: int) -> None:
        """Take up the dropout of a step of a window, from 0."""
        network = self._described.network
        network.step = step
        if dropout is self._dropout:
            return
        self._dropout = dropout
        network.first_steps = address(dropout.first_steps)
        network.row_offsets = address(dropout.row_offsets)
        network.pair_offsets = address(dropout.pair_offsets)
        for described, place in zip(
            (network, *self._described.layers), dropout.places, strict=True
        ):
            described.streams = address(place.streams if place else None)
            described.thresholds = address(place.thresholds if place else None)
            described.scales = address(place.scales if place else None)

    def forward(self) -> None:
        """Compute `outputs` from `inputs` and `codes`; dropout changes the inputs."""
        for call in self._embeddings.forward:
            call()
        self._forward(self._described.pointer)

    def backward(self) -> None:
        """Compute all gradients from `output_gradients`, after `forward`."""
        self._backward(self._described.pointer)
        for call in self._embeddings.backward:
            call()

    def signals_of(self, layer: int, saturated_above: float) -> Tensor:
        """Measure a hidden layer after `forward`; see `StackedPass.signals_of`."""
        numbers = self.outputs.new_empty(self._described.layers[layer].n_runs, 4)
        limit = numbers.new_tensor(saturated_above)
        places = (self._described.pointer, layer, address(limit), address(numbers))
        asked = structures.Signals(*places)
        native.kernel("measure_signals", numbers.dtype)(ctypes.addressof(asked))
        return numbers

    def outputs_of(self, layer: int, k: int) -> Tensor:
        """What run k's hidden layer gave in the last `forward`, in training; (B, H)."""
        return self._described.outputs_of(layer, k)
