"""Where the numbers of K networks lie when they train as one stack.

Runs are sorted by depth, deepest first, so layer l belongs to the first `n_runs(l)` of them
and no run carries layers it does not have. Widths are padded to the layer's widest run with
zeros that stay zero. A `StackBlocks` holds one number per parameter (values, gradients, a
moment, best weights) in one flat buffer, cut into one block per layer with the runs first;
`tensors_of` shows a run's part under the plain network's `state_dict` names. The passes over
these blocks are listed in `stack_passes.py`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import Tensor

from automl.data.table.inputs import NumberBins
from automl.models.mlp.config import MLPConfig
from automl.models.mlp.initialization import draw_weights
from automl.models.mlp.network import PRELU_SLOPE
from automl.stacked.input_layout import InputLayout

_STARTS: Final = {
    "normalization.weight": 1.0,
    "normalization.running_var": 1.0,
    "slope": PRELU_SLOPE,
    "mixing": 1.0,
    "input_gain": 1.0,
}
"""What begins at another number than zero and is not drawn."""

ALIGNMENT: Final = 8
"""Padded widths are multiples of this: eight float32 fill an AVX2 register."""


def padded(width: int) -> int:
    """The width that a layer of this many units takes in a stack."""
    return -(-width // ALIGNMENT) * ALIGNMENT


def sort_key(config: MLPConfig) -> tuple[int, str]:
    """How the runs of a stack are ordered: deepest first, then alike beside alike."""
    return (-config.n_layers, config.activation)


@dataclass(frozen=True)
class StackLayout:
    """The shapes of a stack of networks on the same columns.

    All runs have as many members, and maxout units, which have two linear maps, or none has.
    """

    configs: tuple[MLPConfig, ...]  # in the order of `sort_key`
    n_features: int
    cardinalities: tuple[int, ...]
    n_outputs: int
    n_numbers: int = 0  # of the features, the first ones, which a numeric encoding acts on
    bins: tuple[NumberBins, ...] = field(default=(), compare=False)  # per run, if they have any

    @classmethod
    def of(
        cls,
        configs: Sequence[MLPConfig],
        n_features: int,
        cardinalities: Sequence[int],
        n_outputs: int,
        n_numbers: int = 0,
        bins: Sequence[NumberBins] = (),
    ) -> StackLayout:
        """The layout of runs that are sorted by `sort_key`."""
        codes = tuple(cardinalities)
        return cls(tuple(configs), n_features, codes, n_outputs, n_numbers, tuple(bins))

    @functools.cached_property
    def n_layers(self) -> int:
        """Hidden layers of the deepest run."""
        return self.configs[0].n_layers

    @functools.cached_property
    def pieces(self) -> int:
        """Linear maps per hidden unit."""
        return self.configs[0].pieces

    @functools.cached_property
    def n_inputs(self) -> int:
        """Width of the first layer's input: encoded columns, then embeddings."""
        return self.inputs.width

    @functools.cached_property
    def inputs(self) -> InputLayout:
        """What each run has before its first layer."""
        return InputLayout(self.configs[0], self.n_features, self.cardinalities, self.n_numbers)

    @functools.cached_property
    def has_normalization(self) -> bool:
        """Whether any run normalizes."""
        return any(config.normalization != "none" for config in self.configs)

    def n_runs(self, layer: int) -> int:
        """How many runs have this hidden layer, counted from 0."""
        return sum(config.n_layers > layer for config in self.configs)

    def ending_at(self, depth: int) -> slice:
        """The runs with exactly this many hidden layers."""
        before = len(self.configs) if depth == 0 else self.n_runs(depth - 1)
        return slice(self.n_runs(depth), before)

    @functools.cached_property
    def widths(self) -> tuple[int, ...]:
        """Padded units of each hidden layer."""
        return tuple(
            padded(max(c.hidden_sizes[layer] for c in self.configs[: self.n_runs(layer)]))
            for layer in range(self.n_layers)
        )

    def width_into(self, layer: int) -> int:
        """Padded width of the input of a hidden layer, or of the output layer at a depth."""
        return self.n_inputs if layer == 0 else self.widths[layer - 1]

    @functools.cached_property
    def output_width(self) -> int:
        """Padded width of the output layer's weights: the widest last hidden layer."""
        return max(self.width_into(depth) for depth in {c.n_layers for c in self.configs})

    def unit_mask(
        self, layer: int, dtype: torch.dtype, device: torch.device | str
    ) -> Tensor | None:
        """1 for real units and 0 for padding, or None where nothing is padded.

        Shape:
            result: (K_l, 1, pieces x H).
        """
        sizes = [config.hidden_sizes[layer] for config in self.configs[: self.n_runs(layer)]]
        if all(size == self.widths[layer] for size in sizes):
            return None
        units = torch.arange(self.widths[layer], device=device)
        real = units < torch.tensor(sizes, device=device)[:, None]
        return real.to(dtype).repeat(1, self.pieces)[:, None, :]

    @functools.cached_property
    def vector_columns(self) -> dict[tuple[int, str], slice]:
        """Columns of the block of vectors, by layer (-1: output) and kind."""
        kinds = ["bias", "gain", "shift"] if self.has_normalization else ["bias"]
        sizes = {(-1, "bias"): self.inputs.n_members * self.n_outputs}
        for layer, kind in itertools.product(range(self.n_layers), kinds):
            sizes[layer, kind] = self.widths[layer] * self.pieces
        if any(config.activation == "prelu" for config in self.configs):
            sizes |= {(layer, "slope"): 1 for layer in range(self.n_layers)}
        if any(config.mixes for config in self.configs):
            sizes |= {(layer, "mixing"): self.widths[layer] for layer in range(self.n_layers)}
        sizes |= self.inputs.vector_sizes
        stops = itertools.accumulate(sizes.values())
        return {
            key: slice(stop - size, stop)
            for (key, size), stop in zip(sizes.items(), stops, strict=True)
        }

    @functools.cached_property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the blocks: hidden layers, output, embeddings, encodings, vectors."""
        n_runs = len(self.configs)
        hidden = [
            (self.n_runs(layer), self.width_into(layer), self.widths[layer] * self.pieces)
            for layer in range(self.n_layers)
        ]
        output = (n_runs, self.output_width, self.inputs.n_members * self.n_outputs)
        inputs = [(n_runs, *shape) for shape in self.inputs.weights.values()]
        n_columns = max(columns.stop for columns in self.vector_columns.values())
        return (*hidden, output, *inputs, (n_runs, n_columns))

    @functools.cached_property
    def statistics_shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of batch normalization's running statistics, mean then variance of a layer."""
        if not any(config.normalization == "batch_norm" for config in self.configs):
            return ()
        return tuple(
            (self.n_runs(layer), 2 * self.widths[layer] * self.pieces)
            for layer in range(self.n_layers)
        )


