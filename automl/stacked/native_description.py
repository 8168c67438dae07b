"""The description of one run for the compiled kernels: where everything of it lies.

A run's parameters, best weights, moments and averages are rows of one tensor, its own. What a step
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
from automl.stacked.encoding import PREFIX
from automl.stacked.input_layout import MEMBER_SCALE
from automl.stacked.native_structures import address
from automl.stacked.rate_factors import stretches
from automl.training.config import RunConfig
from search_spaces.hyperparameters import hyperparameter

VALUES, BEST, FIRST, SECOND, AVERAGES = range(5)
"""The rows of a run's numbers: parameters with running statistics, the same of the best epoch,
two moments; and averages of the first row where the run has any."""

_CPU: Final = torch.device("cpu")

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


class _Numbers:
    """Where the numbers of a run lie, by block; `gradients` is where those of its values go."""

    def __init__(self, layout: StackLayout, numbers: Tensor, gradients: int) -> None:
        shapes = layout.shapes + layout.statistics_shapes
        self._starts = [0, *itertools.accumulate(math.prod(shape) for shape in shapes)]
        self._layout, self._numbers, self._gradients = layout, numbers, gradients

    @property
    def dtype(self) -> torch.dtype:
        """Their precision."""
        return self._numbers.dtype

    @property
    def n_parameters(self) -> int:
        """All but running statistics."""
        return self._starts[len(self._layout.shapes)]

    @property
    def n_penalized(self) -> int:
        """Those before the block of vectors."""
        return self._starts[len(self._layout.shapes) - 1]

    def row(self, number: int) -> int:
        """Where one of the four rows begins."""
        held = self._numbers
        return held.data_ptr() + number * held.stride(0) * held.element_size()

    def block(self, number: int) -> tuple[int, int]:
        """Where a block lies, and its gradients."""
        return self._both(self._starts[number])

    def statistics(self, layer: int) -> int:
        """Where a layer's running statistics lie; 0 where it has none."""
        layout = self._layout
        return self.block(len(layout.shapes) + layer)[0] if layout.statistics_shapes else 0

    def vector(self, layer: int, kind: str) -> tuple[int, int]:
        """Where a vector lies, and its gradients; 0 where a layer (-1: output) has none."""
        columns = self._layout.vector_columns.get((layer, kind))
        return (0, 0) if columns is None else self._both(self.n_penalized + columns.start)

    def input_places(self) -> dict[str, tuple[int, int]]:
        """Where what a numeric encoding learns lies, and its gradients, by its own names."""
        inputs, first = self._layout.inputs, self._layout.n_layers + 1
        blocks = {name: self.block(first + n) for n, name in enumerate(inputs.weights)}
        vectors = {name: self.vector(-1, name) for name in inputs.vectors}
        return {
            name.removeprefix(PREFIX): place
            for name, place in (blocks | vectors).items()
            if name.startswith(PREFIX)
        }

    def _both(self, place: int) -> tuple[int, int]:
        offset = place * self._numbers.element_size()
        return self.row(VALUES) + offset, self._gradients + offset


