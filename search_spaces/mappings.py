"""Spaces of a person's own objective, as they are written in Python: one value per parameter.

    {"learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},   a range
     "n_layers": {"low": 1, "high": 4},                           of whole numbers
     "activation": ["relu", "tanh"],                              choices
     "batch_size": 64}                                            fixed

A mapping has the keys of a table in a TOML file, `when` and `reason` too; its `type` may be left
out. A parameter of `parameters.py` is taken as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search_spaces.declared import OBJECTIVE_FAMILY
from search_spaces.errors import SearchSpaceError
from search_spaces.intervals import is_number
from search_spaces.parameters import Parameter, read_parameter
from search_spaces.space import SearchSpace


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
    return read_parameter(name, _table(value))


def _table(value: Any) -> Mapping[str, Any]:
    """A parameter's table, with its type."""
    if not isinstance(value, Mapping):
        is_choice = isinstance(value, list | tuple)
        return {"type": "categorical", "choices": value} if is_choice else _fixed(value)
    if "type" in value:
        return value
    if "choices" in value:
        return {"type": "categorical", **value}
    if "value" in value:
        return {"type": "fixed", **value}
    ends = [value[key] for key in ("low", "high") if key in value]
    is_whole = bool(ends) and all(is_number(end) and isinstance(end, int) for end in ends)
    return {"type": "int" if is_whole else "float", **value}


def _fixed(value: Any) -> Mapping[str, Any]:
    return {"type": "fixed", "value": value}
