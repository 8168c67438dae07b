"""How weights start: seven rules, drawn from the run's seed.

Each layer draws from a generator of its own, a function of (seed, layer), on the CPU and in
double precision: so a network has the same weights in either trainer, on any device, and
depth or width of one layer leave the other layers' draws alone. What "data_driven" then makes
of its draws on train rows is in `data_driven.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn

from automl.models.mlp.config import MLPConfig, column_widths, input_parameters, input_size
from automl.models.mlp.network import MLP

_BEFORE_EMBEDDINGS: Final = -(1 << 20)
"""The first "layer" of an encoding's draws: no table has so many embedded columns."""

_MEMBERS: Final = -(1 << 21)
"""The "layer" of the members' factors."""

Shape = tuple[int, ...]
Rule = Callable[[Shape, torch.Generator], Tensor]


def _gaussian(shape: Shape, generator: torch.Generator, variance: float) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64) * math.sqrt(variance)


def _orthogonal(shape: Shape, generator: torch.Generator) -> Tensor:
    """Rows (or columns, if fewer) orthonormal, uniform over such matrices (gain 1).

    Source:
        Saxe, McClelland & Ganguli 2014, arXiv 1312.6120; the signs of R's diagonal as in
        Mezzadri 2007, "How to generate random matrices from the classical compact groups".
    """
    pieces, n_out, n_in = shape
    tall = _gaussian((pieces, max(n_out, n_in), min(n_out, n_in)), generator, 1.0)
    q, r = torch.linalg.qr(tall)
    q = q * torch.where(r.diagonal(dim1=-2, dim2=-1) < 0, -1.0, 1.0)[:, None, :]
    orthonormal: Tensor = q if n_out >= n_in else q.mT
    return orthonormal


INITIALIZATIONS: Final[Mapping[str, Rule]] = {
    # Every unit of a layer then has the same gradient: kept as the textbook's bad example.
    "zeros": lambda shape, generator: torch.zeros(shape, dtype=torch.float64),
    # Standard deviation 0.01: Krizhevsky, Sutskever & Hinton 2012, section 5.
    "normal": lambda shape, generator: _gaussian(shape, generator, 1e-4),
    # Glorot & Bengio 2010, equation 12, as a normal distribution.
    "xavier": lambda shape, generator: _gaussian(shape, generator, 2 / (shape[1] + shape[2])),
    # He et al. 2015 with the mean of fan-in and fan-out, as the project's lecture gives it.
    "he": lambda shape, generator: _gaussian(shape, generator, 4 / (shape[1] + shape[2])),
    # He et al. 2015, "Delving Deep into Rectifiers", equation 10.
    "he_fan_in": lambda shape, generator: _gaussian(shape, generator, 2 / shape[2]),
    "orthogonal": _orthogonal,
    # Whatever their variance, they are rescaled on train rows: see data_driven.py.
    "data_driven": lambda shape, generator: _gaussian(shape, generator, 1 / shape[2]),
}
"""Name -> rule for a (pieces, n_out, n_in) weight; pieces is 2 for maxout, else 1."""


def draw_weights(
    config: MLPConfig,
    n_features: int,
    cardinalities: Sequence[int],
    n_outputs: int,
    seed: int,
    n_numbers: int = 0,
) -> Iterator[tuple[str, Tensor]]:
    """Draw the weights of a network from a run's seed, under the names of its `state_dict`.

    They follow `config.initialization`, but for an output layer that begins at zero. Embeddings
    are N(0, 1 / width) whatever the rule, since they are inputs (variance as in Gorishniy et al.
    2021, arXiv 2106.11959). What else a network has is not drawn: biases are zero, normalization,
    the slope of prelu and the shares of units that mix as they are made. The parameters of a
    numeric encoding are drawn or set by rules of their own, `_INPUT_RULES`, and so are the
    members' factors; each member's head is drawn by itself.

    Args:
        seed: already particular to the weights: `automl.randomness.stream(run.seed, "weights")`.

    Shape:
        as in the `state_dict`, float64.
    """
    rule = INITIALIZATIONS[config.initialization]
    n_in = input_size(config, n_features, cardinalities, n_numbers)
    for layer, size in enumerate(config.hidden_sizes):
        drawn = rule((config.pieces, size, n_in), layer_generator(seed, layer))
        yield f"hidden.{layer}.linear.weight", drawn.flatten(0, 1)
        n_in = size
    of_output = INITIALIZATIONS["zeros"] if config.output_initialization == "zero" else rule
    heads = (config.n_members, n_outputs, n_in)
    drawn = of_output(heads, layer_generator(seed, config.n_layers))
    yield "output.weight", drawn.flatten(0, 1)
    for column, codes in enumerate(cardinalities):
        shape = (codes, config.embedding_width(codes))
        drawn = _gaussian(shape, layer_generator(seed, -1 - column), 1 / shape[1])
        yield f"embeddings.{column}.weight", drawn
    yield from _drawn_encoding(config, n_numbers, seed)
    if config.n_members > 1:
        widths = column_widths(config, n_features, cardinalities, n_numbers)
        is_encoded = n_numbers > 0 and config.numeric_encoding != "none"
        yield (
            "members.scale",
            _drawn_members(config.n_members, widths, seed, is_encoded=is_encoded),
        )


