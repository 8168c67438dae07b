"""Parzen estimators over mixed coordinates: densities of trials, to draw from and to compare.

A density is a mixture of one kernel per trial and one that is the whole space. A kernel is a
product over the parameters: a normal distribution cut off at the ends of a range, its integrals
over ordered cells, and for choices the trial's own with a share for the others. In a parameter
that its trial does not have, a kernel is uniform; a parameter that a draw does not have does not
count. So parameters with conditions are modelled together with what they depend on.

The logarithm of a kernel is linear in features of the draw: squares, coordinates, and ones. So
the densities of all draws under all kernels are one product of two matrices.

Source:
    Bergstra et al. 2011, "Algorithms for hyper-parameter optimization", NeurIPS; Watanabe 2023,
    "Tree-structured Parzen estimator: understanding its algorithm components and their roles for
    better empirical performance", arXiv 2304.11127, for the parts that can be chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from automl.tuning.tpe.dimensions import Booleans, Cells, Dimension, Floats

LEAST_WIDTH = 0.02
"""Of a kernel, as a part of the range."""

ONE_THREAD = 200_000
"""Multiplications that NumPy's OpenBLAS does in one thread (it takes several from 262,144 on): on
two cores that trained meanwhile, a product of 24 x 46 x 1,000 in one go took 50 times as long."""

LEAST_PROBABILITY = 1e-300
"""Of a cell under a kernel: it has a logarithm."""


class Columns:
    """Where coordinates of each kind stand, and what a kernel's logarithm is linear in.

    Attributes:
        ranges, choices, ordered: the columns of each kind; n_choices: of each of `choices`;
        offsets: where those of each begin among all; borders: of ordered cells, by column;
        n_features: all in all.
    """

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        cells = {n: each for n, each in enumerate(dimensions) if isinstance(each, Cells)}
        self.ranges = np.array([n for n in range(len(dimensions)) if n not in cells], np.intp)
        self.borders = {n: each.borders for n, each in cells.items() if each.borders is not None}
        self.ordered = tuple(self.borders)
        self.choices = np.array([n for n in cells if n not in self.borders], np.intp)
        self.n_choices = np.array([len(cells[int(n)].values) for n in self.choices], np.intp)
        self.offsets = np.cumsum(self.n_choices) - self.n_choices
        n_ordered = sum(len(each) - 1 for each in self.borders.values())
        self.n_features = 3 * len(self.ranges) + int(self.n_choices.sum()) + n_ordered + 1

    def features(self, coordinates: Floats, has: Booleans) -> Floats:
        """Squares, coordinates and ones of ranges, then a one for each cell that a draw is in.

        Zeros where a draw does not have the parameter.

        Shape:
            coordinates, has: (M, D); result: (M, F).
        """
        rows = np.arange(len(coordinates))[:, None]
        ones = has[:, self.ranges].astype(np.float64)
        inside = coordinates[:, self.ranges] * ones
        choices = np.zeros((len(coordinates), int(self.n_choices.sum())))
        own = self.offsets + coordinates[:, self.choices].astype(np.intp)
        choices[rows, own] = has[:, self.choices]
        parts = [inside**2, inside, ones, choices]
        for column in self.ordered:
            cells = np.zeros((len(coordinates), len(self.borders[column]) - 1))
            cells[rows[:, 0], coordinates[:, column].astype(np.intp)] = has[:, column]
            parts.append(cells)
        return np.concatenate([*parts, np.ones((len(coordinates), 1))], axis=1)


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """How far a trial speaks for what lies beside it.

    Attributes:
        width: standard deviation of a kernel, as a part of a range.
        share: what a kernel gives to all choices alike.
    """

    width: float
    share: float


class Parzen:
    """A density over the coordinates of a search space.

    Args:
        weights: of the kernels, that of the whole space last; made to add up to 1.

    Shape:
        centres: (K, D), NaN where a trial does not have a parameter; weights: (K + 1,).
    """

    def __init__(
        self, columns: Columns, centres: Floats, weights: Floats, bandwidth: Bandwidth
    ) -> None:
        self._columns = columns
        self._centres = np.concatenate([centres, np.full((1, centres.shape[1]), np.nan)])
        self._width = max(bandwidth.width, LEAST_WIDTH)
        self._share = bandwidth.share
        self._up_to = np.cumsum(weights) / weights.sum()
        self._ordered = [self._cells(column) for column in columns.ordered]
        n_of_ranges = 3 * len(columns.ranges)
        n_of_choices = n_of_ranges + int(columns.n_choices.sum())
        self._kernels = np.empty((columns.n_features, len(self._centres)))  # (F, K + 1)
        self._set_ranges(self._kernels[:n_of_ranges])
        self._set_choices(self._kernels[n_of_ranges:n_of_choices])
        row = n_of_choices
        for each in self._ordered:
            logarithms = np.log(np.maximum(each.probabilities, LEAST_PROBABILITY))
            self._kernels[row : row + each.n_cells] = logarithms.T[:, each.own]
            row += each.n_cells
        self._kernels[-1] = np.log(weights / weights.sum())

    def draw(self, uniform: Floats) -> Floats:
        """Draw coordinates, all columns of each, from uniform random numbers.

        Shape:
            uniform: (M, 1 + D) in [0, 1); result: (M, D).
        """
        last = len(self._up_to) - 1
        kernels = np.minimum(np.searchsorted(self._up_to, uniform[:, 0], side="right"), last)
        centres, numbers = self._centres[kernels], uniform[:, 1:]
        result = np.empty_like(centres)
        ranges, choices = self._columns.ranges, self._columns.choices
        result[:, ranges] = self._draw_ranges(centres[:, ranges], numbers[:, ranges])
        result[:, choices] = self._draw_choices(centres[:, choices], numbers[:, choices])
        for column, cells in zip(self._columns.ordered, self._ordered, strict=True):
            up_to = np.cumsum(cells.probabilities[cells.own[kernels]], axis=1)[:, :-1]
            result[:, column] = np.count_nonzero(up_to <= numbers[:, [column]], axis=1)
        return result

    def log_density(self, features: Floats) -> Floats:
        """Logarithm of the density at draws, by their features.

        Shape:
            features: (M, F), see `Columns.features`; result: (M,).
        """
        step = max(1, ONE_THREAD // features.size)
        parts = [
            features @ self._kernels[:, first : first + step]  # (M, F) @ (F, step)
            for first in range(0, self._kernels.shape[1], step)
        ]
        logarithms = np.concatenate(parts, axis=1)  # (M, K + 1)
        most = logarithms.max(axis=1, keepdims=True)
        total: Floats = np.log(np.exp(logarithms - most).sum(axis=1)) + most[:, 0]
        return total

    def _draw_ranges(self, centres: Floats, numbers: Floats) -> Floats:
        """By the inverse of each kernel's distribution function."""
        is_uniform = np.isnan(centres)
        centres = np.where(is_uniform, 0.5, centres)
        below, inside = _mass(centres, self._width)
        drawn = centres + self._width * ndtri(below + numbers * inside)
        return np.where(is_uniform, numbers, np.clip(drawn, 0.0, 1.0))

    def _draw_choices(self, centres: Floats, numbers: Floats) -> Floats:
        """The trial's own, but for a share that any may have."""
        left = np.where(np.isnan(centres), 1.0, self._share)  # for any choice
        anywhere = (numbers - (1 - left)) / left
        is_own = anywhere < 0
        drawn = np.minimum(
            np.floor(anywhere * self._columns.n_choices), self._columns.n_choices - 1
        )
        return np.where(is_own, centres, drawn)

    def _cells(self, column: int) -> _OrderedCells:
        borders = self._columns.borders[column]
        middles = (borders[1:] + borders[:-1]) / 2
        reach = (borders - middles[:, None]) / self._width  # (V, V + 1)
        masses = np.concatenate([np.diff(ndtr(reach), axis=1), np.ones((1, len(middles)))])
        masses /= masses.sum(axis=1, keepdims=True)
        centres = self._centres[:, column]
        own = np.where(np.isnan(centres), len(middles), centres).astype(np.intp)
        return _OrderedCells(masses, own)

    def _set_ranges(self, kernels: Floats) -> None:
        """Coefficients of squares, coordinates and ones: (3 R, K + 1)."""
        centres = np.ascontiguousarray(self._centres[:, self._columns.ranges].T)
        is_uniform = np.isnan(centres)
        centres[is_uniform] = 0.5
        precision = 1 / self._width**2
        scale = np.log(_mass(centres, self._width)[1] * self._width * math.sqrt(2 * math.pi))
        parts = kernels.reshape(3, *centres.shape)
        parts[0] = -0.5 * precision
        np.multiply(precision, centres, out=parts[1])
        np.subtract(-0.5 * precision * centres**2, scale, out=parts[2])
        parts[:, is_uniform] = 0.0

    def _set_choices(self, kernels: Floats) -> None:
        """Logarithms of the probabilities of all choices, column by column: (V, K + 1)."""
        columns = self._columns
        centres = np.ascontiguousarray(self._centres[:, columns.choices].T)
        is_uniform = np.isnan(centres)
        alike = 1 / columns.n_choices
        kernels[:] = np.repeat(np.log(self._share * alike), columns.n_choices)[:, None]
        places, kernel = np.nonzero(~is_uniform)
        own = columns.offsets[places] + centres[places, kernel].astype(np.intp)
        kernels[own, kernel] = np.log(1 - self._share + self._share * alike)[places]
        for place, kernel in zip(*np.nonzero(is_uniform), strict=True):
            first = columns.offsets[place]
            kernels[first : first + columns.n_choices[place], kernel] = np.log(alike[place])


@dataclass(frozen=True, eq=False, slots=True)
class _OrderedCells:
    """How likely each of a few ordered values is under each kernel.

    Shape:
        probabilities: (V + 1, V), by the value of a kernel's trial; at last where it has none.
        own: (K + 1,), which of these rows each kernel has.
    """

    probabilities: Floats
    own: NDArray[np.intp]

    @property
    def n_cells(self) -> int:
        """How many values there are."""
        return len(self.probabilities) - 1


def _mass(centres: Floats, width: float) -> tuple[Floats, Floats]:
    """Of uncut kernels: how much lies below the range, and how much inside it."""
    below: Floats = ndtr(-centres / width)
    above: Floats = ndtr((1 - centres) / width)
    return below, above - below
