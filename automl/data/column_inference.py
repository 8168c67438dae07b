"""Guess what each column is, and say what is left out.

A wrong guess costs a person an hour, so the rules are few, each is stated beside its number,
each dropped column is named, and `--drop`, `--categorical` and `--numeric` overrule them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from automl.data.columns import (
    DATE_PARTS,
    MISSING_NUMBERS,
    MISSING_TEXTS,
    TRUE_FALSE,
    ColumnPlan,
    cell_text,
    date_part,
    dates,
    numbers,
    parse_dates,
)
from automl.errors import DataError

MAX_STRAY_FRACTION = 0.01
"""A text column is numeric (or a date) where fewer cells than this are typing errors."""

MAX_DISTINCT_FRACTION = 0.5
"""Texts with fewer than two rows each, on average, teach nothing that carries over to new rows."""

FREE_TEXT_WORDS = 3.0
"""Such texts of three words or more on average are called free text, shorter ones id-like."""

MIN_ROWS_FOR_IDS = 20
"""In fewer rows, whole numbers that all differ are no surprise."""

_ID_NAME = re.compile(
    r"(?i:(^|[\W_])(id|ids|pid|uid|uuid|guid|key|index|idx|nr|no|num|number)([\W_]|$))"
    r"|[a-z](Id|ID)$"
)
_DATE_SHAPES = re.compile(
    r"\d{4}([-/.])\d{1,2}\1\d{1,2}([T ]\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}([-/.])\d{1,2}\3\d{4}( \d{1,2}:\d{2}(:\d{2})?)?"
    r"|\d{1,2}[- ][A-Za-z]{3}[- ]\d{4}"
)
_DAYS = ("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y")
_DATE_FORMATS = (
    "ISO8601",
    *(day + time for day in _DAYS for time in ("", " %H:%M", " %H:%M:%S")),
    "%d-%b-%Y",
    "%d %b %Y",
)


def infer_columns(
    frame: pd.DataFrame, *, categorical: Sequence[str] = (), numeric: Sequence[str] = ()
) -> tuple[ColumnPlan, ...]:
    """Make a plan for every column of a frame of features.

    Args:
        categorical, numeric: columns whose kind a person has said; never dropped.

    Raises:
        DataError: a column said to be numeric holds no number.
    """
    plans = []
    for name in frame.columns:
        values = frame[name]
        if name in categorical:
            plans.append(ColumnPlan(name, "categorical"))
        elif name in numeric:
            plans.append(_forced_numeric(name, values))
        else:
            plans.append(infer_column(name, values))
    return tuple(plans)


def infer_column(name: str, values: pd.Series[Any]) -> ColumnPlan:
    """Make the plan of one column."""
    present = values.dropna()
    if present.empty:
        return ColumnPlan(name, "dropped", "all missing")
    if present.nunique() == 1 and len(present) == len(values):
        return ColumnPlan(name, "dropped", "constant")
    dtype = values.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return ColumnPlan(name, "boolean")
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return _date(name, values, None)
    if pd.api.types.is_timedelta64_dtype(dtype):
        return ColumnPlan(name, "numeric")
    if isinstance(dtype, pd.CategoricalDtype):
        return ColumnPlan(name, "categorical")
    if pd.api.types.is_complex_dtype(dtype):
        raise DataError(f"columns must hold real numbers, but {name!r} holds complex ones")
    if pd.api.types.is_numeric_dtype(dtype):
        return _numeric(name, numbers(values))
    return _text(name, values, len(values))


def _forced_numeric(name: str, values: pd.Series[Any]) -> ColumnPlan:
    read = numbers(values)
    if np.isnan(read).all():
        example = values.dropna().astype(str).head(1).tolist()
        raise DataError(f"--numeric must name a column of numbers, but {name!r} holds {example}")
    n_stray = int((np.isnan(read) & values.notna().to_numpy()).sum())
    return ColumnPlan(name, "numeric", details={"n_stray": n_stray} if n_stray else {})


def _numeric(name: str, read: np.ndarray[Any, np.dtype[np.float64]]) -> ColumnPlan:
    present = read[~np.isnan(read)]
    if set(np.unique(present[:1000])) <= {0.0, 1.0} and np.isin(present, (0.0, 1.0)).all():
        return ColumnPlan(name, "boolean")
    if _is_id(name, present):
        return ColumnPlan(name, "dropped", "id-like", details={"n_distinct": len(present)})
    return ColumnPlan(name, "numeric")


def _is_id(name: str, present: np.ndarray[Any, np.dtype[np.float64]]) -> bool:
    """Whole numbers that all differ and are either gapless (1, 2, 3, ...) or named like an id.

    Gapless years are no ids: a table with one row a year is a time series.
    """
    if len(present) < MIN_ROWS_FOR_IDS or not np.isfinite(present).all():
        return False
    if (present != np.round(present)).any():
        return False
    distinct = np.unique(present)
    low, high = distinct[0], distinct[-1]
    if len(distinct) == len(present) and high - low + 1 == len(distinct):
        return not (low >= 1500 and high <= 2200)
    return bool(_ID_NAME.search(name)) and len(distinct) >= 0.95 * len(present)


def _text(name: str, values: pd.Series[Any], n_rows: int) -> ColumnPlan:
    """Judge a column of texts by its distinct values, so that long columns cost little."""
    raw_counts = values.value_counts()
    counts = raw_counts.groupby([cell_text(cell) for cell in raw_counts.index]).sum()
    cells = np.asarray(counts.index, dtype=object)
    n_cells = counts.to_numpy()
    as_number = _share_of_numbers(cells, n_cells)
    if as_number > 1 - MAX_STRAY_FRACTION:
        return _numeric_text(name, values, cells)
    known = np.asarray([cell not in MISSING_TEXTS for cell in cells])
    cells, n_cells = cells[known], n_cells[known]
    if len(cells) == 0:
        return ColumnPlan(name, "dropped", "all missing")
    if len(cells) == 1 and n_cells.sum() == n_rows:
        return ColumnPlan(name, "dropped", "constant")
    if {cell.lower() for cell in cells} in [{yes, no} for yes, no in TRUE_FALSE.items()]:
        return ColumnPlan(name, "boolean")
    date_format = _date_format(cells, n_cells)
    if date_format is not None:
        return _date(name, values, date_format)
    if len(cells) > max(1, MAX_DISTINCT_FRACTION * n_cells.sum()):
        n_words = np.average([len(cell.split()) for cell in cells], weights=n_cells)
        reason = "free text" if n_words >= FREE_TEXT_WORDS else "id-like"
        return ColumnPlan(name, "dropped", reason, details={"n_distinct": len(cells)})
    return ColumnPlan(name, "categorical")


def _share_of_numbers(cells: np.ndarray[Any, Any], n_cells: np.ndarray[Any, Any]) -> float:
    """How many of the cells that are not marked as missing are numbers."""
    known = np.asarray([cell.lower() not in MISSING_NUMBERS for cell in cells])
    if not known.any():
        return 0.0
    read = pd.to_numeric(pd.Series(cells[known], dtype=object), errors="coerce").to_numpy()
    return float(n_cells[known][~pd.isna(read)].sum() / n_cells[known].sum())


def _numeric_text(name: str, values: pd.Series[Any], cells: np.ndarray[Any, Any]) -> ColumnPlan:
    read = numbers(values)
    if len(np.unique(read[~np.isnan(read)])) == 1 and not np.isnan(read).any():
        return ColumnPlan(name, "dropped", "constant")
    plan = _numeric(name, read)
    parsed = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce")
    stray = [
        cell
        for cell, number in zip(cells, parsed, strict=True)
        if pd.isna(number) and cell.lower() not in MISSING_NUMBERS
    ]
    if not stray or plan.kind == "dropped":
        return plan
    n_stray = int(values.isin(stray).sum())
    return ColumnPlan(name, "numeric", details={"n_stray": n_stray, "stray": stray[:3]})


def _date_format(cells: np.ndarray[Any, Any], n_cells: np.ndarray[Any, Any]) -> str | None:
    """The first format that reads nearly all cells: month before day where both are possible."""
    shaped = np.asarray([_DATE_SHAPES.fullmatch(cell) is not None for cell in cells])
    enough = (1 - MAX_STRAY_FRACTION) * n_cells.sum()
    if n_cells[shaped].sum() < enough:
        return None
    for date_format in _DATE_FORMATS:
        read = parse_dates(cells.tolist(), date_format)
        if n_cells[~np.asarray(read.isna())].sum() >= enough:
            return date_format
    return None


def _date(name: str, values: pd.Series[Any], date_format: str | None) -> ColumnPlan:
    moments = dates(values, date_format)
    moments = moments.dropna()
    parts = tuple(part for part in DATE_PARTS if len(np.unique(date_part(moments, part))) > 1)
    if not parts:
        return ColumnPlan(name, "dropped", "constant")
    details: dict[str, Any] = {}
    if date_format is not None and date_format.startswith(("%m/%d", "%m-%d", "%d/%m", "%d-%m")):
        details["ambiguous"] = bool((moments.day <= 12).all())
    return ColumnPlan(name, "date", date_format=date_format, date_parts=parts, details=details)


def column_messages(plans: Sequence[ColumnPlan]) -> list[str]:
    """What a person should know of the plans, one line per reason."""
    kinds = ("numeric", "categorical", "boolean", "date", "dropped")
    counts = {kind: sum(plan.kind == kind for plan in plans) for kind in kinds}
    lines = [
        "columns beside the target: "
        + ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    ]
    reasons: dict[str, list[str]] = {}
    for plan in plans:
        if plan.kind == "dropped":
            reasons.setdefault(plan.reason, []).append(plan.name)
    for reason, names in reasons.items():
        keep = " (keep with --numeric or --categorical)" if reason in _OVERRULED else ""
        lines.append(f"dropped as {reason}: {_listed(names)}{keep}")
    for plan in plans:
        if plan.details.get("n_stray"):
            examples = plan.details.get("stray")
            shown = f", such as {examples[0]!r}" if isinstance(examples, list) else ""
            lines.append(
                f"{plan.name} is numeric; cells that are no numbers count as missing: "
                f"{plan.details['n_stray']}{shown}"
            )
        if plan.details.get("ambiguous"):
            lines.append(f"{plan.name} is read as dates {plan.date_format}: check day and month")
    return lines


_OVERRULED = ("id-like", "free text")


def _listed(names: Sequence[str], limit: int = 8) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
