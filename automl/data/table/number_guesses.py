"""Find how the numbers of a column are written, from all of its cells.

Where "1,250" could be 1250 or 1.25, the other cells of the column decide, then the other columns
of the table, then custom. What is found is a `NumberFormat`; reading by it is in
`number_formats.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from automl.data.table.number_formats import (
    DURATION,
    SCALES,
    NumberCell,
    NumberFormat,
    are_groups,
    is_duration,
    read_number,
    read_texts,
    take_apart,
)

UNIT_SHARE = 0.5
"""Numbers with a unit are read where at least this share of the column's numbers has it.

Where fewer have it, the others may be in another one, so that 12 kg is not 12.
"""

MAX_OTHER_UNITS = 0.01
"""With more numbers in another unit than this, a column is none of numbers: 2.0T beside 1.6L."""

ENOUGH = 30
"""So many numbers with three decimals, printed as short as can be, have some that end with 0."""

SAMPLE = 2000
"""Distinct cells that decide how a column writes its numbers; all others are read by that."""


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


def guess_numbers(
    counts: Mapping[str, int], *, decimal: Callable[[], str | None] = lambda: None
) -> NumberGuess | None:
    """Find how the numbers of a column are written; None where hardly any cell is one.

    Args:
        counts: the distinct cells, marks of missing ones left out, and how often each stands.
        decimal: says the mark of other columns of the table; asked where nothing else decides.
    """
    sample = _sample(counts)
    total = sum(sample.values())
    durations = sum(n for text, n in sample.items() if is_duration(text))
    if durations > 0.5 * total:
        return _guess(counts, DURATION)
    cells = {text: cell for text in sample if (cell := take_apart(text)) is not None}
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
    signed = _signed(counts)
    written = NumberFormat(mark, thousands, unit, has_signs=bool(signed))
    inexact = [text for text, cell in signed.items() if cell.is_inexact]
    return replace(
        _guess(counts, written),
        is_ambiguous=is_ambiguous,
        n_inexact=sum(counts[t] for t in inexact if not np.isnan(read_number(t, written))),
        other_unit=other,
    )


def _signed(counts: Mapping[str, int]) -> dict[str, NumberCell]:
    """The cells that are numbers such as <0.5, 12.3* or (7): rare ones, so all are looked at."""
    some = (text for text in counts if not (text[0].isalnum() and text[-1].isalnum()))
    cells = {text: cell for text in some if (cell := take_apart(text)) is not None}
    return {text: cell for text, cell in cells.items() if cell.has_signs}


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


def _common_unit(cells: Mapping[str, NumberCell], counts: Mapping[str, int]) -> tuple[str, str]:
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


def _marks(bodies: Counter[str], usual: Callable[[], str | None]) -> tuple[str, str, bool]:
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
        if are_groups(body.split(first)) and len(marks) < 3:
            thousands[first] += count
    else:
        whole, fraction = body.split(first)
        if len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0"):
            unclear[first] += count
        else:
            decimals[first] += count


def _separates_thousands(
    mark: str, bodies: Mapping[str, int], usual: Callable[[], str | None]
) -> bool:
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
    decimal = usual()
    return mark == "," if decimal is None else decimal != mark
