"""The description of a stack's networks for the compiled kernels: where everything lies.

The structures are filled once per batch shape, and the buffers that only the kernels use are
made here; what comes in and goes out is its pass's (`native_pass.py`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from automl.models.mlp.network import ACTIVATIONS
from automl.stacked import native_structures as structures
from automl.stacked.blocks import StackBlocks, padded
from automl.stacked.native_structures import address
from search_spaces.hyperparameters import hyperparameter

_VECTORS: Final = ("bias", "gain", "shift", "slope")


class DescribedNetwork:
    """The structures of one batch shape, and the buffers that they point to.

    Attributes:
        network: inputs, outputs and their gradients are for the pass to fill in.
        layers: of the hidden layers, which the network points to.
        pointer: where the network lies.
    """

    def __init__(
        self, values: StackBlocks, n_rows: int, gradients: StackBlocks | None = None
    ) -> None:
        layout = values.layout
        self._values, self._gradients, self._n_rows = values, gradients, n_rows
        self._held: list[Tensor] = []  # keeps alive what the structures point to
        self._layer_outputs: list[Tensor] = []  # in training; run k's at its own width
        turns: list[int] = []
        if gradients is None:  # two layers take turns, for the run at work: one reads, one writes
            turns = [self._buffer(n_rows, max(layout.widths, default=0)) for _ in range(2)]
        self.layers = (structures.Layer * layout.n_layers)()
        for layer in range(layout.n_layers):
            self._describe_layer(layer, turns)
        self.network = self._described_network()
        self.pointer = ctypes.addressof(self.network)

    def outputs_of(self, layer: int, k: int) -> Tensor:
        """What run k's hidden layer gave in the last pass forward, in training; (B, H)."""
        n_units = self._values.layout.configs[k].hidden_sizes[layer]
        flat = self._layer_outputs[layer][k].flatten()[: self._n_rows * padded(n_units)]
        return flat.view(self._n_rows, -1)[:, :n_units]

    def _keep(self, values: Tensor) -> int:
        """The address of numbers that must stay where they are."""
        self._held.append(values)
        return address(values)

    def _buffer(self, *shape: int) -> int:
        return self._keep(self._values.flat.new_empty(shape))

    def _integers(self, numbers: Sequence[int]) -> int:
        return self._keep(torch.tensor(numbers, dtype=torch.int64))

    def _describe_layer(self, layer: int, turns: Sequence[int]) -> None:
        """Say where one layer's parameters and buffers lie; the buffers are made here."""
        values, gradients, layout = self._values, self._gradients, self._values.layout
        n_runs, n_rows, width = layout.n_runs(layer), self._n_rows, layout.widths[layer]
        configs, described = layout.configs[:n_runs], self.layers[layer]
        described.n_runs, described.width = n_runs, width
        described.n_units = self._integers([config.hidden_sizes[layer] for config in configs])
        described.weights = address(values.hidden[layer])
        for kind in _VECTORS:
            setattr(described, kind, self._vector(values, layer, kind))
        if layout.statistics_shapes:
            described.statistics = address(values.statistics[layer])
            described.statistics_stride = values.statistics[layer].stride(0)
        if gradients is None:
            described.outputs = turns[layer % 2]
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

    def _described_network(self) -> ctypes.Structure:
        """Say where the output layer and the buffers of a run at work lie."""
        values, gradients, layout = self._values, self._gradients, self._values.layout
        n_rows = self._n_rows
        activations = list(ACTIVATIONS)
        kinds = hyperparameter("normalization").words
        widest = max(layout.widths, default=0)
        described = structures.Network(
            n_runs=len(layout.configs),
            n_rows=n_rows,
            n_inputs=layout.n_inputs,
            n_outputs=layout.n_outputs,
            n_pieces=layout.pieces,
            is_training=gradients is not None,
            vector_stride=values.vectors.stride(0),
            output_width=layout.output_width,
            depths=self._integers([config.n_layers for config in layout.configs]),
            activations=self._integers([activations.index(c.activation) for c in layout.configs]),
            normalizations=self._integers([kinds.index(c.normalization) for c in layout.configs]),
            layers=ctypes.addressof(self.layers),
            output_weights=address(values.output),
            output_bias=self._vector(values, -1, "bias"),
            linear=self._buffer(n_rows, layout.pieces * widest),
        )
        if gradients is not None:
            described.output_weight_gradients = address(gradients.output)
            described.output_bias_gradients = self._vector(gradients, -1, "bias")
            described.linear_signals = self._buffer(n_rows, layout.pieces * widest)
            described.signals = self._buffer(n_rows, widest)
            described.signals_below = self._buffer(n_rows, widest)
        return described
