"""Spaces of a person's own objective, as they are written in Python: one value per parameter.

    {"learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},   a range
     "n_layers": {"low": 1, "high": 4},                           of whole numbers
     "activation": ["relu", "tanh"],                              choices
     "batch_size": 64}                                            fixed

A mapping has the keys of a table in a TOML file, `when` and `reason` too; its `type` may be left
out. A parameter of `parameters.py` is taken as it is.

A range has names for its ends, a list is of choices, and nothing else is either. Elsewhere a
tuple of two numbers is a range (scikit-optimize, bounds of SciPy), here it would be two choices;
others write ranges as objects (`tune.uniform`, `scipy.stats.uniform`), or as `range`. All of them
are refused by an error with both spellings. So are whole numbers from 0 to 1: a range of two
values, or the unit interval with its points forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search_spaces.declared import MOST_LETTERS, OBJECTIVE_FAMILY
from search_spaces.errors import SearchSpaceError
from search_spaces.intervals import is_number
from search_spaces.parameters import Parameter, read_parameter
from search_spaces.space import SearchSpace

MOST_SHOWN = 6  # of a person's values in an error


def objective_space(parameters: Mapping[str, Any], name: str = "space") -> SearchSpace:
    """The space that a mapping from names to ranges, choices or values describes.

    Raises:
        SearchSpaceError: a name or a value is not possible.
    """
    read = [_parameter(str(key), value) for key, value in parameters.items()]
    return SearchSpace.of(name, read, family=OBJECTIVE_FAMILY)


def _parameter(name: str, value: Any) -> Parameter:
    if isinstance(value, Parameter):
        if value.name != name:
            raise SearchSpaceError(
                f"A parameter stands under its name, but {value.name} stands under {name!r}.",
                parameter=name,
            )
        return value
    return read_parameter(name, _table(name, value))


def _table(name: str, value: Any) -> Mapping[str, Any]:
    """A parameter's table, with its type."""
    if isinstance(value, list):
        return {"type": "categorical", "choices": value}
    if isinstance(value, str | int | float):
        return {"type": "fixed", "value": value}
    if not isinstance(value, Mapping):
        raise _unclear(name, value)
    if "type" in value:
        return value
    if "choices" in value:
        return {"type": "categorical", **value}
    if "value" in value:
        return {"type": "fixed", **value}
    ends = [value[key] for key in ("low", "high") if key in value]
    is_whole = bool(ends) and all(is_number(end) and isinstance(end, int) for end in ends)
    if is_whole and ends == [0, 1]:
        raise SearchSpaceError(
            f'{name} must say what it is from 0 to 1: write {{"low": 0.0, "high": 1.0}} for all '
            "numbers between, or [0, 1] for these two.",
            parameter=name,
        )
    return {"type": "int" if is_whole else "float", **value}


def _unclear(name: str, value: Any) -> SearchSpaceError:
    """Of what may be meant as a range or as choices; both as they are written here."""
    items = [*value] if isinstance(value, tuple | range | set | frozenset) else []
    numbers = [each for each in items if is_number(each)]
    low, high = (numbers[0], numbers[-1]) if len(numbers) > 1 else (0.1, 1.0)
    choices = items if 0 < len(items) <= MOST_SHOWN else ["a", "b"]
    got = repr(value) if items else f"a {type(value).__name__}"
    return SearchSpaceError(
        f"{name} must be a range, a list of choices or one value, but got {got[:MOST_LETTERS]}: "
        f'write {{"low": {low}, "high": {high}}} for a range, or {choices} for choices.',
        parameter=name,
    )
