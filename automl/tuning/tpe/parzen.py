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

Integers = NDArray[np.intp]

LEAST_WIDTH = 0.02
"""Of a kernel, as a part of the range."""

LEAST_PROBABILITY = 1e-300
"""Of a cell under a kernel: it has a logarithm."""


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
        self,
        dimensions: Sequence[Dimension],
        centres: Floats,
        weights: Floats,
        bandwidth: Bandwidth,
    ) -> None:
        self._dimensions = tuple(dimensions)
        self._centres = np.concatenate([centres, np.full((1, len(self._dimensions)), np.nan)])
        self._width = max(bandwidth.width, LEAST_WIDTH)
        self._share = bandwidth.share
        weights = weights / weights.sum()
        self._up_to = np.cumsum(weights)
        self._cells = {  # by column: the probabilities of its cells, (K + 1, V)
            column: self._probabilities(dimension, self._centres[:, column])
            for column, dimension in enumerate(self._dimensions)
            if isinstance(dimension, Cells)
        }
        parts = [self._coefficients(column) for column in range(len(self._dimensions))]
        self._kernels = np.concatenate([*parts, np.log(weights)[None]])  # (F, K + 1)

    def draw(self, uniform: Floats) -> Floats:
        """Draw coordinates, all columns of each, from uniform random numbers.

        Shape:
            uniform: (M, 1 + D) in [0, 1); result: (M, D).
        """
        last = len(self._up_to) - 1
        kernels = np.minimum(np.searchsorted(self._up_to, uniform[:, 0], side="right"), last)
        result = np.empty((len(uniform), len(self._dimensions)))
        for column in range(len(self._dimensions)):
            numbers = uniform[:, 1 + column]
            if column in self._cells:
                up_to = np.cumsum(self._cells[column][kernels], axis=1)[:, :-1]
                result[:, column] = np.count_nonzero(up_to <= numbers[:, None], axis=1)
            else:
                result[:, column] = self._draw_range(self._centres[kernels, column], numbers)
        return result

    def log_density(self, coordinates: Floats, has: Booleans) -> Floats:
        """Logarithm of the density at draws, over the parameters that each has.

        Shape:
            coordinates, has: (M, D); result: (M,).
        """
        parts = [
            _features(dimension, coordinates[:, column], has[:, column])
            for column, dimension in enumerate(self._dimensions)
        ]
        features = np.concatenate([*parts, np.ones((len(coordinates), 1))], axis=1)
        logarithms = features @ self._kernels  # (M, F) @ (F, K + 1)
        most = logarithms.max(axis=1, keepdims=True)
        total: Floats = np.log(np.exp(logarithms - most).sum(axis=1)) + most[:, 0]
        return total

    def _draw_range(self, centres: Floats, numbers: Floats) -> Floats:
        """By the inverse of each kernel's distribution function."""
        is_uniform = np.isnan(centres)
        centres = np.where(is_uniform, 0.5, centres)
        below, inside = _mass(centres, self._width)
        drawn = centres + self._width * ndtri(below + numbers * inside)
        return np.where(is_uniform, numbers, np.clip(drawn, 0.0, 1.0))

    def _probabilities(self, cells: Cells, centres: Floats) -> Floats:
        """Of the cells under each kernel."""
        n_cells = len(cells.values)
        is_uniform = np.isnan(centres)
        own = np.where(is_uniform, 0, centres).astype(np.intp)
        if cells.borders is None:
            result = np.full((len(centres), n_cells), self._share / n_cells)
            result[np.arange(len(centres)), own] += 1 - self._share
        else:
            middles = (cells.borders[1:] + cells.borders[:-1]) / 2
            reach = (cells.borders - middles[own][:, None]) / self._width  # (K + 1, V + 1)
            masses = np.diff(ndtr(reach), axis=1)
            result = masses / masses.sum(axis=1, keepdims=True)
        result[is_uniform] = 1 / n_cells
        return result

    def _coefficients(self, column: int) -> Floats:
        """Of the features of a column, in the logarithm of each kernel: (F, K + 1)."""
        if column in self._cells:
            logarithms: Floats = np.log(np.maximum(self._cells[column], LEAST_PROBABILITY)).T
            return logarithms
        centres = self._centres[:, column]
        is_uniform = np.isnan(centres)
        centres = np.where(is_uniform, 0.5, centres)
        precision = 1 / self._width**2
        scale = np.log(_mass(centres, self._width)[1]) + math.log(
            self._width * math.sqrt(2 * math.pi)
        )
        result = np.stack(
            [
                np.full(len(centres), -0.5 * precision),
                precision * centres,
                -0.5 * precision * centres**2 - scale,
            ]
        )
        result[:, is_uniform] = 0.0
        return result


def _features(dimension: Dimension, coordinates: Floats, has: Booleans) -> Floats:
    """What the logarithm of a kernel is linear in: (M, F)."""
    if isinstance(dimension, Cells):
        is_own = coordinates[:, None] == np.arange(len(dimension.values))
        return np.where(is_own & has[:, None], 1.0, 0.0)
    ones = has.astype(float)
    inside = np.where(has, coordinates, 0.0)
    return np.stack([inside**2, inside, ones], axis=1)


def _mass(centres: Floats, width: float) -> tuple[Floats, Floats]:
    """Of uncut kernels: how much lies below the range, and how much inside it."""
    below: Floats = ndtr(-centres / width)
    above: Floats = ndtr((1 - centres) / width)
    return below, above - below
