"""A search space as numbers: each parameter that is drawn is a column of coordinates.

A range is the interval from 0 to 1 on its own scale, which is logarithmic where the space says
so. A whole number of many values is a range too, in which each value has a cell of its own width.
One of few values, like a choice, is the number of its cell. Not a number: the trial does not
have the parameter. Which ones it has follows from the conditions of the space.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces import FixedParameter, SearchSpace
from search_spaces.conditions import Condition
from search_spaces.parameters import Parameter
from storage.records import ParameterValue

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

MOST_CELLS = 10
"""A whole number of more values than this is a range: its cells are narrower than a kernel, so
that the density in a cell's middle says as much as the integral over it."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers between two ends, as 0 to 1."""

    low: float  # on the scale; of whole numbers, where the smallest one's cell begins
    high: float
    log: bool
    ends: tuple[float, float]  # the smallest and the largest value
    is_whole: bool = False

    @property
    def width(self) -> float:
        """From end to end, on the scale."""
        return self.high - self.low

    def encode(self, value: ParameterValue) -> float:
        """The coordinate of a value; of one outside, that of the nearest end."""
        number = float(cast(float, value))  # of a range, all values are numbers
        scaled = (math.log(number) if number > 0 else -math.inf) if self.log else number
        return min(max((scaled - self.low) / self.width, 0.0), 1.0)

    def decode(self, coordinate: float) -> ParameterValue:
        """The value at a coordinate."""
        scaled = self.low + coordinate * self.width
        number = math.exp(scaled) if self.log else scaled
        number = round(number) if self.is_whole else number
        return min(max(number, self.ends[0]), self.ends[1])


@dataclass(frozen=True, eq=False, slots=True)
class Cells:
    """A few values, each of which has a number.

    Attributes:
        borders: of ordered cells, from 0 to 1 on the scale, one more than there are values; None
            where the values have no order.
        width: of ordered cells, from end to end on the scale.
    """

    values: tuple[ParameterValue, ...]
    borders: Floats | None = None
    width: float = 1.0

    def encode(self, value: ParameterValue) -> float:
        """The number of a value; NaN of one that is not among them."""
        return float(self.values.index(value)) if value in self.values else math.nan

    def decode(self, coordinate: float) -> ParameterValue:
        """The value with a number."""
        return self.values[int(coordinate)]


Dimension = Range | Cells


def dimension_of(distribution: BaseDistribution) -> Dimension:
    """What a distribution of Optuna's is as a column of coordinates."""
    if isinstance(distribution, CategoricalDistribution):
        return Cells(tuple(distribution.choices))
    if isinstance(distribution, FloatDistribution):
        ends = (distribution.low, distribution.high)
        return Range(*_scaled(*ends, distribution.log), ends)
    assert isinstance(distribution, IntDistribution)
    values = range(distribution.low, distribution.high + 1)
    low, high, log = _scaled(values[0] - 0.5, values[-1] + 0.5, distribution.log)
    if len(values) > MOST_CELLS:
        return Range(low, high, log, (values[0], values[-1]), is_whole=True)
    inner = np.array([*values, values[-1] + 1]) - 0.5
    borders = ((np.log(inner) if log else inner) - low) / (high - low)
    return Cells(tuple(values), borders, high - low)


def _scaled(low: float, high: float, log: bool) -> tuple[float, float, bool]:
    return (math.log(low), math.log(high), True) if log else (low, high, False)


class Dimensions:
    """The columns of a search space, in its order, with the conditions between them."""

    def __init__(self, space: SearchSpace) -> None:
        drawn = {name: each for name, each in space.distributions().items() if not each.single()}
        self.all: tuple[Dimension, ...] = tuple(map(dimension_of, drawn.values()))
        self.names = tuple(drawn)
        self._space = space
        self._columns = {name: column for column, name in enumerate(drawn)}
        self._conditional = [each for each in space.parameters.values() if each.when]
        self._undrawn = undrawn_values(space)

    def __len__(self) -> int:
        return len(self.all)

    def encode(self, params: Mapping[str, ParameterValue]) -> list[float]:
        """A trial's coordinates, one per column."""
        return [
            dimension.encode(params[name]) if name in params else math.nan
            for name, dimension in zip(self.names, self.all, strict=True)
        ]

    def decode(self, coordinates: Sequence[float]) -> dict[str, ParameterValue]:
        """All params of a trial with these coordinates, fixed ones included, as `suggest` does."""
        params: dict[str, ParameterValue] = {}
        for name, parameter in self._space.parameters.items():
            if parameter.when and not parameter.is_active(params):
                continue
            if name in self._undrawn:
                params[name] = self._undrawn[name]
            else:
                column = self._columns[name]
                params[name] = self.all[column].decode(coordinates[column])
        return params

    def has(self, coordinates: Floats) -> Booleans:
        """Which parameters trials have, if drawn for all columns.

        Shape:
            coordinates, result: (M, D).
        """
        result = np.ones(coordinates.shape, bool)
        active: dict[str, Booleans] = {}
        for parameter in self._conditional:
            name = parameter.name
            active[name] = self._is_active(parameter, coordinates, active)
            if name in self._columns:
                result[:, self._columns[name]] = active[name]
        return result

    def _is_active(
        self, parameter: Parameter, coordinates: Floats, active: Mapping[str, Booleans]
    ) -> Booleans:
        result = np.zeros(len(coordinates), bool)
        for condition in parameter.when:
            result |= self._holds(condition, coordinates, active)
        return result

    def _holds(
        self, condition: Condition, coordinates: Floats, active: Mapping[str, Booleans]
    ) -> Booleans:
        result = np.ones(len(coordinates), bool)
        for name, values in condition.values:
            if name in active:
                result &= active[name]
            if name not in self._columns:
                result &= self._undrawn[name] in values
                continue
            column = self._columns[name]
            dimension = self.all[column]
            if isinstance(dimension, Cells):
                result &= _among(dimension.values, values)[coordinates[:, column].astype(np.intp)]
            else:
                decoded = map(dimension.decode, coordinates[:, column].tolist())
                result &= np.array([value in values for value in decoded])
        return result


@functools.lru_cache(maxsize=256)
def _among(of_cells: tuple[ParameterValue, ...], values: tuple[ParameterValue, ...]) -> Booleans:
    """Which cells a condition names."""
    return np.array([value in values for value in of_cells])


def undrawn_values(space: SearchSpace) -> dict[str, ParameterValue]:
    """The values of the parameters that are not drawn: they are fixed, or have one value only."""
    drawn = {name for name, each in space.distributions().items() if not each.single()}
    return {
        name: _only_value(each) for name, each in space.parameters.items() if name not in drawn
    }


def _only_value(parameter: Parameter) -> ParameterValue:
    if isinstance(parameter, FixedParameter):
        return parameter.value
    (values,) = set(parameter.stated_values.values())
    return values[0]
