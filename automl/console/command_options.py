"""Times, sizes, workers and databases as people type them, for click to read.

How they are written is said in automl/options/values.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from automl.errors import ConfigError
from automl.options.values import DATABASE, bytes_of, seconds_of

Value = TypeVar("Value")


class WholeNumber(click.IntRange):
    """A whole number; help calls it N."""

    name = "n"


COUNT = WholeNumber(1)
FROM_ZERO = WholeNumber(0)


class Duration(click.ParamType[float]):
    """A time such as 90, 90s, 10m, 1h30m; a bare number is in seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the text as seconds."""
        return _read(seconds_of, value, self)


class ByteSize(click.ParamType[int]):
    """A size such as 500M or 2G; a bare number is in bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the text as bytes."""
        return _read(bytes_of, value, self)


class Workers(click.ParamType["int | str"]):
    """A number of worker processes, or `auto` for one per core."""

    name = "workers"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Read a count from 1, or auto."""
        return _read(_workers_of, value, self)


class Database(click.ParamType[str]):
    """The URL of a database."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is no URL."""
        return _read(lambda text: str(DATABASE.plain("storage", text)), value, self)


def _read(read: Callable[[str], Value], value: Any, kind: click.ParamType[Value]) -> Value:
    """Read a text; click gives defaults, and values that were read already, here too."""
    if not isinstance(value, str):
        return value  # type: ignore[no-any-return]
    try:
        return read(value)
    except ConfigError as error:
        kind.fail(str(error))


def _workers_of(text: str) -> int | str:
    if text == "auto":
        return text
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= 1):
        raise ConfigError(f"workers must be a number from 1, or auto, but got {text!r}")
    return int(text)
