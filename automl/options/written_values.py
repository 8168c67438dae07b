"""Values of options as they are written: read as people type them, shown in messages.

Times are typed like 10m and sizes like 500M. What is no number is handed on as the text that
it is, for the rule of its option to refuse in its own words.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from automl.errors import ConfigError

SHOWN = 60  # characters of a wrong value

_SECONDS = {
    "us": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    **{unit: Decimal(n) for unit, n in (("s", 1), ("m", 60), ("h", 3600), ("d", 86400))},
}
_UNIT = "|".join(_SECONDS)
_BYTES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_AMOUNTS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_PASSWORD = re.compile(r"(://[^/@\s:]*:)[^@\s]*@")
_NUMBER = r"[0-9]{1,30}(?:\.[0-9]{1,30})?"


def seconds_of(text: str) -> float:
    """Read a time as people type it: 90, 90s, 10m, 1h30m, 2ms; a bare number is in seconds.

    Raises:
        ConfigError: it is not written like that.
    """
    typed = text.strip().lower()
    if re.fullmatch(_NUMBER, typed):
        return float(typed)
    if not re.fullmatch(f"(?:{_NUMBER}(?:{_UNIT}))+", typed):
        raise ConfigError(f"a time is written like 90s, 10m, 1h30m or 2ms, but got {shown(text)}")
    parts = re.findall(f"({_NUMBER})({_UNIT})", typed)
    return float(sum(Decimal(amount) * _SECONDS[unit] for amount, unit in parts))


def seconds_text(seconds: float) -> str:
    """A time as `seconds_of` reads it, to the nanosecond."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def span_text(seconds: float) -> str:
    """A short time as `seconds_of` reads it, to the last digit: 500us, 2ms, 1.5s."""
    exact = Decimal(repr(seconds))
    unit = "us" if exact < _SECONDS["ms"] else "ms" if exact < 1 else "s"
    return f"{(exact / _SECONDS[unit]).normalize():f}{unit}"


def bytes_of(text: str) -> int:
    """Read a size as people type it: 500M, 2G, 1.5 GB; a bare number is in bytes.

    Raises:
        ConfigError: it is not written like that.
    """
    match = re.fullmatch(rf"({_NUMBER})\s*([kmgt]?)(?:i?b)?", text.strip().lower())
    if match is None:
        raise ConfigError(f"a size is written like 500M or 2G, but got {shown(text)}")
    return int(float(match[1]) * _BYTES[match[2]])


def whole_of(text: str) -> int | str:
    """Read a whole number; the text itself where it is none."""
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,30}", text) else text


def amount_of(text: str) -> int | str:
    """Read a whole number as people type it: 200k, 1.5M; the text itself where it is none."""
    match = re.fullmatch(rf"({_NUMBER})([kmg]?)", text.strip().lower())
    if match is None:
        return text
    found = Decimal(match[1]) * _AMOUNTS[match[2]]
    return int(found) if found == int(found) else text


def number_of(text: str) -> float | str:
    """Read a number; the text itself where it is none."""
    try:
        return float(text)
    except ValueError:
        return text


def shown(value: Any) -> str:
    """A value for a message: in one line, not long, without a URL's password, whatever it is."""
    try:
        text = _PASSWORD.sub(r"\1***@", " ".join(repr(value).split()))
    except Exception:  # a person's own object, or a number of 5,000 digits
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
