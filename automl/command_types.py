"""What people type for times, sizes and workers on the command line, as click reads it."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}


class Duration(click.ParamType[float]):
    """A time such as 90, 90s, 10m, 1h30m; a bare number is in seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the text as seconds."""
        if isinstance(value, (int, float)):
            return float(value)
        if re.fullmatch(r"\d+(\.\d+)?", value):
            return float(value)
        parts = re.findall(r"(\d+(?:\.\d+)?)([smhd])", value)
        if not parts or "".join(number + unit for number, unit in parts) != value:
            self.fail(f"a duration is written like 90s, 10m or 1h30m, but got {value!r}")
        return sum(float(number) * _UNITS[unit] for number, unit in parts)


class ByteSize(click.ParamType[int]):
    """A size such as 500M or 2G; a bare number is in bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the text as bytes."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([kmg]?)b?", value.lower())
        if match is None:
            self.fail(f"a size is written like 500M or 2G, but got {value!r}")
        return int(float(match[1]) * _SIZES[match[2]])


class Workers(click.ParamType["int | str"]):
    """A number of worker processes, or `auto` for one per core."""

    name = "workers"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        """Read a count from 1, or auto."""
        if value == "auto" or isinstance(value, int):
            return value  # type: ignore[no-any-return]
        if not value.isdigit() or int(value) < 1:
            self.fail(f"workers must be a number from 1, or auto, but got {value!r}")
        return int(value)
