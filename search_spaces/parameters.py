"""How one hyperparameter varies in a search: over a range, among choices, or not at all.

Four frozen kinds, each with its Optuna distribution, and the conditions under which a
parameter is there at all (momentum only for optimizers that have it). The kinds check what
is true of any parameter (`low < high`); whether a hyperparameter can take a value is in
`hyperparameters.py`. A parameter and its table in a TOML file are the same thing:
`read_parameter` and `to_dict`.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from search_spaces.conditions import Condition, read_conditions
from search_spaces.errors import SearchSpaceError, listed, nearest
from search_spaces.intervals import is_number
from storage.records import ParameterValue, Task

if TYPE_CHECKING:  # Optuna takes half a second to import, which whoever shows a space need not
    from optuna.distributions import (
        BaseDistribution,
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )
    from optuna.trial import BaseTrial


@dataclass(frozen=True, slots=True)
class Parameter(abc.ABC):
    """One hyperparameter of a search space. Two that differ only in their words are equal.

    With a meaning it is one of a person's own network, which the registry does not know, and may
    have one of the registry's roles.
    """

    name: str
    when: tuple[Condition, ...] = field(default=(), kw_only=True)  # any of them; empty: always
    tasks: tuple[Task, ...] = field(default=(), kw_only=True)  # empty: all
    reason: str = field(default="", kw_only=True, compare=False)
    meaning: str = field(default="", kw_only=True, compare=False)
    role: str | None = field(default=None, kw_only=True, compare=False)

    @property
    @abc.abstractmethod
    def stated_values(self) -> Mapping[str, tuple[ParameterValue, ...]]:
        """The values that its definition names, by key: what must be possible."""

    @property
    @abc.abstractmethod
    def distribution(self) -> BaseDistribution | None:
        """What Optuna draws from; None where nothing is drawn."""

    @abc.abstractmethod
    def __contains__(self, value: object) -> bool:
        """Whether the search can try this value."""

    @abc.abstractmethod
    def suggest(self, trial: BaseTrial) -> ParameterValue:
        """Take the trial's value of this parameter."""

    @abc.abstractmethod
    def own_keys(self) -> dict[str, Any]:
        """The keys of its table that only its kind has, `type` first."""

    def is_active(self, params: Mapping[str, ParameterValue]) -> bool:
        """Whether a trial with these params has this parameter."""
        return not self.when or any(condition.holds(params) for condition in self.when)

    def to_dict(self) -> dict[str, Any]:
        """The TOML table it is read from, without keys that are empty."""
        table = self.own_keys()
        if self.when:
            table["when"] = [condition.to_dict() for condition in self.when]
        if self.tasks:
            table["tasks"] = list(self.tasks)
        words = {"reason": self.reason, "meaning": self.meaning, "role": self.role}
        return table | {key: word for key, word in words.items() if word}


