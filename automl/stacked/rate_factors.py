"""Which parameters of a stack have a factor on their learning rate, and where they lie.

The roles are those of `models/parameter_roles.py`, which the plain trainer asks; here each block
of weights has one, and each kind of vector. Where all factors are 1 there is nothing to multiply.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor

from automl.models.parameter_roles import RateRole
from automl.stacked.blocks import StackLayout
from automl.training.config import TrainingConfig

VECTOR_ROLES: Final[Mapping[str, RateRole]] = {
    "bias": "bias",
    "mixing": "mixing",
    "numeric_encoding": "encoding",
    "input_gain": "input_scaling",
    "embeddings": "embedding",
}
"""The roles of vectors by their kind, see `StackLayout.vector_columns`, or by the first word of
what an input parameter is called."""


def block_roles(layout: StackLayout, k: int) -> tuple[RateRole | None, ...]:
    """The roles of run k's weights, block by block in the order of `StackBlocks.matrices`."""
    roles: list[RateRole | None] = [None] * (layout.n_layers + 1)  # hidden layers, output
    roles[0 if layout.configs[k].n_layers else -1] = "first_layer"
    roles += map(_role, layout.inputs.weights)
    return tuple(roles)


def _role(name: str) -> RateRole | None:
    return VECTOR_ROLES.get(name.partition(".")[0])


class Stretch(NamedTuple):
    """Numbers of one run that lie behind one another and are updated alike."""

    start: int
    stop: int
    is_penalized: bool
    rate_factor: float


def stretches(layout: StackLayout, training: TrainingConfig) -> list[Stretch]:
    """All parameters of a run that trains by itself, in as few stretches as can be."""
    found: list[Stretch] = []
    start = 0
    for size, is_penalized, factor in _pieces(layout, training):
        if found and found[-1][2:] == (is_penalized, factor):
            found[-1] = found[-1]._replace(stop=start + size)
        else:
            found.append(Stretch(start, start + size, is_penalized, factor))
        start += size
    return found


def stacked_factors(
    layout: StackLayout, trainings: Sequence[TrainingConfig], like: Tensor
) -> list[Tensor | None]:
    """The factors of each block of a stack, the vectors last; None where all are 1.

    Shape:
        each (K_l, 1); of the vectors (K, V).
    """
    per_run = [_factors(block_roles(layout, k), t) for k, t in enumerate(trainings)]
    columns: list[Sequence[Sequence[float]]] = [
        [[factors[block]] for factors in per_run[: shape[0]]]
        for block, shape in enumerate(layout.shapes[:-1])
    ]
    columns.append(
        [
            [factor for size, factor in _vector_pieces(layout, t) for _ in range(size)]
            for t in trainings
        ]
    )
    return [
        None
        if all(factor == 1.0 for factor in itertools.chain(*numbers))
        else torch.tensor(numbers, dtype=like.dtype, device=like.device)
        for numbers in columns
    ]


def _pieces(layout: StackLayout, training: TrainingConfig) -> Iterator[tuple[int, bool, float]]:
    """Sizes of a run's blocks and vectors, whether penalties act on them, their factors."""
    factors = _factors(block_roles(layout, 0), training)
    for shape, factor in zip(layout.shapes[:-1], factors, strict=True):
        yield math.prod(shape), True, factor
    for size, factor in _vector_pieces(layout, training):
        yield size, False, factor


def _vector_pieces(layout: StackLayout, training: TrainingConfig) -> Iterator[tuple[int, float]]:
    columns = layout.vector_columns
    factors = _factors([_role(kind) for _, kind in columns], training)
    for column, factor in zip(columns.values(), factors, strict=True):
        yield column.stop - column.start, factor


def _factors(roles: Sequence[RateRole | None], training: TrainingConfig) -> list[float]:
    known = training.rate_factors
    return [1.0 if role is None else known[role] for role in roles]