def _size(shapes: Sequence[Sequence[int]]) -> int:
    return sum(functools.reduce(lambda a, b: a * b, shape, 1) for shape in shapes)


class StackBlocks:
    """One number per parameter of a stack, zeros at first.

    Attributes:
        flat: all numbers, padding included, parameters before running statistics.
        hidden: per layer (K_l, n_in, pieces x H); output: (K, n_in, k x C) of k members; inputs:
            (K, ...), see `InputLayout.weights`; vectors: (K, V), see `StackLayout.vector_columns`.
        statistics: per layer running mean, then variance, (K_l, 2 x pieces x H); may be empty.
    """

    def __init__(
        self,
        layout: StackLayout,
        *,
        device: torch.device | str,
        dtype: torch.dtype,
        statistics: bool = False,
        flat: Tensor | None = None,
    ) -> None:
        """Make the blocks.

        Args:
            statistics: with those of batch normalization.
            flat: the numbers, where they lie already; there may be more behind them.
        """
        self.layout = layout
        shapes = layout.shapes + (layout.statistics_shapes if statistics else ())
        if flat is None:
            flat = torch.zeros(_size(shapes), device=device, dtype=dtype)
        self.flat = flat[: _size(shapes)]
        self.n_parameters = _size(layout.shapes)
        blocks = [
            part.view(shape)
            for part, shape in zip(
                self.flat.split([_size([shape]) for shape in shapes]), shapes, strict=True
            )
        ]
        n_layers = layout.n_layers
        self.hidden = blocks[:n_layers]
        self.output = blocks[n_layers]
        self.inputs = blocks[n_layers + 1 : len(layout.shapes) - 1]
        self.vectors = blocks[len(layout.shapes) - 1]
        self.statistics = blocks[len(layout.shapes) :]

    @property
    def matrices(self) -> list[Tensor]:
        """The blocks of weights and embeddings, which penalties act on, as (K_l, n)."""
        blocks = [*self.hidden, self.output, *self.inputs]
        return [block.flatten(1) for block in blocks]

    @property
    def input_tensors(self) -> dict[str, Tensor]:
        """What the runs learn before the first layer, (K, ...), by the plain network's names."""
        own = self.layout.inputs
        vectors = {n: self.vector(-1, n).unflatten(1, shape) for n, shape in own.vectors.items()}
        return dict(zip(own.weights, self.inputs, strict=True)) | vectors

    def gain_and_shift(self, layer: int) -> Tensor:
        """The vectors of normalization, which lie beside one another, (K_l, 2 n)."""
        columns = self.layout.vector_columns
        both = slice(columns[layer, "gain"].start, columns[layer, "shift"].stop)
        vectors: Tensor = self.vectors[: self.layout.n_runs(layer), both]
        return vectors

    def vector(self, layer: int, kind: str) -> Tensor:
        """The vectors of one kind of the runs that have the layer.

        Shape:
            result: (K_l, n); for layer -1, the output, (K, k x C) of k members.
        """
        n_runs = len(self.vectors) if layer < 0 else self.layout.n_runs(layer)
        vectors: Tensor = self.vectors[:n_runs, self.layout.vector_columns[layer, kind]]
        return vectors

    def tensors_of(self, k: int) -> dict[str, Tensor]:
        """The tensors of run k as views, under the plain network's names.

        What a maxout layer has per piece comes with the pieces as an axis of its own;
        `read` flattens it and `write` accepts it flat.
        """
        config, pieces = self.layout.configs[k], self.layout.pieces
        views: dict[str, Tensor] = {}
        n_in = self.layout.n_inputs
        for layer, size in enumerate(config.hidden_sizes):
            prefix = f"hidden.{layer}"
            weight = self.hidden[layer][k, :n_in].unflatten(-1, (pieces, -1))
            views[f"{prefix}.linear.weight"] = weight[..., :size].permute(1, 2, 0)
            views |= {
                f"{prefix}.{name}": values[k].unflatten(-1, (pieces, -1))[..., :size]
                for name, values in self._unit_vectors(layer, config).items()
            }
            if config.activation == "prelu":
                views[f"{prefix}.slope"] = self.vector(layer, "slope")[k]
            n_in = size
        views["output.weight"] = self.output[k, :n_in].T
        views["output.bias"] = self.vector(-1, "bias")[k]
        return views | {name: values[k] for name, values in self.input_tensors.items()}

    def _unit_vectors(self, layer: int, config: MLPConfig) -> dict[str, Tensor]:
        """What a layer has per linear unit beside its weights, (K_l, pieces x H) each."""
        found = {"mixing": self.vector(layer, "mixing")} if config.mixes else {}
        if config.normalization != "batch_norm":
            found["linear.bias"] = self.vector(layer, "bias")
        if config.normalization != "none":
            found["normalization.weight"] = self.vector(layer, "gain")
            found["normalization.bias"] = self.vector(layer, "shift")
        if config.normalization == "batch_norm" and self.statistics:
            mean, variance = self.statistics[layer].chunk(2, dim=1)
            found["normalization.running_mean"] = mean
            found["normalization.running_var"] = variance
        return found

    def read(self, k: int) -> dict[str, Tensor]:
        """Copy run k's tensors to the CPU, shaped as the plain network has them."""
        return {
            name: _as_plain(name, view).detach().cpu().clone()
            for name, view in self.tensors_of(k).items()
        }

    def write(self, k: int, tensors: Mapping[str, Tensor]) -> None:
        """Set run k's tensors from ones shaped as the plain network has them."""
        for name, view in self.tensors_of(k).items():
            view.copy_(tensors[name].reshape(view.shape))

    def initialize(self, k: int, seed: int) -> None:
        """Set run k's parameters from its seed, as `initialization.initialize_` does.

        Args:
            seed: see `draw_weights`.
        """
        layout = self.layout
        data = (layout.n_features, layout.cardinalities, layout.n_outputs)
        drawn = draw_weights(layout.configs[k], *data, seed, layout.n_numbers)
        views = self.tensors_of(k)
        for name, weight in drawn:
            view = views.pop(name)
            view.copy_(weight.view(view.shape))
        for name, view in views.items():
            view.fill_(_STARTS.get(name.split(".", 2)[-1], 0.0))

    def take_over(self, other: StackBlocks, moves: Sequence[tuple[int, int]]) -> None:
        """Copy runs from the blocks of another stack on the same columns.

        Args:
            moves: each run's place there and here.
        """
        for layer, block in enumerate(self.hidden):
            places = self._places(moves, layer)
            if places and layer < len(other.hidden):
                pieces = (self.layout.pieces, -1)
                source = other.hidden[layer].unflatten(-1, pieces)
                _move(block.unflatten(-1, pieces), source, places)
        rest = zip((self.output, *self.inputs), (other.output, *other.inputs), strict=True)
        for block, source in rest:
            _move(block, source, moves)
        for (layer, kind), columns in self.layout.vector_columns.items():
            if (layer, kind) in other.layout.vector_columns:
                source = other.vectors[:, other.layout.vector_columns[layer, kind]]
                self._move_units(self.vectors[:, columns], source, layer, moves)
        for layer, (own, others) in enumerate(
            zip(self.statistics, other.statistics, strict=False)
        ):
            halves = zip(own.chunk(2, dim=1), others.chunk(2, dim=1), strict=True)
            for target, source in halves:
                self._move_units(target, source, layer, moves)

    def _places(self, moves: Sequence[tuple[int, int]], layer: int) -> list[tuple[int, int]]:
        return [move for move in moves if self.layout.configs[move[1]].n_layers > layer]

    def _move_units(
        self, target: Tensor, source: Tensor, layer: int, moves: Sequence[tuple[int, int]]
    ) -> None:
        """Copy vectors with one number per linear unit (or one in all) of a layer."""
        per_unit = layer >= 0 and target.shape[1] > 1
        pieces = (self.layout.pieces if per_unit else 1, -1)
        places = self._places(moves, layer)
        if places:
            _move(target.unflatten(1, pieces), source.unflatten(1, pieces), places)

    def keep(self, other: StackBlocks, runs: Sequence[int]) -> None:
        """Copy runs from blocks of the same layout."""
        if len(runs) == len(self.layout.configs):
            self.flat.copy_(other.flat)
            return
        for target, source in zip(self.blocks, other.blocks, strict=True):
            rows = [k for k in runs if k < len(target)]
            if rows:
                index = torch.tensor(rows, device=target.device)
                target.index_copy_(0, index, source.index_select(0, index))

    @property
    def blocks(self) -> list[Tensor]:
        """All blocks, the runs first in each."""
        return [*self.hidden, self.output, *self.inputs, self.vectors, *self.statistics]


def _move(target: Tensor, source: Tensor, places: Sequence[tuple[int, int]]) -> None:
    """Copy rows, cut to the smaller of both paddings: what is cut off is zero."""
    old, new = (torch.tensor(column, device=target.device) for column in zip(*places, strict=True))
    sizes = [min(pair) for pair in zip(target.shape[1:], source.shape[1:], strict=True)]
    cut = tuple(slice(size) for size in sizes)
    target[(slice(None), *cut)].index_copy_(0, new, source[(slice(None), *cut)][old])


def _as_plain(name: str, view: Tensor) -> Tensor:
    """Put the pieces of a maxout layer behind one another."""
    if not name.startswith("hidden.") or name.endswith(".slope"):
        return view.contiguous()
    return view.flatten(0, 1).contiguous()
