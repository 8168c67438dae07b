"""Points in the plane that teach what a network can and cannot separate.

Two spirals, two moons, two circles, and the gates and, or, nand, xor as four noisy corners.
Each comes as a `Dataset` whose test rows are a grid over the plane, so that predicting the
test rows draws the decision boundary.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from automl.data.dataset import Dataset, Fold, Split
from automl.data.table.inputs import InputScaling, NumberLevels, TableEncoding, TableInputs
from automl.data.table.scalings import CLIP_LIMIT
from automl.errors import ConfigError
from search_spaces.mlp_hyperparameters import MOST_BINS

N_ROWS: Final = 300
"""Train rows, and as many validation rows: enough to fill the spirals' three windings."""
GRID: Final = 64
"""Cells per side of the drawn plane: fine enough for a picture of 500 pixels, smoothed."""
MARGIN: Final = 0.15
"""Of the plane around the points, as a share of their spread."""


def toy_dataset(name: str, *, seed: int = 0, n_rows: int = N_ROWS, noise: float = 0.0) -> Dataset:
    """Train and validation rows of a toy problem, and a grid as test rows.

    Args:
        noise: share of rows, of train and validation alike, that have the other class's label.
            The points are the same whatever it is, and a larger share has those of a smaller.

    Raises:
        ConfigError: there is no such problem.
    """
    if name not in TOYS:
        raise ConfigError(f"data must be one of {', '.join(TOYS)}, but is {name!r}.")
    generator = torch.Generator().manual_seed(seed)
    train = TOYS[name](n_rows, generator)
    valid = TOYS[name](n_rows, generator)
    points, _ = train
    train, valid = (_mislabelled(*rows, noise, generator) for rows in (train, valid))
    scale = InputScaling(points.mean(0), 1 / points.std(0))
    plain = InputScaling(torch.zeros(2), torch.ones(2))
    levels = points.quantile(torch.linspace(0, 1, MOST_BINS + 1), dim=0)
    clipped = InputScaling(scale.shift, scale.scale, CLIP_LIMIT)
    fold = Fold(
        train=_split(*train),
        valid=_split(*valid),
        test=_split(grid(points), torch.zeros(GRID * GRID, dtype=torch.long)),
        encoding=TableEncoding(
            {
                "standard": scale,
                "min_max": scale,
                "robust": scale,
                "quantile": plain,
                "robust_clip": clipped,
            },
            levels=NumberLevels(levels, levels),
        ),
    )
    return Dataset("binary", "binary_cross_entropy", 2, (fold,))


def grid(points: Tensor) -> Tensor:
    """Points of a regular grid around others, row by row from below.

    Shape:
        points: (N, 2); result: (GRID * GRID, 2).
    """
    low, high = points.amin(0), points.amax(0)
    margin = MARGIN * (high - low)
    low, high = low - margin, high + margin
    x, y = (torch.linspace(float(low[i]), float(high[i]), GRID) for i in range(2))
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([columns.reshape(-1), rows.reshape(-1)], dim=1)


def _mislabelled(
    points: Tensor, targets: Tensor, noise: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The same points, about this share of them with the other label."""
    is_wrong = torch.rand(len(targets), generator=generator) < noise
    return points, torch.where(is_wrong, 1 - targets, targets)


def _split(points: Tensor, targets: Tensor) -> Split:
    no_codes = torch.empty(len(points), 0, dtype=torch.long)
    return Split(TableInputs(points, points, no_codes), targets)


Toy = Callable[[int, torch.Generator], tuple[Tensor, Tensor]]


def _spirals(n_rows: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Two arms of one and a half turns (the "two spirals" of Lang and Witbrock 1988, shorter)."""
    targets = torch.arange(n_rows) % 2
    radius = torch.rand(n_rows, generator=generator).sqrt()
    angle = 3 * math.pi * radius + math.pi * targets
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    return points + 0.02 * torch.randn(n_rows, 2, generator=generator), targets


def _moons(n_rows: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    targets = torch.arange(n_rows) % 2
    angle = math.pi * torch.rand(n_rows, generator=generator)
    upper = torch.stack([angle.cos(), angle.sin()], dim=1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], dim=1)
    points = torch.where(targets[:, None] == 0, upper, lower)
    return points + 0.15 * torch.randn(n_rows, 2, generator=generator), targets


def _circles(n_rows: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    targets = torch.arange(n_rows) % 2
    angle = 2 * math.pi * torch.rand(n_rows, generator=generator)
    radius = 1 - 0.5 * targets
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    return points + 0.1 * torch.randn(n_rows, 2, generator=generator), targets


def _gate(truth: Callable[[Tensor, Tensor], Tensor]) -> Toy:
    """Four noisy corners of the unit square, labelled by a logical function of them."""

    def draw(n_rows: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        corners = torch.arange(n_rows) % 4
        first, second = corners % 2 == 1, corners >= 2
        points = torch.stack([first, second], dim=1).float()
        points = points + 0.12 * torch.randn(n_rows, 2, generator=generator)
        return points, truth(first, second).long()

    return draw


TOYS: Final[dict[str, Toy]] = {
    "spirals": _spirals,
    "moons": _moons,
    "circles": _circles,
    "and": _gate(torch.logical_and),
    "or": _gate(torch.logical_or),
    "nand": _gate(lambda a, b: ~(a & b)),
    "xor": _gate(torch.logical_xor),
}
