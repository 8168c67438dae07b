"""One hidden layer of a stack, computed by the compiled kernels.

The same layer as `StackedLayer`, and its counterpart: linear maps by torch, and everything
between two of them in one call of `stacked_kernels.cpp`, dropout included, whose mask is
hashed where it is used and never stored.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch
from torch import Tensor

from automl.models import native
from automl.models.mlp import ACTIVATIONS, NORMALIZATIONS
from automl.models.stacked import StackBlocks
from automl.models.stacked_activations import Call
from automl.models.stacked_layer import Workspace, product

_Structure: Final = native.structure(
    "Layer",
    *("n_runs", "n_rows", "width", "pieces", "training", "frozen"),
    *("activation", "normalization", "n_units"),
    *("linear", "outputs", "slopes", "second", "normalized", "scales"),
    *("gain", "shift", "learned_slope", "statistics", "vector_stride", "statistics_stride"),
    *("keys", "row_offsets", "pair_offsets", "thresholds", "kept_scales"),
    *("signals", "linear_signals"),
    *("bias_gradient", "gain_gradient", "shift_gradient", "slope_gradient"),
)


@dataclass(frozen=True, slots=True)
class MaskDraw:
    """What the dropout mask of one layer at one step is a function of.

    Shape:
        keys: (K_l,) int32; thresholds: (K_l,) int16 and scales: (K_l,), see
        `randomness.Decision`; row_offsets: (B,) and pair_offsets: (H / 2,) int32.
    """

    keys: Tensor
    thresholds: Tensor
    scales: Tensor
    row_offsets: Tensor
    pair_offsets: Tensor


class NativeLayer:
    """The calls of one hidden layer on one batch shape; attributes as in `StackedLayer`."""

    def __init__(
        self,
        layer: int,
        inputs: Tensor,
        values: StackBlocks,
        gradients: StackBlocks | None,
        workspace: Workspace,
        *,
        frozen_statistics: bool,
    ) -> None:
        layout = values.layout
        n_runs, n_rows, width = layout.n_runs(layer), inputs.shape[1], layout.widths[layer]
        self._layer, self._inputs = layer, inputs
        self._values, self._gradients = values, gradients
        training, shape = gradients is not None, (n_runs, n_rows, width)
        linear_shape = (n_runs, n_rows, width * layout.pieces)
        self._linear = workspace.shared("linear", *linear_shape)
        self.outputs, self.signals = workspace.shared(f"outputs {layer % 2}", *shape), None
        self._linear_signals: Tensor | None = None
        self._kept: dict[str, Tensor | None] = {}
        if training:
            self.outputs, self.signals = workspace.own(*shape), workspace.own(*shape)
            self._linear_signals = self.signals
            if layout.pieces > 1:
                self._linear_signals = workspace.shared("linear signals", *linear_shape)
            self._kept["slopes"] = workspace.own(*shape)
            activations = {config.activation for config in layout.configs[:n_runs]}
            if activations & {"prelu", "maxout"}:
                self._kept["second"] = workspace.own(*shape)
            if layout.has_normalization:
                self._kept["normalized"] = workspace.own(*linear_shape)
                self._kept["scales"] = workspace.own(n_runs, max(linear_shape[1:]))
        self._structure = self._described(frozen_statistics)
        pointer = ctypes.addressof(self._structure)
        bias = values.vector(layer, "bias")[:, None, :]
        dtype, weights = values.flat.dtype, values.hidden[layer]
        self.forward: list[Call] = [
            partial(torch.baddbmm, bias, inputs, weights, out=self._linear),
            partial(native.kernel("layer_forward", dtype), pointer),
        ]
        self.backward: list[Call] = []

    def _described(self, frozen_statistics: bool) -> ctypes.Structure:
        """Everything the kernels must know, with the addresses of the buffers."""
        values, gradients, layer = self._values, self._gradients, self._layer
        layout = values.layout
        configs = layout.configs[: len(self.outputs)]
        activations, kinds = list(ACTIVATIONS), list(NORMALIZATIONS)
        self._tables = [
            torch.tensor([activations.index(config.activation) for config in configs]),
            torch.tensor([kinds.index(config.normalization) for config in configs]),
            torch.tensor([config.hidden_sizes[layer] for config in configs]),
        ]
        kinds_of_vector = {
            "gain": "gain", "shift": "shift", "learned_slope": "slope",
            "bias_gradient": "bias", "gain_gradient": "gain", "shift_gradient": "shift",
            "slope_gradient": "slope",
        }  # fmt: skip
        vectors = {}
        for name, kind in kinds_of_vector.items():
            blocks = gradients if name.endswith("_gradient") else values
            present = blocks is not None and (layer, kind) in layout.vector_columns
            vectors[name] = native.address(blocks.vector(layer, kind)) if present and blocks else 0
        statistics = values.statistics[layer] if values.statistics else None
        return _Structure(
            n_runs=len(self.outputs),
            n_rows=self.outputs.shape[1],
            width=self.outputs.shape[2],
            pieces=layout.pieces,
            training=gradients is not None,
            frozen=frozen_statistics,
            **dict(
                zip(
                    ("activation", "normalization", "n_units"),
                    map(native.address, self._tables),
                    strict=True,
                )
            ),
            linear=native.address(self._linear),
            outputs=native.address(self.outputs),
            **{name: native.address(buffer) for name, buffer in self._kept.items()},
            **vectors,
            vector_stride=values.vectors.stride(0),
            statistics=native.address(statistics),
            statistics_stride=0 if statistics is None else statistics.stride(0),
            signals=native.address(self.signals),
            linear_signals=native.address(self._linear_signals),
        )

    def set_draw(self, draw: MaskDraw | None) -> None:
        """Say what the coming step's mask is a function of; None: nothing is dropped."""
        described = self._structure
        self._draw = draw  # its numbers must stay where they are
        if draw is None:
            described.keys = 0
            return
        described.keys = draw.keys.data_ptr()
        described.thresholds = draw.thresholds.data_ptr()
        described.kept_scales = draw.scales.data_ptr()
        described.row_offsets = draw.row_offsets.data_ptr()
        described.pair_offsets = draw.pair_offsets.data_ptr()

    def write_backward(self, input_signals: Tensor | None) -> None:
        """Write down the way back; `input_signals` get the gradient of the inputs, if given."""
        if self._gradients is None or self._linear_signals is None:
            return
        dz, weights = self._linear_signals, self._values.hidden[self._layer]
        function = native.kernel("layer_backward", dz.dtype)
        self.backward = [partial(function, ctypes.addressof(self._structure))]
        self.backward += product(self._inputs.mT, dz, self._gradients.hidden[self._layer])
        if input_signals is not None:
            self.backward.append(partial(torch.bmm, dz, weights.mT, out=input_signals[: len(dz)]))
