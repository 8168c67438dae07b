"""Numbers as people write them: 1.250,50 or 1,250.50 or 1 250; 53.8 %; $12; 12 kg; <0.5; 12.3*.

How a column writes its numbers is learned once, from all of its cells, and kept as a
`NumberFormat`; each later cell is read by it. Where "1,250" could be 1250 or 1.25, the other
cells of the column decide.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

UNIT_SHARE = 0.5
"""Numbers with a unit are read where at least this share of the column's numbers has it.

Where fewer have it, the others may be in another one, so that 12 kg is not 12.
"""

SCALES = frozenset({"%", "‰", "k", "K", "M", "B", "G", "T", "bn", "mio"})
"""Suffixes that change the value: beside them a number without one is another number."""

MAX_OTHER_UNITS = 0.01
"""With more numbers in another unit than this, a column is none of numbers: 2.0T beside 1.6L."""

ENOUGH = 30
"""So many numbers with three decimals, printed as short as can be, have some that end with 0."""

SAMPLE = 2000
"""Distinct cells that decide how a column writes its numbers; all others are read by that."""

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
        written = f"written with {' and '.join(parts)}" if parts else ""
        unit = f"in {self.unit}" if self.unit else ""
        return ", ".join(part for part in (written, unit) if part)


PLAIN = NumberFormat()
DURATION = NumberFormat(is_duration=True)


@dataclass(frozen=True, slots=True)
class NumberGuess:
    """What the cells of a column are as numbers."""

    format: NumberFormat
    share: float  # of the cells, those that are numbers in this format
    strays: tuple[str, ...]  # distinct cells that are none, the commonest first
    n_stray: int
    is_ambiguous: bool = False  # "1,250" had two meanings
    n_inexact: int = 0  # cells such as "<0.5" and "12.3*", read as 0.5 and 12.3
    other_unit: str = ""  # that many of the strays have: these are no numbers of one kind


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
    cell = _take_apart(text)
    if cell is None:
        return float(text) if _INFINITE.fullmatch(text) else np.nan
    if cell.unit != written.unit and (cell.unit or written.needs_unit):
        return np.nan
    if cell.has_signs and not written.has_signs:
        return np.nan
    body = _plain_body(cell.body, written)
    return np.nan if body is None else cell.sign * float(body + cell.exponent)


def guess_numbers(counts: Mapping[str, int], *, decimal: str | None = None) -> NumberGuess | None:
    """Find how the numbers of a column are written; None where hardly any cell is one.

    Args:
        counts: the distinct cells, marks of missing ones left out, and how often each stands.
        decimal: the mark of other columns of the table: decides where nothing else does.
    """
    sample = _sample(counts)
    total = sum(sample.values())
    durations = sum(n for text, n in sample.items() if _DURATION.fullmatch(text))
    if durations > 0.5 * total:
        return _guess(counts, DURATION)
    cells = {text: cell for text in sample if (cell := _take_apart(text)) is not None}
    if sum(sample[text] for text in cells) < 0.1 * total:
        return None
    unit, other = _common_unit(cells, sample)
    kept = {text: cell for text, cell in cells.items() if cell.unit in ("", unit)}
    if sum(sample[text] for text, cell in kept.items() if cell.is_inexact) > 0.5 * total:
        return None
    if unit in SCALES and any(not cell.unit for cell in kept.values()):
        kept = {text: cell for text, cell in kept.items() if not cell.unit}
        unit = ""
    bodies: Counter[str] = Counter()
    for text, cell in kept.items():
        bodies[cell.body] += sample[text]
    mark, thousands, is_ambiguous = _marks(bodies, decimal)
    has_signs = any(cell.has_signs for cell in kept.values())
    written = NumberFormat(mark, thousands, unit, has_signs=has_signs)
    inexact = [text for text, cell in kept.items() if cell.is_inexact]
    guess = _guess(counts, written)
    return replace(
        guess,
        is_ambiguous=is_ambiguous,
        n_inexact=sum(
            sample[text] for text in inexact if not np.isnan(read_number(text, written))
        ),
        other_unit=other,
    )


def _sample(counts: Mapping[str, int]) -> Mapping[str, int]:
    """Some of many distinct cells, from all of the mapping."""
    if len(counts) <= SAMPLE:
        return counts
    texts = list(counts)
    return {text: counts[text] for text in texts[:: len(texts) // SAMPLE]}


def _guess(counts: Mapping[str, int], written: NumberFormat) -> NumberGuess:
    texts = pd.Series(list(counts), dtype="str")
    n_cells = np.asarray(list(counts.values()))
    is_stray = np.isnan(read_texts(texts, written))
    order = np.argsort(-n_cells[is_stray], kind="stable")
    strays = tuple(texts[is_stray].iloc[order].tolist())
    n_stray = int(n_cells[is_stray].sum())
    return NumberGuess(written, 1 - n_stray / int(n_cells.sum()), strays, n_stray)


@dataclass(frozen=True, slots=True)
class _Cell:
    sign: float
    body: str
    exponent: str
    unit: str
    is_inexact: bool  # <0.5, 12.3*
    has_signs: bool  # is inexact, or a negative number in brackets


def _take_apart(text: str) -> _Cell | None:
    match = _CELL.fullmatch(text.translate(_ALIKE).strip())
    if match is None:
        return None
    before, after = match["before"] or "", (match["after"] or "").strip()
    if (before and not _is_currency(before)) or (before and after):
        return None
    if bool(match["bracket"]) != bool(match["closed"]):
        return None
    signs = "".join(match[name] or "" for name in ("sign", "sign_after", "minus"))
    if len(signs) > 1 or (signs and match["bracket"]):
        return None
    is_inexact = bool(match["compare"] or match["note"])
    return _Cell(
        sign=-1.0 if signs == "-" or match["bracket"] else 1.0,
        body=match["body"],
        exponent=match["exponent"] or "",
        unit=_same_unit(before or after),
        is_inexact=is_inexact,
        has_signs=is_inexact or bool(match["bracket"]),
    )


def _is_currency(text: str) -> bool:
    return text.lower() in _CURRENCIES or any(unicodedata.category(c) == "Sc" for c in text)


def _same_unit(unit: str) -> str:
    """A unit as everyone writes it: kg for KG, but M is not m."""
    return unit.lower() if len(unit) > 1 else unit


def _common_unit(cells: Mapping[str, _Cell], counts: Mapping[str, int]) -> tuple[str, str]:
    """The unit of most numbers, and another one that many have: "" where there is none."""
    units: Counter[str] = Counter()
    for text, cell in cells.items():
        units[cell.unit] += counts[text]
    named = sorted(((count, unit) for unit, count in units.items() if unit), reverse=True)
    if not named or named[0][0] < UNIT_SHARE * units.total():
        return "", ""
    others = named[1:]
    is_mixed = sum(count for count, _ in others) > MAX_OTHER_UNITS * units.total()
    return named[0][1], others[0][1] if is_mixed else ""


def _plain_body(body: str, written: NumberFormat) -> str | None:
    """The digits with a point; None where the marks do not stand as they should."""
    whole, mark, fraction = body.partition(written.decimal)
    if mark and not (fraction.isdecimal() or not fraction):
        return None
    if written.thousands and written.thousands in whole:
        if not _are_groups(whole.split(written.thousands)):
            return None
        whole = whole.replace(written.thousands, "")
    if whole and not whole.isdecimal():
        return None
    if not whole and not fraction:
        return None
    return f"{whole or '0'}.{fraction or '0'}"


def _are_groups(groups: Sequence[str]) -> bool:
    """Whether digits are parted as thousands: in threes, or as India does: 12,34,567."""
    if groups[0].startswith("0") or not 1 <= len(groups[0]) <= 3 or len(groups[-1]) != 3:
        return False
    between = {len(group) for group in groups[1:-1]}
    return between <= {3} or (between == {2} and len(groups[0]) <= 2)


def _marks(bodies: Counter[str], usual: str | None) -> tuple[str, str, bool]:
    """The decimal mark, the one between thousands, and whether only custom could decide."""
    decimals: Counter[str] = Counter()
    thousands: Counter[str] = Counter()
    unclear: Counter[str] = Counter()
    for body, count in bodies.items():
        _judge_marks(body, count, (decimals, thousands, unclear))
    grouped = max(thousands, key=lambda mark: thousands[mark], default="")
    decimal = max(decimals, key=lambda mark: decimals[mark], default="")
    if decimal and grouped == decimal:
        grouped = "" if decimals[decimal] >= thousands[grouped] else grouped
        decimal = "" if grouped else decimal
    is_ambiguous = False
    for mark in unclear:
        if mark in (decimal, grouped):
            continue
        if decimal and not grouped:
            grouped = mark
        elif grouped and not decimal:
            decimal = mark
        elif not decimal:
            is_ambiguous = True
            if _separates_thousands(mark, bodies, usual):
                grouped = mark
            else:
                decimal = mark
    if not decimal:
        decimal = "," if grouped == "." else "."
    return decimal, grouped, is_ambiguous


def _judge_marks(body: str, count: int, votes: tuple[Counter[str], ...]) -> None:
    """What one number says of its marks."""
    decimals, thousands, unclear = votes
    marks = [character for character in body if not character.isdecimal()]
    if not marks:
        return
    first, last = marks[0], marks[-1]
    if first in " '" and len(set(marks)) <= 2:
        thousands[first] += count
        if last not in " '":
            decimals[last] += count
        return
    if first != last:
        thousands[first] += count
        decimals[last] += count
    elif len(marks) > 1:  # else it is a version or an address: 1.10.2, 192.168.0.1
        if _are_groups(body.split(first)) and len(marks) < 3:
            thousands[first] += count
    else:
        whole, fraction = body.split(first)
        if len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0"):
            unclear[first] += count
        else:
            decimals[first] += count


def _separates_thousands(mark: str, bodies: Mapping[str, int], usual: str | None) -> bool:
    """Whether "1,250" is 1250 where each number with the mark has three digits behind it.

    Beside "12500" it is not, for that would be "12,500". Beside "950" it is, where some of the
    numbers with the mark end with 0: decimals that programs write do not, and those of one
    length would make "950,000" of it. Else what is usual in the table decides, and then custom:
    a point is a decimal one, a comma is not.
    """
    bare = [body for body in bodies if body.isdecimal()]
    marked = [body for body in bodies if mark in body]
    if any(len(body) > 4 for body in bare):
        return False
    ends_with_zero = any(body.endswith("0") for body in marked)
    if bare and (ends_with_zero or len(marked) >= ENOUGH):
        return ends_with_zero
    if usual is not None:
        return usual != mark
    return mark == ","


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
