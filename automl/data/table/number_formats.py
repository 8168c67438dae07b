"""Numbers as people write them: 1.250,50 or 1,250.50 or 1 250; 53.8 %; $12; 12 kg; <0.5; 12.3*.

How a column writes its numbers is learned once (`number_guesses.py`) and kept as a `NumberFormat`;
each later cell is read by it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from automl.wording.counts import listing

SCALES = frozenset({"%", "‰", "k", "K", "M", "B", "G", "T", "bn", "mio"})
"""Suffixes that change the value: beside them a number without one is another number."""

_CURRENCIES = frozenset(
    (
        *("usd", "eur", "gbp", "jpy", "chf", "cad", "aud", "nzd", "inr", "cny", "rmb", "krw"),
        *("brl", "sek", "nok", "dkk", "pln", "czk", "huf", "try", "rub", "zar", "mxn", "sgd"),
        *("hkd", "ils", "thb", "idr", "myr", "php", "rs", "rs.", "r$", "us$", "kr", "kr."),
        *("fr", "fr.", "sfr", "zł", "kč", "ft"),
    )
)
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\u2002\u2003", " "),
        **dict.fromkeys("\u2212\ufe63\uff0d\u2012\u2013", "-"),
        **dict.fromkeys("\u2019\u02bc\u00b4`", "'"),
        "\uff0c": ",",
        "\uff0e": ".",
        "\uff05": "%",
        "\u066b": ".",
    }
)
_CELL = re.compile(
    r"(?P<bracket>\()?(?P<compare>[<>\u2264\u2265~\u2248]=?)?\s*(?P<sign>[+-])?\s*"
    r"(?P<before>[^\d\s.,+\-()<>'\"/:#*]{1,4}\.?)?\s*(?P<sign_after>[+-])?"
    r"(?P<body>\d+(?:[ .,']\d+)*[.,]?|[.,]\d+)(?P<exponent>[eE][+-]?\d+)?(?P<minus>-)?"
    r"\s*(?P<after>[^\d\s.,+\-()<>'\":#*\u2020\u2021][^\d,()<>\"*\u2020\u2021]{0,15}(?:(?<=[a-z])[23])?)?"
    r"(?P<note>[*\u2020\u2021]+)?(?P<closed>\))?"
)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_DURATION = re.compile(
    r"(?P<sign>-)?(?:(\d+) days?,? (?P<plus>\+)?)?(\d+):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?"
)


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How the numbers of one column are written."""

    decimal: str = "."
    thousands: str = ""  # "," or "." or " " (any kind of space) or "'"
    unit: str = ""  # "%", "$", "kg": where it stands, and where it does not
    is_duration: bool = False  # 1:30:00 or "2 days 01:30:00", read as seconds
    has_signs: bool = False  # among them are <0.5, 12.3* or (7), read as 0.5, 12.3 and -7

    @property
    def is_plain(self) -> bool:
        """Whether these are numbers as programs write them."""
        return self == PLAIN

    @property
    def needs_unit(self) -> bool:
        """Whether a number without the unit is another number: 0.5 is not 0.5 %."""
        return self.unit in SCALES

    @property
    def described(self) -> str:
        """What a person should know of it: "with decimal comma, in %"."""
        if self.is_duration:
            return "read as times in seconds"
        names = {",": "comma", ".": "point", " ": "space", "'": "apostrophe"}
        parts = []
        if self.decimal == ",":
            parts.append("a decimal comma")
        if self.thousands:
            parts.append(f"a {names[self.thousands]} between thousands")
        written = f"written with {listing(parts)}" if parts else ""
        unit = f"in {self.unit}" if self.unit else ""
        return ", ".join(part for part in (written, unit) if part)


PLAIN = NumberFormat()
DURATION = NumberFormat(is_duration=True)


def plain_numbers(texts: pd.Series[Any]) -> NDArray[np.float64] | None:
    """Read a column of which every cell is a finite number as programs write it; else None.

    Shape:
        texts, result: (N,).
    """
    try:
        read = pa.array(texts, type=pa.string(), from_pandas=True).cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    numbers: NDArray[np.float64] = read.to_numpy(zero_copy_only=False)
    is_finite = np.isfinite(numbers[np.asarray(texts.notna(), dtype=bool)]).all()
    return numbers if is_finite else None


def in_dialect(written: NumberFormat, decimal: str | None) -> NumberFormat:
    """How a file of another dialect writes the numbers of a column.

    Args:
        decimal: the file's decimal mark; None: that of the column.
    """
    if decimal is None or written.is_duration:
        return written
    return replace(written, decimal=decimal, thousands="." if decimal == "," else ",")


