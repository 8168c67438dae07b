"""From what a database holds to typed values, or an error that names the place.

A database may have been edited by hand, or damaged. Every JSON text is parsed here, and every
field of a record is held against the type that its dataclass declares, nested ones too: what
does not fit is a `DamagedError` with table, column, row and reason, so that nothing further
up meets a number where a mapping was written.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from storage.errors import DamagedError, StorageError

Record = TypeVar("Record")
Check = Callable[[Any], Any]

MOST_LEVELS = 50
"""Nested levels of a JSON text; what this program writes has at most six."""

PARSE_ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RecursionError,
)
"""What parsers of damaged values raise, Optuna's of distributions among them."""


_OF_OTHERS: tuple[tuple[re.Pattern[str], Any], ...] = (
    (re.compile(r"dashboard:(.*:)?note_ver"), int),  # Optuna Dashboard's count of versions
    (re.compile(r"completed_rung_\d+"), float),  # what a pruner compares
    (re.compile(r"constraints(:.*)?"), float | tuple[float, ...] | None),  # a sampler's
)
"""Attributes that Optuna's samplers and pruners, or its dashboard, take on trust."""


class UnfitError(ValueError):
    """A value is not of its type; the message says why."""


@contextlib.contextmanager
def damaged_in(table: str, column: str = "a value", **row: object) -> Iterator[None]:
    """What reads values: whatever fails inside is the fault of what is stored.

    Args:
        row: what finds the row, if it is known.

    Raises:
        DamagedError: something failed.
    """
    try:
        yield
    except StorageError:
        raise  # it says more; one of them is a KeyError
    except PARSE_ERRORS as error:
        why = str(error) if isinstance(error, UnfitError) else f"it cannot be read ({error!r})"
        raise DamagedError(table, column, row, why) from error


def parse_json(stored: Any) -> Any:
    """The value of a JSON text.

    Raises:
        UnfitError: it is no JSON, or absurdly nested.
    """
    if stored is None or isinstance(stored, int | float):
        return stored  # SQLite makes numbers of texts that are one
    try:
        value = json.loads(stored)
    except (ValueError, TypeError, RecursionError) as error:
        raise UnfitError(f"it is no JSON ({error})") from error
    if stored.count("[") + stored.count("{") > MOST_LEVELS and _levels(value) > MOST_LEVELS:
        raise UnfitError(f"it is nested more than {MOST_LEVELS} levels deep")
    return value


def attribute(table: str, owner: str, owner_id: int, key: str, text: str) -> Any:
    """The value of an attribute of Optuna's.

    Raises:
        DamagedError: it is no JSON, or not what those who read it take it for.
    """
    try:
        value = parse_json(text)
        for pattern, hint in _OF_OTHERS:
            if pattern.fullmatch(key):
                fitting(value, hint)
        return value
    except UnfitError as error:
        row = {owner: owner_id, "key": key}
        raise DamagedError(table, "value_json", row, str(error)) from error


def record_of(
    kind: type[Record], table: str, key: str, row: Mapping[str, Any], json_columns: frozenset[str]
) -> Record:
    """A row as a record: each column has the name of a field.

    Raises:
        DamagedError: a field is not of its type.
    """
    values = {}
    for name, check in _checks(cast(Any, kind)).items():
        try:
            stored = row[name]
            values[name] = check(parse_json(stored) if name in json_columns else stored)
        except UnfitError as error:
            raise DamagedError(table, name, {key: row[key]}, str(error)) from error
    return kind(**values)


def fitting(value: Any, hint: Any) -> Any:
    """A parsed JSON value as a type has it: lists become tuples, mappings dataclasses.

    Raises:
        UnfitError: it does not fit.
    """
    return _check(hint)(value)


def _levels(value: Any) -> int:
    """How deep a JSON value is nested; level by level, as a recursion would be too deep."""
    levels, level = 0, [value]
    while level:
        levels += 1
        inner = [one for one in level if isinstance(one, dict | list)]
        level = [
            part for one in inner for part in (one.values() if isinstance(one, dict) else one)
        ]
    return levels


