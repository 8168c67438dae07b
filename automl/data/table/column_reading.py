"""Read rows by the plans of their columns, cell by cell.

Numbers, booleans (0, 1) and date parts become float64 with NaN where missing, categories become
texts. What a cell means never depends on the other rows that are read with it, and cells that
cannot be read are counted, for whoever reads to say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.table.cell_memory import FEW_ROWS, CellMemory, FewCells, cells_of_frame
from automl.data.table.cells import (
    MISSING_CATEGORIES,
    MISSING_MARKS,
    RawColumn,
    ReadCells,
    marks_among,
    number_text,
    raw_column,
    without_marks,
)
from automl.data.table.columns import (
    MISSING_CATEGORY,
    TRUE_FALSE,
    CategoryFormat,
    ColumnPlan,
    column_name,
)
from automl.data.table.date_formats import date_part, in_bounds, parse_far_dates
from automl.data.table.number_formats import (
    PLAIN,
    NumberFormat,
    in_dialect,
    read_number,
    read_texts,
)
from automl.data.table.odd_cells import UnreadCells
from automl.data.table.typed_rows import ReadColumns
from automl.errors import DataError, did_you_mean
from automl.wording.counts import agree, listing

_MIDNIGHT = re.compile(r"(?<=\d-\d\d) 00:00:00$")

LARGEST = float(np.finfo(np.float32).max)
"""Networks compute in float32, which holds no larger number: 3.4e38."""

MOST_NAMED = 20
"""Of more missing columns the others are counted."""


def read_columns(
    frame: pd.DataFrame,
    plans: Sequence[ColumnPlan],
    decimal: str | None = None,
    memory: CellMemory | None = None,
) -> ReadColumns:
    """Read the columns that are used; those without a plan are ignored.

    Args:
        decimal: the mark of the text file that the rows come from: it may have another dialect
            than the one that was learned from.
        memory: of the cells that were read by these plans before, which saves time in a few rows.

    Raises:
        DataError: columns are not in the frame, or one holds numbers beyond float32.
    """
    names = pd.Index([column_name(name) for name in frame.columns], dtype=object)
    frame = frame.set_axis(names, axis="columns")
    repeated = set(frame.columns[frame.columns.duplicated()])
    if memory is not None and 0 < len(frame) <= FEW_ROWS and not repeated:
        return read_few(cells_of_frame(frame), frame.index, plans, decimal, memory)
    columns: dict[str, NDArray[Any]] = {}
    counted = []
    used = _used(plans, frame.columns)
    for plan in used:
        if plan.name in repeated:
            raise DataError(f"column names must differ, but {plan.name!r} is there more than once")
        values = frame[plan.name]
        read = read_column(values, plan, decimal)
        columns.update(zip(plan.outputs, read.outputs, strict=True))
        counted.append(_counted(plan, read, values))
    return ReadColumns(columns, frame.index, tuple(counted))


def read_few(
    columns: Mapping[str, FewCells],
    index: pd.Index[Any],
    plans: Sequence[ColumnPlan],
    decimal: str | None,
    memory: CellMemory,
) -> ReadColumns:
    """As `read_columns`, of a few rows.

    Args:
        index: the number of each row.
    """
    used = _used(plans, columns)
    found = memory.read(columns, used, decimal, read_cells)
    arrays: dict[str, NDArray[Any]] = {}
    counted = []
    for plan, read in zip(used, found, strict=True):
        is_number = plan.kind in ("numeric", "boolean")
        if is_number and _has_huge(*read.outputs):
            refuse_huge(columns[plan.name].series(plan.name, index), *read.outputs)
        arrays.update(zip(plan.outputs, read.outputs, strict=True))
        is_odd = read.is_unread.any()
        values = columns[plan.name].series(plan.name, index) if is_odd else None
        counted.append(_counted(plan, read, values))
    return ReadColumns(arrays, index, tuple(counted))


def _used(plans: Sequence[ColumnPlan], names: Collection[str]) -> list[ColumnPlan]:
    """The plans of columns that are used.

    Raises:
        DataError: not all of these are there.
    """
    used = [plan for plan in plans if not plan.dropped]
    missing = [plan.name for plan in used if plan.name not in names]
    if missing:
        known = {plan.name for plan in used}
        unused = [str(name) for name in names if name not in known]
        shown = [repr(name) for name in missing[:MOST_NAMED]]
        if len(missing) > MOST_NAMED:
            shown.append(f"{len(missing) - MOST_NAMED:,} more")
        raise DataError(
            f"rows must have the columns that the model was trained on, but {listing(shown)} "
            f"{agree(len(missing), 'is', 'are')} missing{did_you_mean(missing[0], unused)}"
        )
    return used


def read_column(values: pd.Series[Any], plan: ColumnPlan, decimal: str | None = None) -> ReadCells:
    """Read one column: an array for each of the plan's outputs, and which cells were not read.

    Args:
        decimal: as for `read_columns`.

    Raises:
        DataError: it holds numbers beyond float32.
    """
    read = read_cells(values, plan, decimal)
    if plan.kind in ("numeric", "boolean"):
        refuse_huge(values, *read.outputs)
    return read


def read_cells(values: pd.Series[Any], plan: ColumnPlan, decimal: str | None) -> ReadCells:
    """As `read_column`, with numbers of any size."""
    raw = raw_column(values)
    if plan.kind in ("numeric", "boolean"):
        return _read_as_numbers(raw, plan, decimal)
    missing = _missing(raw, plan)
    if plan.kind == "categorical":
        categories = np.where(missing, MISSING_CATEGORY, read_categories(raw, plan))
        return ReadCells((categories,), np.zeros(len(raw), dtype=bool), ~missing)
    moments = read_moments(raw, plan.dates.pattern)
    if missing.any():
        moments = pd.DatetimeIndex(moments.where(~missing))
    parts = tuple(date_part(moments, part) for part in plan.dates.parts)
    is_unread = ~missing & np.asarray(moments.isna(), dtype=bool)
    if is_unread.any():
        is_unread &= ~_is_known_stray(raw, plan)
    return ReadCells(parts, is_unread, ~missing)


def _read_as_numbers(raw: RawColumn, plan: ColumnPlan, decimal: str | None) -> ReadCells:
    named = is_named_mark(raw, plan.missing.named, plan.numbers)
    if raw.form == "texts" and raw.plain is None:
        raw = replace(raw, values=without_marks(raw, MISSING_MARKS))
    if plan.is_true_false:
        numbers = read_booleans(raw)
    else:
        numbers = read_numbers(raw, plan.numbers, plan.other_dialect(decimal))
    is_present = raw.present & ~named
    is_unread = np.isnan(numbers) & is_present
    if is_unread.any():
        is_unread &= ~_is_known_stray(raw, plan)
    return ReadCells((np.where(named, np.nan, numbers),), is_unread, is_present)


def _is_known_stray(raw: RawColumn, plan: ColumnPlan) -> NDArray[np.bool_]:
    return np.asarray(raw.values.isin(list(plan.missing.strays)), dtype=bool)


def _missing(raw: RawColumn, plan: ColumnPlan) -> NDArray[np.bool_]:
    """Which cells hold no value: empty ones, and those with a mark that says so."""
    missing = ~raw.present
    if raw.form == "texts":
        usual = MISSING_CATEGORIES if plan.kind == "categorical" else MISSING_MARKS
        missing |= marks_among(raw, usual)
    return missing | is_named_mark(raw, plan.missing.named, plan.numbers)


def is_named_mark(
    raw: RawColumn, marks: Sequence[str], written: NumberFormat = PLAIN
) -> NDArray[np.bool_]:
    """Which cells are what a person has named as missing: as text, or as the same number.

    Args:
        written: how the column writes its numbers: -999 is "-999,0" in some.

    Shape:
        result: (N,).
    """
    if not marks:
        return np.zeros(len(raw), dtype=bool)
    if raw.form == "moments":
        moments = pd.to_datetime(pd.Series(list(marks)), format="ISO8601", errors="coerce")
        return np.asarray(raw.values.isin(moments.dropna()), dtype=bool)
    numbers = [number for mark in marks if not np.isnan(number := read_number(mark, PLAIN))]
    if raw.form == "numbers":
        return np.isin(read_numbers(raw, PLAIN), numbers)
    same = np.array(raw.values.str.lower().isin([mark.lower() for mark in marks]), dtype=bool)
    if numbers:
        same |= np.isin(read_texts(raw.values, written), numbers)
    return same


def read_numbers(
    raw: RawColumn, written: NumberFormat, decimal: str | None = None
) -> NDArray[np.float64]:
    """Read numbers; whatever is none becomes NaN.

    Args:
        decimal: the mark of a file of another dialect, by which cells are read that are none as
            `written`; those that are numbers in both, but different ones, are not read.

    Shape:
        result: (N,).
    """
    if raw.form == "moments" or (raw.form == "numbers" and written.needs_unit):
        return np.full(len(raw), np.nan)
    if raw.form == "numbers":
        return raw.values.to_numpy(dtype=np.float64, na_value=np.nan)
    if written.is_plain and raw.plain is not None:
        numbers = raw.plain
    else:
        numbers = read_texts(raw.values, written)
    if decimal is None:
        return numbers
    others = read_texts(raw.values, in_dialect(written, decimal))
    numbers = np.where(np.isnan(numbers), others, numbers)
    return np.where(np.isnan(others) | (numbers == others), numbers, np.nan)


def read_booleans(raw: RawColumn) -> NDArray[np.float64]:
    """Read yes and no, true and false, 1 and 0 as 1.0 and 0.0; whatever is neither is NaN.

    Shape:
        result: (N,).
    """
    if raw.form != "texts":
        numbers = read_numbers(raw, PLAIN)
        return np.where(np.isin(numbers, (0.0, 1.0)), numbers, np.nan)
    codes, distinct = pd.factorize(raw.values)
    meanings = {**dict.fromkeys(TRUE_FALSE, 1.0), **dict.fromkeys(TRUE_FALSE.values(), 0.0)}
    read = [meanings.get(text.lower(), read_number(text, PLAIN)) for text in distinct]
    numbers = np.asarray([*read, np.nan])[codes]
    return np.where(np.isin(numbers, (0.0, 1.0)), numbers, np.nan)


def read_categories(raw: RawColumn, plan: ColumnPlan) -> NDArray[np.object_]:
    """Read categories: texts as they stand, or those of numbers; empty: `MISSING_CATEGORY`.

    Shape:
        result: (N,).
    """
    codes, distinct = pd.factorize(raw.values)
    read = [_category(cell, plan.categories) for cell in distinct]
    return np.asarray([*read, MISSING_CATEGORY], dtype=object)[codes]


def _category(cell: Any, written: CategoryFormat) -> str:
    if isinstance(cell, (str, pd.Timestamp)):
        text = _MIDNIGHT.sub("", str(cell))  # of a day, files write the time or leave it out
        number = read_number(text, PLAIN) if written.is_coded and not text.isdecimal() else np.nan
        text = number_text(number) if np.isfinite(number) else text
        return text.zfill(written.code_width) if text.isdecimal() else text
    text = number_text(cell)
    if written.code_width and text.isdecimal():
        return text.zfill(written.code_width)  # spreadsheets and pandas take zeros in front away
    is_whole = "." not in text and "e" not in text
    return f"{text}.0" if written.has_points and not written.is_coded and is_whole else text


def read_moments(raw: RawColumn, date_format: str | None) -> pd.DatetimeIndex:
    """Read moments, in UTC where they say their zone.

    Whatever is none, or so far away that it means "never", becomes NaT.

    Shape:
        result: (N,).
    """
    return in_bounds(read_far_moments(raw, date_format))


def read_far_moments(raw: RawColumn, date_format: str | None) -> pd.DatetimeIndex:
    """As `read_moments`, of whatever year.

    Shape:
        result: (N,).
    """
    if raw.form == "moments":
        return pd.DatetimeIndex(raw.values)
    texts = raw.values
    if raw.form == "numbers":  # 20240131: digits alone are dates where a person says so
        texts = texts.map(number_text, na_action="ignore")
    codes, distinct = pd.factorize(texts)
    read = parse_far_dates(list(distinct), date_format or "ISO8601")
    if date_format not in (None, "ISO8601"):  # ISO means the same to everyone
        as_iso = parse_far_dates(list(distinct), "ISO8601")
        read = pd.DatetimeIndex(read.where(np.asarray(read.notna(), dtype=bool), as_iso))
    if len(distinct) == len(codes):  # each stands once
        return read
    return pd.DatetimeIndex(read.append(pd.DatetimeIndex([pd.NaT]))[codes])


def refuse_huge(values: pd.Series[Any], numbers: NDArray[np.float64]) -> None:
    """Refuse a column that holds numbers beyond float32.

    Raises:
        DataError: names the row and the number.
    """
    if _has_huge(numbers):
        is_huge = np.abs(numbers) > LARGEST
        row, number = values.index[is_huge][0], numbers[is_huge][0]
        what = "is infinite" if np.isinf(number) else f"is {number:g}"
        raise DataError(
            f"numbers must be finite and at most {LARGEST:.2g} in size, which is what networks "
            f"compute with, but {column_name(values.name)!r} {what} in row {row}; correct it, or "
            "make it empty"
        )


def _has_huge(numbers: NDArray[np.float64]) -> bool:
    return bool((np.abs(numbers) > LARGEST).any())


def _counted(plan: ColumnPlan, read: ReadCells, values: pd.Series[Any] | None) -> UnreadCells:
    """Count the cells that could not be read; `values` may be None where there are none."""
    n_unread = int(np.count_nonzero(read.is_unread))
    example, row = "", None
    if n_unread and values is not None:
        position = int(read.is_unread.argmax())
        example, row = str(values.iloc[position]).strip(), values.index[position]
    return UnreadCells(
        column=plan.name,
        n_odd=n_unread,
        n_cells=int(np.count_nonzero(read.is_present)),
        example=example,
        row=row,
        kind=plan.kind,
        unit=plan.numbers.unit if plan.numbers.needs_unit else "",
    )