def read_texts(texts: pd.Series[Any], written: NumberFormat) -> NDArray[np.float64]:
    """Read a column; NaN where a cell is missing, or no number in this format.

    Numbers without unit or signs, which most are, are read all at once.

    Shape:
        texts, result: (N,).
    """
    if written.is_plain and (plain := plain_numbers(texts)) is not None:
        return plain
    numbers = np.full(len(texts), np.nan)
    rest = np.array(texts.notna(), dtype=bool)
    if not (written.is_duration or written.needs_unit):
        simple = np.asarray(texts.str.fullmatch(_pattern(written)).fillna(False), dtype=bool)
        digits = texts[simple]
        if written.thousands:
            digits = digits.str.replace(written.thousands, "", regex=False)
        read = plain_numbers(digits.str.replace(written.decimal, ".", regex=False))
        if read is not None:
            numbers[simple] = read
            rest &= ~simple
    if rest.any():
        codes, distinct = pd.factorize(texts[rest])
        numbers[rest] = np.asarray([read_number(text, written) for text in distinct])[codes]
    return numbers


def _pattern(written: NumberFormat) -> str:
    """What a number in this format is, without unit or signs."""
    mark = re.escape(written.decimal)
    whole = r"\d+"
    if written.thousands:
        whole = rf"(?:[1-9]\d{{0,2}}(?:{re.escape(written.thousands)}\d{{3}})+|\d+)"
    return rf"[+-]?(?:{whole}(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d+)?"


def read_number(text: str, written: NumberFormat) -> float:
    """Read one cell; NaN where it is no number in this format."""
    if written.is_duration:
        return _read_duration(text)
    cell = take_apart(text)
    if cell is None:
        return float(text) if _INFINITE.fullmatch(text) else np.nan
    if cell.unit != written.unit and (cell.unit or written.needs_unit):
        return np.nan
    if cell.has_signs and not written.has_signs:
        return np.nan
    body = _plain_body(cell.body, written)
    return np.nan if body is None else cell.sign * float(body + cell.exponent)


@dataclass(frozen=True, slots=True)
class NumberCell:
    """The parts of a cell that may be a number."""

    sign: float
    body: str
    exponent: str
    unit: str
    is_inexact: bool  # <0.5, 12.3*
    has_signs: bool  # is inexact, or a negative number in brackets


def take_apart(text: str) -> NumberCell | None:
    """Tell sign, digits and unit of a cell apart; None where it is no number in any format."""
    match = _CELL.fullmatch(text.translate(_ALIKE).strip())
    if match is None:
        return None
    before, after = match["before"] or "", (match["after"] or "").strip()
    if (before and not is_currency(before)) or (before and after):
        return None
    if bool(match["bracket"]) != bool(match["closed"]):
        return None
    signs = "".join(match[name] or "" for name in ("sign", "sign_after", "minus"))
    if len(signs) > 1 or (signs and match["bracket"]):
        return None
    is_inexact = bool(match["compare"] or match["note"])
    return NumberCell(
        sign=-1.0 if signs == "-" or match["bracket"] else 1.0,
        body=match["body"],
        exponent=match["exponent"] or "",
        unit=_same_unit(before or after),
        is_inexact=is_inexact,
        has_signs=is_inexact or bool(match["bracket"]),
    )


def is_currency(text: str) -> bool:
    """Whether a unit is a currency, which may stand before its number: $12, EUR 5."""
    return text.lower() in _CURRENCIES or any(unicodedata.category(c) == "Sc" for c in text)


def _same_unit(unit: str) -> str:
    """A unit as everyone writes it: kg for KG, but M is not m."""
    return unit.lower() if len(unit) > 1 else unit


def _plain_body(body: str, written: NumberFormat) -> str | None:
    """The digits with a point; None where the marks do not stand as they should."""
    whole, mark, fraction = body.partition(written.decimal)
    if mark and not (fraction.isdecimal() or not fraction):
        return None
    if written.thousands and written.thousands in whole:
        if not are_groups(whole.split(written.thousands)):
            return None
        whole = whole.replace(written.thousands, "")
    if whole and not whole.isdecimal():
        return None
    if not whole and not fraction:
        return None
    return f"{whole or '0'}.{fraction or '0'}"


def are_groups(groups: Sequence[str]) -> bool:
    """Whether digits are parted as thousands: in threes, or as India does: 12,34,567."""
    if groups[0].startswith("0") or not 1 <= len(groups[0]) <= 3 or len(groups[-1]) != 3:
        return False
    between = {len(group) for group in groups[1:-1]}
    return between <= {3} or (between == {2} and len(groups[0]) <= 2)


def is_duration(text: str) -> bool:
    """Whether a cell is a time of day or a span of time: 1:30:00, "2 days 01:30:00"."""
    return _DURATION.fullmatch(text) is not None


def _read_duration(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if match is None:
        return np.nan
    days, hours, minutes, seconds = (float(match[i] or 0) for i in (2, 4, 5, 6))
    of_day = (hours * 60 + minutes) * 60 + seconds
    if match["plus"]:  # "-1 days +20:04:04" is four hours less than nothing
        return (-days if match["sign"] else days) * 86400 + of_day
    total = days * 86400 + of_day
    return -total if match["sign"] else total