@dataclass(frozen=True, slots=True)
class FloatParameter(Parameter):
    """A range of numbers, linear or logarithmic, both ends included.

    `useful` are the ends beyond which no search needs to look: how far `widen` may go. Empty:
    nobody has said.
    """

    low: float
    high: float
    log: bool = False
    useful: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _check_range(self.name, self.low, self.high, self.log)
        _check_useful(self)

    @property
    def stated_values(self) -> Mapping[str, tuple[ParameterValue, ...]]:
        """Both ends."""
        return {"low": (self.low,), "high": (self.high,)}

    @property
    def distribution(self) -> FloatDistribution:
        """Uniform, or log-uniform."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=self.log)

    def __contains__(self, value: object) -> bool:
        return is_number(value) and self.low <= value <= self.high

    def suggest(self, trial: BaseTrial) -> ParameterValue:
        """Draw a number."""
        return trial.suggest_float(self.name, self.low, self.high, log=self.log)

    def own_keys(self) -> dict[str, Any]:
        """The range."""
        return {"type": "float", **_range_keys(self)}


@dataclass(frozen=True, slots=True)
class IntParameter(Parameter):
    """A range of whole numbers, linear or logarithmic, both ends included; `useful` as above."""

    low: int
    high: int
    log: bool = False
    useful: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        ends: tuple[tuple[str, object], ...] = (("low", self.low), ("high", self.high))
        for key, value in ends:
            if not isinstance(value, int) or isinstance(value, bool):
                raise SearchSpaceError(
                    f"`{key}` of {self.name} must be a whole number, but got {value!r}.",
                    parameter=self.name,
                    key=key,
                )
        _check_range(self.name, self.low, self.high, self.log)
        _check_useful(self)

    @property
    def stated_values(self) -> Mapping[str, tuple[ParameterValue, ...]]:
        """Both ends."""
        return {"low": (self.low,), "high": (self.high,)}

    @property
    def distribution(self) -> IntDistribution:
        """Uniform over the whole numbers, or log-uniform."""
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.high, log=self.log)

    def __contains__(self, value: object) -> bool:
        return is_number(value) and value % 1 == 0 and self.low <= value <= self.high

    def suggest(self, trial: BaseTrial) -> ParameterValue:
        """Draw a whole number."""
        return trial.suggest_int(self.name, self.low, self.high, log=self.log)

    def own_keys(self) -> dict[str, Any]:
        """The range."""
        return {"type": "int", **_range_keys(self)}


@dataclass(frozen=True, slots=True)
class CategoricalParameter(Parameter):
    """A few values without an order that the search relies on."""

    choices: tuple[ParameterValue, ...]

    def __post_init__(self) -> None:
        if not self.choices or len(set(self.choices)) < len(self.choices):
            raise SearchSpaceError(
                f"`choices` of {self.name} must be one or more different values, "
                f"but got {list(self.choices)}.",
                parameter=self.name,
                key="choices",
            )

    @property
    def stated_values(self) -> Mapping[str, tuple[ParameterValue, ...]]:
        """Every choice."""
        return {"choices": self.choices}

    @property
    def distribution(self) -> CategoricalDistribution:
        """Uniform over the choices."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.choices)

    def __contains__(self, value: object) -> bool:
        return value in self.choices

    def suggest(self, trial: BaseTrial) -> ParameterValue:
        """Draw a choice."""
        return trial.suggest_categorical(self.name, self.choices)

    def own_keys(self) -> dict[str, Any]:
        """The choices."""
        return {"type": "categorical", "choices": list(self.choices)}


@dataclass(frozen=True, slots=True)
class FixedParameter(Parameter):
    """One value that the search does not vary. Optuna does not see it."""

    value: ParameterValue

    @property
    def stated_values(self) -> Mapping[str, tuple[ParameterValue, ...]]:
        """The value."""
        return {"value": (self.value,)}

    @property
    def distribution(self) -> None:
        """None: nothing is drawn."""
        return None

    def __contains__(self, value: object) -> bool:
        return value == self.value

    def suggest(self, trial: BaseTrial) -> ParameterValue:
        """Return the value; the trial is not touched."""
        return self.value

    def own_keys(self) -> dict[str, Any]:
        """The value."""
        return {"type": "fixed", "value": self.value}


def _range_keys(one: FloatParameter | IntParameter) -> dict[str, Any]:
    table: dict[str, Any] = {"low": one.low, "high": one.high, "log": one.log}
    return {**table, "useful": list(one.useful)} if one.useful else table


_RANGE_KEYS = {"low": True, "high": True, "log": False, "useful": False}
"""Whether a key of a range must be there."""

_PAIR = "two numbers, the lowest and the highest that are useful"

KINDS: Mapping[str, tuple[type[Parameter], Mapping[str, bool]]] = {
    "float": (FloatParameter, _RANGE_KEYS),
    "int": (IntParameter, _RANGE_KEYS),
    "categorical": (CategoricalParameter, {"choices": True}),
    "fixed": (FixedParameter, {"value": True}),
}
"""By the `type` of a table: the class and the keys of its own."""

_COMMON_KEYS = ("type", "when", "tasks", "reason", "meaning", "role")