@functools.cache
def _checks(kind: Any) -> Mapping[str, Check]:
    hints = get_type_hints(kind, {**vars(sys.modules[kind.__module__]), "Json": Any})
    return {field.name: _check(hints[field.name]) for field in fields(kind)}


@functools.cache
def _check(hint: Any) -> Check:
    """What checks and converts a value of a type."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return _anything
    if is_dataclass(hint) and isinstance(hint, type):
        return functools.partial(_as_dataclass, hint)
    if origin is Literal:
        return functools.partial(_as_literal, inner)
    if origin in (Union, types.UnionType):
        return functools.partial(_as_union, inner, tuple(map(_check, inner)))
    if origin is not None and issubclass(origin, Mapping):
        return functools.partial(_as_mapping, _check(inner[1]))
    if origin is not None and issubclass(origin, Sequence):
        any_length = inner[-1] is Ellipsis or len(inner) == 1
        parts = None if any_length else tuple(map(_check, inner))
        return functools.partial(_as_tuple, _check(inner[0]), parts)
    return functools.partial(_as_plain, hint)


def _anything(value: Any) -> Any:
    return value


def _as_plain(kind: type, value: Any) -> Any:
    if type(value) is kind:
        return value
    if kind is float and type(value) is int:
        return _float(value)
    raise UnfitError(f"it must be {_NAMES.get(kind, kind)}, but is {_shown(value)}")


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise UnfitError("its number is too large") from error


def _as_literal(allowed: tuple[Any, ...], value: Any) -> Any:
    if not isinstance(value, str | int) or value not in allowed:
        raise UnfitError(f"it must be one of {', '.join(allowed)}, but is {_shown(value)}")
    return value


def _as_union(kinds: tuple[Any, ...], checks: tuple[Check, ...], value: Any) -> Any:
    if type(value) in kinds:  # a whole number stays one beside `float`
        return value
    reason = UnfitError("it is of no type")
    for check in checks:
        try:
            return check(value)
        except UnfitError as error:
            reason = error
    raise reason


def _as_mapping(check: Check, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnfitError(f"it must be a mapping, but is {_shown(value)}")
    return {key: _inside(key, check, part) for key, part in value.items()}


def _as_tuple(check: Check, parts: tuple[Check, ...] | None, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise UnfitError(f"it must be a list, but is {_shown(value)}")
    if parts is None:
        return tuple(_inside(i, check, one) for i, one in enumerate(value))
    if len(parts) != len(value):
        raise UnfitError(f"it must have {len(parts)} entries, but has {len(value)}")
    pairs = zip(parts, value, strict=True)
    return tuple(_inside(i, part, one) for i, (part, one) in enumerate(pairs))


def _as_dataclass(kind: Any, value: Any) -> Any:
    """Keys that only a newer version knows are left out."""
    if not isinstance(value, dict):
        raise UnfitError(f"it must be a mapping, but is {_shown(value)}")
    missing = [
        field.name
        for field in fields(kind)
        if field.name not in value
        and field.default is MISSING
        and field.default_factory is MISSING
    ]
    if missing:
        raise UnfitError(f"it lacks {', '.join(missing)}")
    return kind(
        **{
            name: _inside(name, check, value[name])
            for name, check in _checks(kind).items()
            if name in value
        }
    )


def _inside(place: object, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except UnfitError as error:
        raise UnfitError(f"in {place!r}: {error}") from error


_NAMES = {
    float: "a number",
    int: "a whole number",
    str: "a text",
    bool: "true or false",
    type(None): "null",
}


def _shown(value: Any, width: int = 40) -> str:
    text = repr(value) if not isinstance(value, dict | list) else json.dumps(value)[: width + 1]
    return text if len(text) <= width else text[: width - 3] + "..."
