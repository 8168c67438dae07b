"""A search space: parameters in the order in which they are chosen, and their conditions.

A trial's params are suggested one by one (Optuna's define-by-run); a parameter whose
condition does not hold is absent. Conditions look back only, so one pass suffices and no
cycle is possible. Fixed values are part of the params but never reach Optuna;
`complete` adds them to what Optuna has stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

from search_spaces.declared import (
    DEFAULT_FAMILY,
    check_family,
    check_name,
    family_of,
    hyperparameters_of,
    is_foreign,
)
from search_spaces.errors import SearchSpaceError, listed, nearest
from search_spaces.hyperparameter import Hyperparameter
from search_spaces.hyperparameters import unknown_name
from search_spaces.narrowing import narrow_parameter, read_assignments
from search_spaces.parameters import FixedParameter, FloatParameter, Parameter, read_parameter
from storage.notebook_html import described, rounded_text
from storage.records import ParameterValue, Task

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import BaseTrial


@dataclass(frozen=True, slots=True, repr=False)
class SearchSpace:
    """What a study may vary. Equal spaces have equal parameters; reasons do not count.

    Raises:
        SearchSpaceError: a hyperparameter is unknown or cannot take a value that is named, or
            a condition looks at a parameter that is unknown or comes later.
    """

    name: str
    parameters: Mapping[str, Parameter]
    task: Task | None = None  # None: not yet chosen for a task
    family: str = DEFAULT_FAMILY  # the kind of network that reads the params

    def __post_init__(self) -> None:
        check_family(self.family)
        if not self.parameters:
            raise SearchSpaceError(f"A search space needs a parameter, but {self.name} has none.")
        known = self.hyperparameters
        for name, parameter in self.parameters.items():
            check_name(name, parameter.to_dict(), self.family, known)
            _check_values(parameter, known[name])
            for condition in parameter.when:
                for other, values in condition.values:
                    _check_condition(self.parameters, name, other)
                    _check_condition_values(name, known[other], values)

    def __repr__(self) -> str:
        """One line; `parameters` has them all."""
        n_fixed = sum(isinstance(one, FixedParameter) for one in self.parameters.values())
        varies = f"{len(self.parameters) - n_fixed} vary, {n_fixed} fixed"
        return f"SearchSpace({self.name!r}, family={self.family!r}, {varies})"

    def _repr_html_(self) -> str:
        """What a notebook shows of it: each parameter, its values, when it counts, and why."""
        rows = [
            (
                name,
                _values_text(parameter),
                " or ".join(str(condition) for condition in parameter.when),
                parameter.meaning or parameter.reason,
            )
            for name, parameter in self.parameters.items()
        ]
        return described(f"Search space {self.name}", rows, head=("", "values", "when", "reason"))

    @classmethod
    def of(
        cls, name: str, parameters: Iterable[Parameter], *, family: str = DEFAULT_FAMILY
    ) -> SearchSpace:
        """Make a space from parameters in the order in which they are to be chosen."""
        by_name: dict[str, Parameter] = {}
        for parameter in parameters:
            if parameter.name in by_name:
                raise SearchSpaceError(
                    f"Each parameter is given once, but {parameter.name} is given twice.",
                    parameter=parameter.name,
                )
            by_name[parameter.name] = parameter
        return cls(name, by_name, family=family)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> SearchSpace:
        """Make the space that `to_dict` described, as studies store it."""
        parameters = {
            name: read_parameter(name, parameter)
            for name, parameter in table["parameters"].items()
        }
        return cls(table["name"], parameters, table.get("task"), family_of(table))

    def to_dict(self) -> dict[str, Any]:
        """Describe the space in plain values, for JSON: the tables of its TOML file by name."""
        table: dict[str, Any] = {"name": self.name, "family": self.family}
        if self.task is not None:
            table["task"] = self.task
        table["parameters"] = {
            name: parameter.to_dict() for name, parameter in self.parameters.items()
        }
        return table

    @property
    def hyperparameters(self) -> dict[str, Hyperparameter]:
        """What its parameters mean, and all others that `--set` can bring in."""
        tables = {name: parameter.to_dict() for name, parameter in self.parameters.items()}
        return hyperparameters_of(self.family, tables)

    def for_task(self, task: Task) -> SearchSpace:
        """Leave out what the task does not have: label smoothing has no place in regression."""
        if task not in get_args(Task):
            tasks = listed(get_args(Task))
            raise SearchSpaceError(f"The task must be one of {tasks}, but got {task!r}.")
        known = self.hyperparameters
        kept = {
            name: parameter
            for name, parameter in self.parameters.items()
            if task in (parameter.tasks or (task,)) and task in (known[name].tasks or (task,))
        }
        return replace(self, parameters=kept, task=task)

    def narrow(self, assignments: Sequence[str]) -> SearchSpace:
        """Fix, narrow or widen parameters: `a=1`, `a=1..2`, `a=1,2,3`.

        Whatever the hyperparameter can take is allowed, also values outside this space's
        range and hyperparameters that this space leaves out.

        Examples:
            >>> from search_spaces import load
            >>> space = load("mlp").narrow(["optimizer=adam", "learning_rate=1e-4..1e-2"])
            >>> space.parameters["learning_rate"].high
            0.01

        Raises:
            SearchSpaceError: with what is allowed; also where the parameter would never be
                used, because no trial of the space can fulfil its conditions.
        """
        parameters, known = dict(self.parameters), self.hyperparameters
        texts = read_assignments(assignments)
        for name, text in texts.items():
            if name not in known:
                raise unknown_name(name, known)
            self._check_task(known[name])
            parameters[name] = narrow_parameter(known[name], text, parameters.get(name))
        narrowed = replace(self, parameters=parameters)
        for name in texts:
            narrowed._check_is_reachable(name)
        return narrowed

    def suggest(self, trial: BaseTrial) -> dict[str, ParameterValue]:
        """Take a trial's params, fixed values included, inactive parameters left out."""
        params: dict[str, ParameterValue] = {}
        for parameter in self.parameters.values():
            if parameter.is_active(params):
                params[parameter.name] = parameter.suggest(trial)
        return params

    def complete(self, params: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
        """Add the fixed values to params that Optuna stored: what `suggest` had returned."""
        completed: dict[str, ParameterValue] = {}
        for name, parameter in self.parameters.items():
            if not parameter.is_active(completed):
                continue
            if isinstance(parameter, FixedParameter):
                completed[name] = parameter.value
            elif name in params:
                completed[name] = params[name]
        return completed

    def distributions(self) -> dict[str, BaseDistribution]:
        """Optuna's distribution of each parameter that is not fixed."""
        drawn = {name: p.distribution for name, p in self.parameters.items()}
        return {name: each for name, each in drawn.items() if each is not None}

    def common_distributions(self) -> dict[str, BaseDistribution]:
        """Those of the parameters that every trial has, whatever the others are."""
        return {
            name: each
            for name, each in self.distributions().items()
            if not self.parameters[name].when and not each.single()
        }

    def is_reachable(self, name: str) -> bool:
        """Whether any trial can have this parameter."""
        parameter = self.parameters[name]
        return not parameter.when or any(
            all(
                other in self.parameters
                and self.is_reachable(other)
                and any(value in self.parameters[other] for value in values)
                for other, values in condition.values
            )
            for condition in parameter.when
        )

    def _check_task(self, known: Hyperparameter) -> None:
        if self.task is not None and known.tasks and self.task not in known.tasks:
            raise SearchSpaceError(
                f"{known.name} exists for {listed(known.tasks)} only, but the task is "
                f"{self.task}.",
                parameter=known.name,
            )

    def _check_is_reachable(self, name: str) -> None:
        if not self.is_reachable(name):
            conditions = ", or ".join(str(each) for each in self.parameters[name].when)
            raise SearchSpaceError(
                f"{name} is used only where {conditions}, which no trial of this space can have. "
                f"Set that as well, or leave {name} out.",
                parameter=name,
            )


def _check_values(parameter: Parameter, known: Hyperparameter) -> None:
    """Check the values that a parameter names against what the hyperparameter can take."""
    for key, values in parameter.stated_values.items():
        for value in values:
            try:
                known.check(value)
            except SearchSpaceError as error:
                raise SearchSpaceError(str(error), parameter=parameter.name, key=key) from None
    if isinstance(parameter, FloatParameter) and known.numbers and known.numbers.whole:
        raise SearchSpaceError(
            f'{parameter.name} takes whole numbers: its type must be "int", but is "float".',
            parameter=parameter.name,
            key="type",
        )


def _check_condition(parameters: Mapping[str, Parameter], name: str, other: str) -> None:
    """Check that the other parameter exists and comes before this one."""
    order = list(parameters)
    if other == name:
        problem = f"{name} cannot depend on itself."
    elif other not in parameters:
        problem = f"{name} depends on {other!r}, which this space does not have." + (
            nearest(other, (each for each in order if each != name))
        )
    elif order.index(other) < order.index(name):
        return
    elif name in _dependencies(parameters, other):
        problem = f"{name} and {other} depend on each other."
    else:
        problem = f"{name} depends on {other}, which comes later: put [{other}] before [{name}]."
    raise SearchSpaceError(problem, parameter=name, key="when")


def _check_condition_values(
    name: str, other: Hyperparameter, values: Sequence[ParameterValue]
) -> None:
    for value in values:
        try:
            other.check(value)
        except SearchSpaceError as error:
            raise SearchSpaceError(
                f"The condition of {name} can never hold: {error}", parameter=name, key="when"
            ) from None


def _dependencies(parameters: Mapping[str, Parameter], name: str) -> set[str]:
    """All parameters that one depends on, directly or through others."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for condition in parameters[waiting.pop()].when:
            new = set(condition.names) & set(parameters) - found
            found |= new
            waiting.extend(new)
    return found


def completed(space: Mapping[str, Any], params: Mapping[str, ParameterValue]) -> dict[str, Any]:
    """All params of a trial of a stored space, those that it fixes too.

    Those of a study that was made with Optuna alone are all there: it may have names and choices
    that no space of this program has.
    """
    if is_foreign(space):
        return {name: params[name] for name in space["parameters"] if name in params}
    return SearchSpace.from_dict(space).complete(params)


def _values_text(parameter: Parameter) -> str:
    """What a parameter can be, for people."""
    match parameter.own_keys():
        case {"low": low, "high": high, **others}:
            scale = " (log)" if others.get("log") else ""
            return f"{rounded_text(low)} to {rounded_text(high)}{scale}"
        case {"choices": choices}:
            return ", ".join(map(rounded_text, choices))
        case {"value": value}:
            return f"{rounded_text(value)} (fixed)"
    raise TypeError(f"unknown kind of parameter {type(parameter).__name__}")
