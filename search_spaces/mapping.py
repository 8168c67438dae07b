"""Params of one search space as those of another: what a trial of an earlier study was, here.

A number goes to the nearest that the space has. A word that the space does not have has no
counterpart, so that its trial has none either. What the earlier trial did not have gets its
default, which is what its network was built with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_spaces.declared import MODEL
from search_spaces.hyperparameter import Hyperparameter
from search_spaces.intervals import is_number
from search_spaces.parameters import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
)
from search_spaces.space import SearchSpace
from storage.records import ParameterValue


class NoCounterpart(Exception):
    """A value of a parameter that a space has nothing like."""

    def __init__(self, name: str, value: ParameterValue) -> None:
        super().__init__(f"{name}={value}")


@dataclass(frozen=True, slots=True)
class MappedParams:
    """Params as a space has them: all of a trial, fixed ones included.

    Attributes:
        moved: the parameters whose numbers are not the given ones, since those lie outside.
        missing: the parameters that were not given, which have their defaults.
    """

    params: Mapping[str, ParameterValue]
    moved: tuple[str, ...]
    missing: tuple[str, ...]


def mapped(params: Mapping[str, ParameterValue], space: SearchSpace) -> MappedParams:
    """Map params into a space.

    Raises:
        NoCounterpart: a choice is none of this space.
    """
    known = space.hyperparameters
    found: dict[str, ParameterValue] = {}
    moved, missing = [], []
    for name, parameter in space.parameters.items():
        if not parameter.is_active(found):
            continue
        if name == MODEL and isinstance(parameter, FixedParameter):  # who builds, not what
            found[name] = parameter.value
        elif name not in params:
            found[name] = default_of(parameter, known.get(name))
            if not isinstance(parameter, FixedParameter):
                missing.append(name)
        else:
            found[name] = nearest_to(parameter, params[name])
            if found[name] != params[name]:
                moved.append(name)
    return MappedParams(found, tuple(moved), tuple(missing))


def nearest_to(parameter: Parameter, value: ParameterValue) -> ParameterValue:
    """The value of a parameter that is nearest to another one.

    Raises:
        NoCounterpart: it is a word that the parameter does not have.
    """
    if is_number(value) and isinstance(parameter, FloatParameter):
        return min(max(float(value), parameter.low), parameter.high)
    if is_number(value) and isinstance(parameter, IntParameter):
        return min(max(round(value), parameter.low), parameter.high)
    if value in parameter:
        return value
    numbers = [each for each in _values(parameter) if is_number(each)]
    if is_number(value) and numbers:
        return min(numbers, key=lambda each: _distance(each, value))
    raise NoCounterpart(parameter.name, value)


def default_of(parameter: Parameter, known: Hyperparameter | None) -> ParameterValue:
    """The value of a parameter that is nearest to its default; without one, a middle one."""
    if known is not None and known.default is not None:
        try:
            return nearest_to(parameter, known.default)
        except NoCounterpart:
            pass
    if isinstance(parameter, FloatParameter | IntParameter):
        low, high = parameter.low, parameter.high
        return nearest_to(parameter, math.sqrt(low * high) if parameter.log else (low + high) / 2)
    return _values(parameter)[0]


def _values(parameter: Parameter) -> Sequence[ParameterValue]:
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices
    (values,) = parameter.stated_values.values()
    return values


def _distance(one: float, other: float) -> float:
    """Between two choices: as a ratio, where both are above zero."""
    if one > 0 and other > 0:
        return abs(math.log(one / other))
    return abs(one - other)
