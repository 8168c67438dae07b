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

from automl.data.columns import ColumnPlan
from storage.records import DataCheckRecord

MIN_SHARE = 0.005
"""A mark stands in some per cent of the rows: half a percent at least, and three of them."""

MIN_ROWS = 3

FAR = 3.0
"""From all other numbers a mark is this many times further away than they are from each other."""

NEGATIVE_MARKS = frozenset({-1.0, -9.0, -99.0, -200.0, -999.0, -9999.0, -99999.0})
"""Where all other numbers are 0 or more, these are marks however near they lie."""

INTEGER_LIMITS = frozenset({32767.0, 32768.0, 2147483647.0, 2147483648.0})
"""The smallest and largest numbers of 16 and 32 bits, which programs write for "none"."""

HUGE = 1e20
"""So do programs with numbers from here on: 9.96921e36 (netCDF), 1e20 (climate models)."""


def sentinels(train: pd.DataFrame, plans: Sequence[ColumnPlan]) -> list[DataCheckRecord]:
    """Columns of numbers with a suspected mark: its share of the rows that are not empty.

    Args:
        train: typed columns.
    """
    found = []
    for plan in plans:
        if plan.kind == "numeric" and not plan.dropped:
            mark = _suspect(train[plan.name].to_numpy())
            if mark is not None:
                value, share, n_rows = mark
                details: dict[str, Any] = {"mark": value, "n_rows": n_rows}
                found.append(DataCheckRecord("sentinel", plan.name, share, details))
    return found


def sentinel_message(check: DataCheckRecord) -> str:
    """What a person is told, with the option that makes the mark missing."""
    mark = float(check.details["mark"])  # type: ignore[arg-type]
    return (
        f"{check.subject} is {mark:.15g} in {check.details['n_rows']} train rows, unlike its "
        f"other numbers: if that means missing, use --missing '{check.subject}={mark:.15g}'"
    )


def _suspect(values: NDArray[np.float64]) -> tuple[float, float, int] | None:
    """The mark among the numbers of a column, its share and count, if there is one."""
    present = values[~np.isnan(values)]
    distinct, counts = np.unique(present, return_counts=True)
    if len(distinct) < 3:
        return None
    enough = max(MIN_ROWS, MIN_SHARE * len(present))
    for at, others in ((0, distinct[1:]), (-1, distinct[:-1])):
        value, count = float(distinct[at]), int(counts[at])
        if count < enough or not _looks_like_a_mark(value):
            continue
        with np.errstate(over="ignore"):
            gap = abs(value - others[0 if at == 0 else -1])
            width = others[-1] - others[0]
        lone_negative = value in NEGATIVE_MARKS and others[0] >= 0
        if gap > FAR * width or lone_negative:
            return value, count / len(present), count
    return None


def _looks_like_a_mark(value: float) -> bool:
    """Whether a number is one that people and programs write for "none"."""
    digits = f"{abs(value):.15g}"
    is_repeated = set(digits) in ({"9"}, {"8"})  # 9, 99, 999, 8888
    is_round = abs(value) >= 100 and len(digits.rstrip("0")) == 1  # -200, 1000
    is_limit = abs(value) in INTEGER_LIMITS or abs(value) >= HUGE
    return is_repeated or is_round or is_limit or value in NEGATIVE_MARKS
