"""A search space as points of a unit cube, between which distances mean something.

A range is one axis, logarithmic where the space is, and so are whole numbers, few ones too. A
choice among words is one axis for each word, so that any two are at distance one. A parameter
that a trial does not have is at one fixed place, the middle of its range, or at none of its words:
between two trials without it there is no distance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from automl.tuning.tpe.dimensions import Cells, Dimensions
from search_spaces import SearchSpace
from storage.records import ParameterValue

Floats = NDArray[np.float64]

MOST_MOVED = 0.6
"""Which part of the parameters of a neighbour moves at most, by expectation."""

_MIDDLE = 0.5
_WORD = np.sqrt(0.5)  # two words then are at distance 1


class UnitCube:
    """The axes of a space, and draws from it.

    Attributes:
        parameter_of: which parameter an axis belongs to, by number; (A,).
    """

    def __init__(self, space: SearchSpace) -> None:
        self._dimensions = Dimensions(space)
        counts = [
            len(each.values) if isinstance(each, Cells) and each.borders is None else 1
            for each in self._dimensions.all
        ]
        self.parameter_of = np.repeat(np.arange(len(counts)), counts)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parameters that are drawn."""
        return self._dimensions.names

    @property
    def widths(self) -> tuple[float, ...]:
        """Of their ranges on their own scales, which the cube's edges stand for; of choices 1."""
        return tuple(each.width for each in self._dimensions.all)

    @property
    def n_parameters(self) -> int:
        """How many parameters are drawn."""
        return len(self._dimensions)

    def place(self, params: Mapping[str, ParameterValue]) -> Floats:
        """The coordinates of a trial, as `draws` has them; NaN: it lacks the parameter; (D,)."""
        return np.array(self._dimensions.encode(params), np.float64)

    def params(self, place: Floats) -> dict[str, ParameterValue]:
        """All params of a trial at such coordinates, fixed ones included."""
        return self._dimensions.decode(place.tolist())

    def draws(self, uniform: Floats) -> Floats:
        """Coordinates of trials from uniform numbers below one, NaN where a trial lacks one.

        Shape:
            uniform, result: (M, D).
        """
        places = uniform.copy()
        for column, dimension in enumerate(self._dimensions.all):
            if isinstance(dimension, Cells):
                places[:, column] = _cells(dimension, uniform[:, column])
        places[~self._dimensions.has(places)] = np.nan
        return places

    def spread(self, n_trials: int, random: np.random.Generator) -> Floats:
        """Trials of which each part of each parameter's range has one (a Latin hypercube); (M, D).

        Source:
            McKay, Beckman and Conover 1979, "A Comparison of Three Methods for Selecting Values
            of Input Variables in the Analysis of Output from a Computer Code".
        """
        parts = np.tile(np.arange(n_trials)[:, None], (1, self.n_parameters))
        parts = random.permuted(parts, axis=0)
        return self.draws((parts + random.random(parts.shape)) / n_trials)

    def neighbours(self, places: Floats, random: np.random.Generator, width: Floats) -> Floats:
        """Trials near others: one parameter moved, or a few, or most of them.

        How many is drawn log-uniformly, as far as where best to look is a matter of scale. A word
        that is to move is drawn again, as a number is where the width is large.

        Args:
            width: standard deviation of the moves of numbers.

        Shape:
            places, result: (M, D); width: (M, 1).
        """
        uniform = random.random(places.shape)
        moved = uniform.copy()
        changed = self._that_move(places.shape, random)
        steps = random.normal(0.0, 1.0, places.shape) * width
        for column, dimension in enumerate(self._dimensions.all):
            old = places[:, column]
            has = ~np.isnan(old)
            if isinstance(dimension, Cells):
                middle = _middles(dimension)[np.where(has, old, 0).astype(np.intp)]
                new = uniform[:, column]
                if dimension.borders is not None:
                    new = _within(middle + steps[:, column])
            else:
                middle, new = old, _within(old + steps[:, column])
            new = np.where(changed[:, column], new, middle)
            moved[:, column] = np.where(has, new, uniform[:, column])
        return self.draws(moved)

    def _that_move(self, shape: tuple[int, int], random: np.random.Generator) -> NDArray[np.bool_]:
        """Which parameters of which neighbours move: one of each at least; (M, D)."""
        n_places, n_parameters = shape
        if not n_parameters:
            return np.zeros(shape, bool)
        log_fewest = -math.log(n_parameters)
        log_most = max(log_fewest, math.log(MOST_MOVED))
        shares = np.exp(random.uniform(log_fewest, log_most, (n_places, 1)))
        changed: NDArray[np.bool_] = random.random(shape) < shares
        changed[np.arange(n_places), random.integers(0, n_parameters, n_places)] = True
        return changed

    def points(self, places: Floats) -> Floats:
        """Where trials are in the cube.

        Shape:
            places: (M, D); result: (M, A).
        """
        axes = np.empty((len(places), len(self.parameter_of)))
        begin = 0
        for column, dimension in enumerate(self._dimensions.all):
            values = places[:, column]
            has = ~np.isnan(values)
            if not isinstance(dimension, Cells):
                axes[:, begin] = np.where(has, values, _MIDDLE)
                begin += 1
            elif dimension.borders is not None:
                middles = _middles(dimension)[np.where(has, values, 0).astype(np.intp)]
                axes[:, begin] = np.where(has, middles, _MIDDLE)
                begin += 1
            else:
                words = np.arange(len(dimension.values))
                axes[:, begin : begin + len(words)] = _WORD * (values[:, None] == words)
                begin += len(words)
        return axes


def _cells(dimension: Cells, uniform: Floats) -> Floats:
    n_cells = len(dimension.values)
    if dimension.borders is None:
        return np.floor(uniform * n_cells)
    return np.searchsorted(dimension.borders[1:-1], uniform, side="right").astype(np.float64)


def _middles(dimension: Cells) -> Floats:
    if dimension.borders is None:
        n_cells = len(dimension.values)
        return (np.arange(n_cells) + 0.5) / n_cells
    return (dimension.borders[1:] + dimension.borders[:-1]) / 2


def _within(values: Floats) -> Floats:
    """Cut at the ends of the interval from 0 to 1, where the best often are."""
    return np.clip(values, 0.0, np.nextafter(1.0, 0.0))
