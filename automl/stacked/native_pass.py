"""Forward and backward passes of a stack by the compiled kernels.

The same pass as `StackedPass`, and its counterpart: here one call takes every run through its
whole network, at its own widths and while its numbers are in the cache (`kernels/network.h`).
The calls are told where everything lies by structures that are filled once per pass; masks of
dropout are hashed where they are used and never stored.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from automl.models.mlp.network import ACTIVATIONS
from automl.stacked import native
from automl.stacked import native_structures as structures
from automl.stacked.blocks import StackBlocks, padded
from automl.stacked.embeddings import StackedEmbeddings
from automl.stacked.native_structures import address
from search_spaces.hyperparameters import hyperparameter

_VECTORS: Final = ("bias", "gain", "shift", "slope")


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
        self._held: list[Tensor] = []  # keeps alive what the structures point to
        self._values, self._gradients = values, gradients
        self._dropout: WindowDropout | None = None
        self._input_signals: Tensor | None = None
        self.inputs = like.new_zeros(n_runs, n_rows, layout.n_inputs)
        self.outputs = like.new_zeros(n_runs, layout.n_outputs, n_rows)
        self.output_gradients = torch.zeros_like(self.outputs)
        if layout.cardinalities and gradients is not None:  # only embeddings ask for it
            self._input_signals = torch.zeros_like(self.inputs)
        self._embeddings = StackedEmbeddings(values, self.inputs, gradients, self._input_signals)
        self.codes = self._embeddings.codes
        self._layer_outputs: list[Tensor] = []  # in training; run k's at its own width
        self._turns: list[int] = []
        if gradients is None:  # two layers take turns, for the run at work: one reads, one writes
            self._turns = [self._buffer(n_rows, max(layout.widths, default=0)) for _ in range(2)]
        self._layers = (structures.Layer * layout.n_layers)()
        for layer in range(layout.n_layers):
            self._describe_layer(layer)
        self._network = self._described_network(frozen_statistics)
        self._pointer = ctypes.addressof(self._network)
        self._forward = native.kernel("network_forward", like.dtype)
        self._backward = native.kernel("network_backward", like.dtype)

    def set_dropout(self, dropout: WindowDropout, step: int) -> None:
        """Take up the dropout of a step of a window, from 0."""
        self._network.step = step
        if dropout is self._dropout:
            return
        self._dropout = dropout
        self._network.first_steps = address(dropout.first_steps)
        self._network.row_offsets = address(dropout.row_offsets)
        self._network.pair_offsets = address(dropout.pair_offsets)
        for described, place in zip((self._network, *self._layers), dropout.places, strict=True):
            described.streams = address(place.streams if place else None)
            described.thresholds = address(place.thresholds if place else None)
            described.scales = address(place.scales if place else None)

    def forward(self) -> None:
        """Compute `outputs` from `inputs` and `codes`; dropout changes the inputs."""
        for call in self._embeddings.forward:
            call()
        self._forward(self._pointer)

    def backward(self) -> None:
        """Compute all gradients from `output_gradients`, after `forward`."""
        self._backward(self._pointer)
        for call in self._embeddings.backward:
            call()

    def signals_of(self, layer: int, saturated_above: float) -> Tensor:
        """Measure a hidden layer after `forward`; see `StackedPass.signals_of`."""
        numbers = self.outputs.new_empty(self._layers[layer].n_runs, 4)
        limit = numbers.new_tensor(saturated_above)
        described = structures.Signals(self._pointer, layer, address(limit), address(numbers))
        native.kernel("measure_signals", numbers.dtype)(ctypes.addressof(described))
        return numbers

    def outputs_of(self, layer: int, k: int) -> Tensor:
        """What run k's hidden layer gave in the last `forward`, in training; (B, H)."""
        layout, n_rows = self._values.layout, self.inputs.shape[1]
        n_units = layout.configs[k].hidden_sizes[layer]
        flat = self._layer_outputs[layer][k].flatten()[: n_rows * padded(n_units)]
        return flat.view(n_rows, -1)[:, :n_units]

    def _keep(self, values: Tensor) -> int:
        """The address of numbers that must stay where they are."""
        self._held.append(values)
        return address(values)

    def _buffer(self, *shape: int) -> int:
        return self._keep(self._values.flat.new_empty(shape))

    def _integers(self, numbers: Sequence[int]) -> int:
        return self._keep(torch.tensor(numbers, dtype=torch.int64))

    def _describe_layer(self, layer: int) -> None:
        """Say where one layer's parameters and buffers lie; the buffers are made here."""
        values, gradients, layout = self._values, self._gradients, self._values.layout
        n_runs, n_rows, width = layout.n_runs(layer), self.inputs.shape[1], layout.widths[layer]
        configs, described = layout.configs[:n_runs], self._layers[layer]
        described.n_runs, described.width = n_runs, width
        described.n_units = self._integers([config.hidden_sizes[layer] for config in configs])
        described.weights = address(values.hidden[layer])
        for kind in _VECTORS:
            setattr(described, kind, self._vector(values, layer, kind))
        if layout.statistics_shapes:
            described.statistics = address(values.statistics[layer])
            described.statistics_stride = values.statistics[layer].stride(0)
        if gradients is None:
            described.outputs = self._turns[layer % 2]
            return
        for kind in _VECTORS:
            setattr(described, f"{kind}_gradient", self._vector(gradients, layer, kind))
        described.weight_gradients = address(gradients.hidden[layer])
        self._layer_outputs.append(values.flat.new_empty(n_runs, n_rows, width))
        described.outputs = self._keep(self._layer_outputs[layer])
        described.slopes = self._buffer(n_runs, n_rows, width)
        if {config.activation for config in configs} & {"prelu", "maxout"}:
            described.second = self._buffer(n_runs, n_rows, width)
        if layout.has_normalization:
            n_linear = layout.pieces * width
            described.normalized = self._buffer(n_runs, n_rows, n_linear)
            described.standard_scales = self._buffer(n_runs, max(n_rows, n_linear))

    def _vector(self, blocks: StackBlocks, layer: int, kind: str) -> int:
        """Where the first run's vector of a kind begins; 0 if no run has one."""
        present = (layer, kind) in blocks.layout.vector_columns
        return address(blocks.vector(layer, kind)) if present else 0

    def _described_network(self, frozen_statistics: bool) -> ctypes.Structure:
        values, gradients, layout = self._values, self._gradients, self._values.layout
        n_runs, n_rows, n_inputs = self.inputs.shape
        activations = list(ACTIVATIONS)
        kinds = hyperparameter("normalization").words
        widest = max(layout.widths, default=0)
        described = structures.Network(
            n_runs=n_runs,
            n_rows=n_rows,
            n_inputs=n_inputs,
            n_outputs=layout.n_outputs,
            n_pieces=layout.pieces,
            is_training=gradients is not None,
            is_frozen=frozen_statistics,
            vector_stride=values.vectors.stride(0),
            output_width=layout.output_width,
            depths=self._integers([config.n_layers for config in layout.configs]),
            activations=self._integers([activations.index(c.activation) for c in layout.configs]),
            normalizations=self._integers([kinds.index(c.normalization) for c in layout.configs]),
            layers=ctypes.addressof(self._layers),
            inputs=address(self.inputs),
            outputs=address(self.outputs),
            output_weights=address(values.output),
            output_bias=self._vector(values, -1, "bias"),
            linear=self._buffer(n_rows, layout.pieces * widest),
        )
        if gradients is not None:
            described.input_signals = address(self._input_signals)
            described.output_gradients = address(self.output_gradients)
            described.output_weight_gradients = address(gradients.output)
            described.output_bias_gradients = self._vector(gradients, -1, "bias")
            described.linear_signals = self._buffer(n_rows, layout.pieces * widest)
            described.signals = self._buffer(n_rows, widest)
            described.signals_below = self._buffer(n_rows, widest)
        return described