def read_parameter(name: str, table: object) -> Parameter:
    """Make a parameter from its table in a TOML file or in a stored study.

    Raises:
        SearchSpaceError: with the parameter and the key that are wrong.
    """
    if not isinstance(table, Mapping):
        raise SearchSpaceError(
            f"{name} must be a table that starts with [{name}] and has a `type`, "
            f"but got {name} = {table!r}.",
            parameter=name,
        )
    kind, keys = KINDS[_read_type(name, table)]
    for key in table:
        if key not in keys and key not in _COMMON_KEYS:
            known = (*_COMMON_KEYS, *keys)
            raise SearchSpaceError(
                f"Of type {table['type']} a parameter has no key {key!r}, but {name} has."
                + (nearest(key, known) or f" Its keys are {listed(known)}."),
                parameter=name,
                key=key,
            )
    own = {key: _read_own(name, key, table[key]) for key in keys if key in table}
    for key, is_needed in keys.items():
        if is_needed and key not in own:
            raise SearchSpaceError(
                f"Of type {table['type']} a parameter needs `{key}`, but {name} has none.",
                parameter=name,
            )
    return kind(
        name,
        **own,
        when=read_conditions(name, table.get("when", [])),
        tasks=_read_tasks(name, table.get("tasks", [])),
        reason=_read_text(name, "reason", table.get("reason", "")),
        meaning=_read_text(name, "meaning", table.get("meaning", "")),
        role=table.get("role"),
    )


def _read_type(name: str, table: Mapping[str, object]) -> str:
    kind = table.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        got = f"but got {kind!r}.{nearest(str(kind), KINDS)}" if kind else "but it is missing."
        raise SearchSpaceError(
            f"`type` of {name} must be one of {listed(KINDS)}, {got}", parameter=name, key="type"
        )
    return kind


def _read_own(name: str, key: str, value: object) -> Any:
    """Check the value's TOML type; what it may be is checked by its kind and its space."""
    rule, is_right = {
        "low": ("a number", is_number(value)),
        "high": ("a number", is_number(value)),
        "log": ("true or false", isinstance(value, bool)),
        "useful": (_PAIR, _is_pair(value)),
        "choices": ("a list", isinstance(value, list | tuple)),
        "value": ("one value", isinstance(value, str | int | float)),
    }[key]
    if not is_right:
        raise SearchSpaceError(
            f"`{key}` of {name} must be {rule}, but got {value!r}.", parameter=name, key=key
        )
    if isinstance(value, list | tuple):
        return tuple(_read_own(name, "value", choice) for choice in value)
    return value


def _is_pair(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(is_number, value))


def _read_text(name: str, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise SearchSpaceError(
            f"`{key}` of {name} must be a text, but got {value!r}.", parameter=name, key=key
        )
    return value


def _read_tasks(name: str, tasks: object) -> tuple[Task, ...]:
    known: tuple[Task, ...] = get_args(Task)
    if not isinstance(tasks, list | tuple) or not all(task in known for task in tasks):
        raise SearchSpaceError(
            f"`tasks` of {name} must be a list of {listed(known)}, but got {tasks!r}.",
            parameter=name,
            key="tasks",
        )
    return tuple(tasks)


def _check_useful(one: FloatParameter | IntParameter) -> None:
    """Check that a range is a part of what is said to be useful."""
    if not one.useful:
        return
    if not _is_pair(one.useful):
        raise SearchSpaceError(
            f"`useful` of {one.name} must be {_PAIR}, but got {one.useful!r}.",
            parameter=one.name,
            key="useful",
        )
    low, high = one.useful
    if not (low <= one.low and one.high <= high) or (one.log and low <= 0):
        beyond = ", and begin above 0 on a logarithmic scale" if one.log else ""
        raise SearchSpaceError(
            f"`useful` of {one.name} must hold its range {one.low:g} to {one.high:g}{beyond}, but "
            f"got {list(one.useful)}.",
            parameter=one.name,
            key="useful",
        )


def _check_range(name: str, low: float, high: float, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise SearchSpaceError(
            f"`low < high` must hold for {name}, but got ({low=}, {high=})."
            + (' One value alone is type = "fixed".' if low == high else ""),
            parameter=name,
            key="low",
        )
    if log and low <= 0:
        raise SearchSpaceError(
            f"`low > 0` must hold for {name}, whose scale is logarithmic, but got {low=}. "
            "Take a small positive number, or log = false.",
            parameter=name,
            key="low",
        )