def _drawn_members(
    n_members: int, widths: Sequence[int], seed: int, *, is_encoded: bool
) -> Tensor:
    """The first factors of each member: one for all inputs of a column, (k x D,).

    Columns are those of the encoded rows: a one-hot column has a factor of its own, where TabM
    draws one for all that a categorical column has become.

    Source:
        TabM, arXiv 2410.24210, and its code: random signs, or where numbers are encoded N(0, 1).
    """
    drawn = _gaussian((n_members, len(widths)), layer_generator(seed, _MEMBERS), 1.0)
    if not is_encoded:
        drawn = torch.where(drawn < 0, -1.0, 1.0).double()
    return drawn.repeat_interleave(torch.tensor(widths, dtype=torch.int64), dim=1).flatten()


def _uniform(shape: Shape, generator: torch.Generator, limit: float) -> Tensor:
    return (2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1) * limit


InputRule = Callable[[Shape, torch.Generator, MLPConfig], Tensor]

_INPUT_RULES: Final[Mapping[str, Mapping[str, InputRule]]] = {
    # Version B of TabM's code: linear maps as they begin in rtdl, bins with zeros.
    "piecewise_linear": {
        "weight": lambda shape, generator, config: torch.zeros(shape, dtype=torch.float64),
        "linear_weight": lambda shape, generator, config: _uniform(
            shape, generator, config.encoding_size**-0.5
        ),
        "bias": lambda shape, generator, config: _uniform(
            shape, generator, config.encoding_size**-0.5
        ),
    },
    # PBLD of Holzmüller et al. 2024, arXiv 2407.04491; 1/4 there, of 16 frequencies.
    "periodic": {
        "frequencies": lambda shape, generator, config: _gaussian(
            shape, generator, config.frequency_scale**2
        ),
        "bias_phases": lambda shape, generator, config: _uniform(shape, generator, math.pi),
        "weight": lambda shape, generator, config: _uniform(
            shape, generator, config.n_frequencies**-0.5
        ),
        "bias": lambda shape, generator, config: _uniform(
            shape, generator, config.n_frequencies**-0.5
        ),
    },
}
"""Numeric encoding -> its parameters and how they begin."""


def _drawn_encoding(config: MLPConfig, n_numbers: int, seed: int) -> Iterator[tuple[str, Tensor]]:
    """The parameters of a numeric encoding, each from a generator of its own."""
    for place, (name, shape) in enumerate(input_parameters(config, n_numbers).items()):
        rule = _INPUT_RULES[config.numeric_encoding][name.partition(".")[2]]
        yield name, rule(shape, layer_generator(seed, _BEFORE_EMBEDDINGS - place), config)


@torch.no_grad()
def initialize_(model: MLP, seed: int) -> None:
    """Set all parameters of a network from a run's seed, in place; see `draw_weights`."""
    for linear in model.linears:
        if linear.bias is not None:
            nn.init.zeros_(linear.bias)
    tables = [table for table in model.embeddings if isinstance(table, nn.Embedding)]
    cardinalities = [table.num_embeddings for table in tables]
    parameters = dict(model.named_parameters())
    n_features = len(model.input_shift)
    n_outputs = model.output.out_features // model.config.n_members
    drawn = draw_weights(model.config, n_features, cardinalities, n_outputs, seed, model.n_numbers)
    for name, weight in drawn:
        parameters[name].copy_(weight)


def layer_generator(seed: int, layer: int) -> torch.Generator:
    """A generator for one layer. The Mersenne Twister wants seeds that look unalike."""
    generator = torch.Generator()
    generator.manual_seed((seed * 0x9E3779B97F4A7C15 + layer * 0xBF58476D1CE4E5B9) % (1 << 63))
    return generator
