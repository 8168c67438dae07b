"""Numbers that stand for "no value": -999, -200, 9999, 9.97e36 in some per cent of a column.

As a number such a mark spoils means, scales and all that a network learns of the column. It is
found by its look and place, said with the option that makes it missing, and never replaced
without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.table.cells import number_text
from automl.data.table.columns import ColumnPlan
from automl.wording.option_names import named
from storage.records import DataCheckRecord

MIN_SHARE = 0.005
"""A mark stands in some per cent of the rows: half a percent at least, and three of them."""

MIN_ROWS = 3

FAR = 3.0
"""From all other numbers a mark is this many times further away than they are from each other."""

COMMON = 5.0
"""Or it is this many times as frequent as each number around it, and has nothing but nines."""

NEIGHBOURS = 10

NEGATIVE_MARKS = frozenset({-8.0, -9.0, -88.0, -98.0, -99.0, -200.0, -998.0, -999.0, -999.25})
"""Where all other numbers are 0 or more, these are marks however near they lie."""

POSITIVE_MARKS = frozenset({98.0, 998.0, 9998.0})
"""Beside 99, 999 and 9999 of surveys: "refused" beside "does not know"."""

INTEGER_LIMITS = frozenset({32767.0, 32768.0, 2147483647.0, 2147483648.0})
"""The smallest and largest numbers of 16 and 32 bits, which programs write for "none"."""

HUGE = 1e20
"""So do programs with numbers from here on: 9.96921e36 (netCDF), 1e20 (climate models)."""

MAX_LINES = 6
"""Of lines on suspected marks; of more, it is said how many there are."""


def sentinels(
    train: pd.DataFrame,
    plans: Sequence[ColumnPlan],
    target: tuple[str, NDArray[np.float64]] | None = None,
) -> list[DataCheckRecord]:
    """Columns of numbers with suspected marks: their share of the rows that are not empty.

    Args:
        train: typed columns.
        target: name and values of the target of a regression.
    """
    used = [plan.name for plan in plans if plan.kind == "numeric" and not plan.dropped]
    columns = {name: train[name].to_numpy() for name in used}
    if target is not None:
        columns[target[0]] = target[1]
    found = []
    for name, values in columns.items():
        present = values[~np.isnan(values)]
        marks = _suspects(present)
        if marks:
            n_rows = int(np.isin(present, marks).sum())
            details: dict[str, Any] = {"marks": marks, "n_rows": n_rows}
            found.append(DataCheckRecord("sentinel", name, n_rows / len(present), details))
    return found


def sentinel_messages(checks: Sequence[DataCheckRecord]) -> list[str]:
    """What a person is told, with the option that makes the marks missing."""
    lines = [
        f"{check.subject} is {marks} in {check.details['n_rows']} train rows, unlike its other "
        f"numbers: if that means missing, use {option}"
        for check in checks
        if check.kind == "sentinel"
        for marks, option in [described_marks(check)]
    ]
    if len(lines) > MAX_LINES:
        more = len(lines) - MAX_LINES + 1
        lines = [*lines[: MAX_LINES - 1], f"{more} further columns have such numbers"]
    return lines


def described_marks(check: DataCheckRecord) -> tuple[str, str]:
    """The marks of a column in words, and the option that makes them missing."""
    marks = check.details["marks"]
    written = [number_text(mark) for mark in (marks if isinstance(marks, list) else [])]
    option = named("missing", [f"{check.subject}={mark}" for mark in written])
    return " or ".join(written), option


def _suspects(present: NDArray[np.float64]) -> list[float]:
    """The marks among the numbers of a column."""
    distinct, counts = np.unique(present, return_counts=True)
    is_candidate = counts >= max(MIN_ROWS, MIN_SHARE * len(present))
    for at in np.flatnonzero(is_candidate):
        is_candidate[at] = _looks_like_a_mark(float(distinct[at]))
    others, other_counts = distinct[~is_candidate], counts[~is_candidate]
    if len(others) < 3:
        return []
    return [
        float(value)
        for value, count in zip(distinct[is_candidate], counts[is_candidate], strict=True)
        if _is_unlike(float(value), int(count), others, other_counts)
    ]


def _is_unlike(
    value: float, count: int, others: NDArray[np.float64], other_counts: NDArray[np.int64]
) -> bool:
    with np.errstate(over="ignore"):
        gap = max(others[0] - value, value - others[-1])
        if gap > FAR * (others[-1] - others[0]):
            return True
    if value in NEGATIVE_MARKS and others[0] >= 0:
        return True
    if abs(value) < 999 or set(f"{abs(value):.15g}") != {"9"}:
        return False
    at = int(np.searchsorted(others, value))
    around = other_counts[max(at - NEIGHBOURS, 0) : at + NEIGHBOURS]
    return count > COMMON * float(around.max())


def _looks_like_a_mark(value: float) -> bool:
    """Whether a number is one that people and programs write for "none"."""
    digits = set(f"{abs(value):.15g}".replace(".", ""))
    is_repeated = digits in ({"9"}, {"8"}) and abs(value) > 90  # 99, 999.9, 8888
    is_limit = abs(value) in INTEGER_LIMITS or abs(value) >= HUGE
    return is_repeated or is_limit or value in NEGATIVE_MARKS | POSITIVE_MARKS
