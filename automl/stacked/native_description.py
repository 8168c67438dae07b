"""The description of one run for the compiled kernels: where everything of it lies.

A run's parameters, best weights and moments are four rows of one tensor, its own. What a step
needs beside them for a moment (activations, gradients) lies in a buffer that all runs of a
trainer use in turn: so it stays in the cache, and a run that rests holds none of it.
"""

from __future__ import annotations

import ctypes
import itertools
import math
from typing import Final

import torch
from torch import Tensor

from automl import randomness
from automl.models.mlp.network import ACTIVATIONS
from automl.stacked import native_structures as structures
from automl.stacked.blocks import StackLayout
from automl.stacked.native_structures import address
from automl.training.config import RunConfig
from search_spaces.hyperparameters import hyperparameter

VALUES, BEST, FIRST, SECOND = range(4)
"""The rows of a run's numbers: parameters with running statistics, the same of the best epoch,
and two moments."""

ALIGNMENT: Final = 16
"""Buffers begin at multiples of this many numbers: a cache line of float32."""


def aligned(size: int) -> int:
    """So many numbers, up to where the next buffer may begin."""
    return -(-size // ALIGNMENT) * ALIGNMENT


class Scratch:
    """The buffer that the runs of a trainer use in turn, as large as any of them wants it.

    Who began when it was smaller keeps that one.
    """

    def __init__(self, like: Tensor) -> None:
        self.numbers = like.new_empty(0)

    def grow(self, size: int) -> None:
        """Make it as large as this."""
        self.numbers = self.numbers.new_empty(size)


class _Buffers:
    """Cuts the scratch into buffers, or goes on counting beyond its end."""

    def __init__(self, scratch: Scratch) -> None:
        self._start, self._item = address(scratch.numbers), scratch.numbers.element_size()
        self.size = 0

    def cut(self, *shape: int) -> int:
        """Where a buffer of this shape begins."""
        first = self.size
        self.size += aligned(math.prod(shape))
        return self._start + first * self._item


class DescribedRun:
    """The structures of a run, and what they point to.

    Attributes:
        network, layers: of the networks' kernels.
        update: of the optimizer's.
        embeddings: the tables of embedded columns.
        before: where the parameters before an epoch's last step go.
        classes: where a batch's classes go, in int64, or its values.
    """

    def __init__(
        self,
        run: RunConfig,
        layout: StackLayout,
        numbers: Tensor,
        scratch: Scratch,
        n_rows: int,
    ) -> None:
        """Describe a run.

        Args:
            numbers: see `VALUES`, (4, N).
            n_rows: the most rows of a batch.
        """
        self._run, self._layout, self._numbers, self._n_rows = run, layout, numbers, n_rows
        n_needed = self._describe(_Buffers(scratch))
        if n_needed > len(scratch.numbers):
            scratch.grow(n_needed)
            self._describe(_Buffers(scratch))
        self._scratch = scratch.numbers  # keeps it alive

    def _describe(self, buffers: _Buffers) -> int:
        """Fill all structures; returns how many numbers the buffers take."""
        shapes = self._layout.shapes
        sizes = [math.prod(shape) for shape in shapes + self._layout.statistics_shapes]
        self._places = [0, *itertools.accumulate(sizes)]
        self._gradients = buffers.cut(self._places[len(shapes)])
        n_penalized = self._places[len(shapes) - 1]
        self.layers = (structures.Layer * self._layout.n_layers)()
        for layer in range(self._layout.n_layers):
            self.layers[layer] = self._described_layer(layer, buffers)
        self.network = self._described_network(buffers)
        self.embeddings = self._described_embeddings()
        self.update = structures.Update(
            n_penalized=n_penalized,
            n_parameters=self._places[len(shapes)],
            values=self._at(VALUES, 0),
            gradients=self._gradients,
            first=self._at(FIRST, 0),
            second=self._at(SECOND, 0),
        )
        self.before = buffers.cut(n_penalized)
        self.classes = buffers.cut(2 * self._n_rows)  # of 64 bits
        return buffers.size

    def _at(self, row: int, place: int) -> int:
        """Where a number lies in one of the rows of the run's numbers."""
        held = self._numbers
        return held.data_ptr() + (row * held.stride(0) + place) * held.element_size()

    def _gradient_at(self, place: int) -> int:
        return self._gradients + place * self._numbers.element_size()

    def _vector_place(self, layer: int, kind: str) -> int | None:
        """Where a layer's vector of a kind begins in a row; None where it has none."""
        columns = self._layout.vector_columns.get((layer, kind))
        if columns is None:
            return None
        return self._places[len(self._layout.shapes) - 1] + int(columns.start)

    def _vectors(self, layer: int) -> dict[str, int]:
        """The addresses of a layer's vectors and their gradients."""
        found = {}
        for kind in ("bias", "gain", "shift", "slope"):
            place = self._vector_place(layer, kind)
            if place is not None:
                name = "learned_slope" if kind == "slope" else kind
                found[name] = self._at(VALUES, place)
                found[f"{kind}_gradient"] = self._gradient_at(place)
        return found

    def _described_layer(self, layer: int, buffers: _Buffers) -> ctypes.Structure:
        layout, config, n_rows = self._layout, self._run.model, self._n_rows
        width, place = layout.widths[layer], self._places[layer]
        n_linear = width * layout.pieces
        described = structures.Layer(
            n_units=config.hidden_sizes[layer],
            weights=self._at(VALUES, place),
            weight_gradients=self._gradient_at(place),
            outputs=buffers.cut(n_rows, width),
            slopes=buffers.cut(n_rows, width),
            stream=randomness.stream(self._run.seed, "dropout", layer + 1),
            n_dropped=randomness.n_dropped(config.dropout),
            **self._vectors(layer),
        )
        if config.activation in ("prelu", "maxout"):
            described.second = buffers.cut(n_rows, width)
        if config.normalization != "none":
            described.normalized = buffers.cut(n_rows, n_linear)
            described.scales = buffers.cut(max(n_rows, n_linear))
        if layout.statistics_shapes:
            described.statistics = self._at(VALUES, self._places[len(layout.shapes) + layer])
        return described

    def _described_network(self, buffers: _Buffers) -> ctypes.Structure:
        """Say where the output layer and the buffers between layers lie."""
        layout, config, n_rows = self._layout, self._run.model, self._n_rows
        widest = max(layout.widths, default=0)
        bias, place = self._vector_place(-1, "bias"), self._places[layout.n_layers]
        assert bias is not None, "the output layer has a bias"
        n_masked = max(widest, layout.n_inputs)
        offsets = randomness.mask_offsets(n_rows, n_masked, torch.device("cpu"))
        self._offsets = offsets  # keeps them alive
        described = structures.Network(
            n_rows=n_rows,
            n_inputs=layout.n_inputs,
            n_outputs=layout.n_outputs,
            n_pieces=layout.pieces,
            n_layers=layout.n_layers,
            activation=list(ACTIVATIONS).index(config.activation),
            normalization=hyperparameter("normalization").words.index(config.normalization),
            layers=ctypes.addressof(self.layers),
            inputs=buffers.cut(n_rows, layout.n_inputs),
            outputs=buffers.cut(layout.n_outputs, n_rows),
            output_gradients=buffers.cut(layout.n_outputs, n_rows),
            output_weights=self._at(VALUES, place),
            output_weight_gradients=self._gradient_at(place),
            output_bias=self._at(VALUES, bias),
            output_bias_gradients=self._gradient_at(bias),
            linear=buffers.cut(n_rows, layout.pieces * widest),
            linear_signals=buffers.cut(n_rows, layout.pieces * widest),
            signals=buffers.cut(n_rows, widest),
            signals_below=buffers.cut(n_rows, widest),
            row_offsets=address(offsets[0]),
            pair_offsets=address(offsets[1]),
            stream=randomness.stream(self._run.seed, "dropout", 0),
            n_dropped=randomness.n_dropped(config.input_dropout),
        )
        if layout.cardinalities:  # only embeddings ask for it
            described.input_signals = buffers.cut(n_rows, layout.n_inputs)
        return described

    def _described_embeddings(self) -> ctypes.Array[ctypes.Structure]:
        """Where the tables of embedded columns lie."""
        layout = self._layout
        described = (structures.Embedding * len(layout.cardinalities))()
        for column in range(len(layout.cardinalities)):
            number = layout.n_layers + 1 + column
            _, n_codes, size = layout.shapes[number]
            place = self._places[number]
            described[column] = structures.Embedding(
                n_codes, size, self._at(VALUES, place), self._gradient_at(place)
            )
        return described
