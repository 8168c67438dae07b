"""Axes of hyperparameters: positions in [0, 1] for all figures that have them.

Logarithmic where the space is, the choices evenly spread where it is categorical. Ranges come
from the stored search space, or from the values tried where the study has none; hyperparameters
of a person's own network are like any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast

from automl.report.numbers.trials import Trial
from search_spaces.hyperparameters import HYPERPARAMETERS
from storage.records import Json, ParameterValue, StudySettings


@dataclass(frozen=True)
class Axis:
    """One hyperparameter's range."""

    name: str
    kind: Literal["float", "int", "categorical"]
    log: bool
    low: float
    high: float
    choices: tuple[ParameterValue, ...] = ()

    def position(self, value: ParameterValue) -> float:
        """Where a value lies, in [0, 1]; NaN for one that is not on the axis."""
        if self.kind == "categorical":
            return self._indices.get(_key(value), math.nan) / max(1, len(self.choices) - 1)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return math.nan
        low, high, at = (self.scaled(x) for x in (self.low, self.high, float(value)))
        return (at - low) / (high - low) if high > low else 0.5

    @cached_property
    def _indices(self) -> Mapping[str, float]:
        """Of the choices."""
        return {_key(choice): index for index, choice in enumerate(self.choices)}

    def coordinate(self, value: ParameterValue) -> float:
        """Where a value is drawn: the number itself, or the index of a choice."""
        if self.kind == "categorical":
            return round(self.position(value) * max(1, len(self.choices) - 1), 6)
        return float(value) if isinstance(value, int | float) else math.nan

    def scaled(self, value: float) -> float:
        """The value, or its logarithm on a logarithmic axis."""
        return math.log10(value) if self.log and value > 0 else value

    def value_at(self, position: float) -> float:
        """The number at a position of a numeric axis."""
        low, high = self.scaled(self.low), self.scaled(self.high)
        at = low + position * (high - low)
        return float(10**at) if self.log else float(at)


def axes(space: Mapping[str, Json], trials: Sequence[Trial]) -> dict[str, Axis]:
    """The axes of all parameters that vary, in the space's order.

    Args:
        space: as it is stored with the study; empty of a study that has none.
    """
    parameters = cast("Mapping[str, Any]", space.get("parameters") or {})
    tried = dict.fromkeys(name for trial in trials for name in trial.params)
    found: dict[str, Axis] = {}
    for name in dict.fromkeys((*parameters, *tried)):
        values = [t.params[name] for t in trials if name in t.params]
        axis = _axis(name, parameters.get(name) or {}, values)
        if axis is not None and values:
            found[name] = axis
    return found


def fixed_parameters(settings: StudySettings) -> dict[str, ParameterValue]:
    """What the space fixes for every trial, and trials therefore do not have among theirs."""
    parameters = cast("Mapping[str, Any]", settings.space.get("parameters") or {})
    return {
        name: entry.get("value")
        for name, entry in parameters.items()
        if entry.get("type") == "fixed" and not entry.get("when")
    }


def _axis(name: str, entry: Mapping[str, Any], values: Sequence[ParameterValue]) -> Axis | None:
    kind = entry.get("type")
    if kind == "fixed" or (kind is None and len({_key(v) for v in values}) < 2):
        return None
    if kind == "categorical":
        return Axis(name, "categorical", False, 0.0, 0.0, tuple(entry["choices"]))
    if kind in ("float", "int"):
        low, high = float(entry["low"]), float(entry["high"])
        return Axis(name, kind, bool(entry.get("log")), low, high)
    return _guessed_axis(name, values)


def _guessed_axis(name: str, values: Sequence[ParameterValue]) -> Axis:
    """An axis for a parameter that the stored space does not name."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(values):
        choices = tuple(dict.fromkeys(sorted(values, key=str)))
        return Axis(name, "categorical", False, 0.0, 0.0, choices)
    low, high = float(min(numbers)), float(max(numbers))
    known = HYPERPARAMETERS.get(name)
    is_wide = known.log if known else high > 100 * low
    return Axis(name, "float", low > 0 and is_wide, low, high)


def _key(value: ParameterValue) -> str:
    """Equal for 16 and 16.0, different for True and 1, None and "None"."""
    return f"{type(value).__name__}:{value}" if not isinstance(value, float) else f"int:{value:g}"