class DescribedRun:
    """The structures of a run, and what they point to.

    Attributes:
        network: of the networks' kernels.
        update: of the optimizer's.
        embeddings: the tables of embedded columns.
        before: where the parameters before an epoch's last step go.
        targets: where a batch's go, of 64 bits each.
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
            numbers: see `VALUES`, (4, N), or (5, N) with averages.
            n_rows: the most rows of a batch.
        """
        self._run, self._layout, self._n_rows = run, layout, n_rows
        n_needed = self._describe(_Buffers(scratch), numbers)
        if n_needed > len(scratch.numbers):
            scratch.grow(n_needed)
            self._describe(_Buffers(scratch), numbers)
        self._held.append(scratch.numbers)

    @property
    def _n_spread(self) -> int:
        """The most rows of a batch behind the inputs: those of all members."""
        return self._layout.inputs.n_members * self._n_rows

    def set_dropout(self, regularization: float) -> None:
        """Multiply the probabilities of dropout by a factor from now on."""
        config = self._run.model
        self.network.n_dropped = randomness.n_dropped(config.input_dropout * regularization)
        for layer in self._layers:
            layer.n_dropped = randomness.n_dropped(config.dropout * regularization)

    def _describe(self, buffers: _Buffers, numbers: Tensor) -> int:
        """Fill all structures; returns how many numbers the buffers take."""
        self._held: list[object] = [numbers]  # keeps alive what is pointed to
        gradients = buffers.cut(numbers.shape[1])
        held = _Numbers(self._layout, numbers, gradients)
        layers = (structures.Layer * self._layout.n_layers)()
        for layer in range(self._layout.n_layers):
            layers[layer] = self._described_layer(layer, held, buffers)
        self._layers = layers
        self.network = self._described_network(held, buffers)
        self.network.layers = ctypes.addressof(layers)
        self.embeddings = self._described_embeddings(held)
        parts = self._described_stretches()
        self.update = structures.Update(
            n_penalized=held.n_penalized,
            n_parameters=held.n_parameters,
            values=held.row(VALUES),
            gradients=gradients,
            first=held.row(FIRST),
            second=held.row(SECOND),
            n_stretches=len(parts),
            stretches=ctypes.addressof(parts),
        )
        self.before = buffers.cut(held.n_penalized)
        self.targets = buffers.cut(2 * self._n_spread)
        return buffers.size

    def _described_stretches(self) -> ctypes.Array[ctypes.Structure]:
        """Which parameters are updated alike."""
        found = stretches(self._layout, self._run.training)
        described = (structures.Stretch * len(found))(
            *(structures.Stretch(*each) for each in found)
        )
        self._held.append(described)
        return described

    def _described_layer(
        self, layer: int, numbers: _Numbers, buffers: _Buffers
    ) -> ctypes.Structure:
        layout, config, n_rows = self._layout, self._run.model, self._n_spread
        width = layout.widths[layer]
        n_linear = width * layout.pieces
        described = structures.Layer(
            n_units=config.hidden_sizes[layer],
            skips=config.skips(layer),
            outputs=buffers.cut(n_rows, width),
            slopes=buffers.cut(n_rows, width),
            statistics=numbers.statistics(layer),
            stream=randomness.stream(self._run.seed, "dropout", layer + 1),
            n_dropped=randomness.n_dropped(config.dropout),
        )
        described.weights, described.weight_gradients = numbers.block(layer)
        described.bias, described.bias_gradient = numbers.vector(layer, "bias")
        described.gain, described.gain_gradient = numbers.vector(layer, "gain")
        described.shift, described.shift_gradient = numbers.vector(layer, "shift")
        described.learned_slope, described.slope_gradient = numbers.vector(layer, "slope")
        described.mixing, described.mixing_gradient = numbers.vector(layer, "mixing")
        if config.activation in ("prelu", "maxout") or config.mixes:
            described.second = buffers.cut(n_rows, width)
        if config.normalization != "none":
            described.normalized = buffers.cut(n_rows, n_linear)
            described.scales = buffers.cut(max(n_rows, n_linear))
        return described

    def _described_network(self, numbers: _Numbers, buffers: _Buffers) -> ctypes.Structure:
        """Say where the output layer and the buffers between layers lie."""
        layout, config, n_rows = self._layout, self._run.model, self._n_spread
        widest = max(layout.widths, default=0)
        offsets = randomness.mask_offsets(n_rows, max(widest, layout.n_inputs), _CPU)
        self._held += offsets
        described = structures.Network(
            n_inputs=layout.n_inputs,
            n_outputs=layout.n_outputs,
            n_members=layout.inputs.n_members,
            n_pieces=layout.pieces,
            n_layers=layout.n_layers,
            activation=list(ACTIVATIONS).index(config.activation),
            normalization=hyperparameter("normalization").words.index(config.normalization),
            inputs=buffers.cut(self._n_rows, layout.n_inputs),
            first_row=buffers.cut(layout.n_inputs) if config.mixup else 0,
            outputs=buffers.cut(layout.n_outputs, n_rows),
            output_gradients=buffers.cut(layout.n_outputs, n_rows),
            linear=buffers.cut(n_rows, layout.pieces * widest),
            linear_signals=buffers.cut(n_rows, layout.pieces * widest),
            signals=buffers.cut(n_rows, widest),
            signals_below=buffers.cut(n_rows, widest),
            row_offsets=address(offsets[0]),
            pair_offsets=address(offsets[1]),
            stream=randomness.stream(self._run.seed, "dropout", 0),
            n_dropped=randomness.n_dropped(config.input_dropout),
        )
        block = numbers.block(layout.n_layers)
        described.output_weights, described.output_weight_gradients = block
        vector = numbers.vector(-1, "bias")
        described.output_bias, described.output_bias_gradients = vector
        self._describe_factors(described, numbers, buffers)
        if layout.inputs.is_encoded:
            encoding = self._described_encoding(numbers, buffers)
            self._held.append(encoding)
            described.encoding = ctypes.addressof(encoding)
        return described

    def _describe_factors(
        self, described: ctypes.Structure, numbers: _Numbers, buffers: _Buffers
    ) -> None:
        """Where the factors of inputs lie, and the rows that they are multiplied into."""
        inputs = self._layout.inputs
        if inputs.is_learned:
            described.input_signals = buffers.cut(self._n_rows, inputs.width)
        if inputs.has_gain:
            gain = numbers.vector(-1, "input_gain")
            described.input_gain, described.input_gain_gradients = gain
            described.ungained = buffers.cut(self._n_rows, inputs.width)
        if self._layout.inputs.n_members > 1:
            scale = numbers.vector(-1, MEMBER_SCALE)
            described.member_scale, described.member_scale_gradients = scale
            described.spread = buffers.cut(self._n_spread, inputs.width)
            described.spread_signals = buffers.cut(self._n_spread, inputs.width)

    def _described_encoding(self, numbers: _Numbers, buffers: _Buffers) -> ctypes.Structure:
        """Where the parameters of the numeric encoding lie, and what it works in."""
        layout, config, n_rows = self._layout, self._run.model, self._n_rows
        is_periodic = config.numeric_encoding == "periodic"
        n_parts = config.n_frequencies if is_periodic else config.n_bins
        described = structures.Encoding(
            kind=hyperparameter("numeric_encoding").words.index(config.numeric_encoding),
            n_numbers=layout.n_numbers,
            size=config.encoding_size,
            n_parts=n_parts,
            columns=buffers.cut(n_rows, layout.n_numbers),
        )
        places = numbers.input_places()
        described.weights, described.weight_gradients = places["weight"]
        described.bias, described.bias_gradients = places["bias"]
        if is_periodic:
            described.slopes, described.slope_gradients = places["frequencies"]
            described.phases, described.phase_gradients = places["bias_phases"]
            described.space = buffers.cut(3, n_rows, n_parts)  # angles, waves, their signals
            return described
        described.slopes, described.slope_gradients = places["linear_weight"]
        described.space = buffers.cut(n_parts, config.encoding_size)  # sums by bin
        (bins,) = layout.bins
        fixed = [
            each.to(numbers.dtype).contiguous() for each in (bins.starts, bins.inverse_widths)
        ]
        described.starts, described.inverse_widths = (address(each) for each in fixed)
        self._held += fixed
        return described

    def _described_embeddings(self, numbers: _Numbers) -> ctypes.Array[ctypes.Structure]:
        """Where the tables of embedded columns lie."""
        layout = self._layout
        described = (structures.Embedding * len(layout.cardinalities))()
        for column in range(len(layout.cardinalities)):
            number = layout.n_layers + 1 + column
            _, n_codes, size = layout.shapes[number]
            described[column] = structures.Embedding(n_codes, size, *numbers.block(number))
        return described
