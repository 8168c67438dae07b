"""What each column is, as a plan that also reads rows never seen before.

A `ColumnPlan` is plain values, so that it is saved with the model. `typed_columns` applies
plans to a raw frame: numbers, booleans (0, 1) and date parts become float64 with NaN where
missing, categories become texts. How plans are inferred is in `column_inference.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.errors import DataError
from storage.records import Json

Kind: TypeAlias = Literal["numeric", "categorical", "boolean", "date", "dropped"]

MISSING_CATEGORY = "(missing)"
"""Empty cells and "?" of a categorical column are a category of their own."""

MISSING_NUMBERS = frozenset(
    {"", "?", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing", "-", "--", "."}
)
"""Texts that mean "no number" in a numeric column; compared in lower case."""

MISSING_TEXTS = frozenset({"", "?"})
"""Texts that mean "no category". "NA" and "None" are categories: "has none" in many tables."""

TRUE_FALSE = {"true": "false", "yes": "no", "y": "n", "t": "f", "on": "off", "1": "0"}
"""Pairs that make a boolean column; compared in lower case."""

DATE_PARTS = ("days", "month", "day", "weekday", "hour")
"""A date becomes days since 1970 and its places in year, month, week and day.

The year is no part: it is a linear function of the days, nearly.
"""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """How to read one column of a raw frame."""

    name: str
    kind: Kind
    reason: str = ""  # dropped: why
    date_format: str | None = None  # date: as in strptime, "ISO8601", or None for date dtypes
    date_parts: tuple[str, ...] = ()  # those that vary
    details: dict[str, Json] = field(default_factory=dict)  # what was counted

    @property
    def described(self) -> str:
        """The kind for people: "numeric", "dropped: id-like"."""
        return f"dropped: {self.reason}" if self.kind == "dropped" else self.kind

    @property
    def outputs(self) -> tuple[str, ...]:
        """The typed columns that come of it."""
        if self.kind == "dropped":
            return ()
        if self.kind == "date":
            return tuple(f"{self.name}: {part}" for part in self.date_parts)
        return (self.name,)

    def to_dict(self) -> dict[str, Json]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ColumnPlan:
        """The inverse of `to_dict`."""
        return cls(**{**values, "date_parts": tuple(values["date_parts"])})


def typed_columns(frame: pd.DataFrame, plans: Sequence[ColumnPlan]) -> pd.DataFrame:
    """Read the columns that are kept: float64, or texts for categories.

    Columns without a plan are ignored. A cell that is no number in a numeric column counts
    as missing.

    Raises:
        DataError: a column is not in the frame, or holds infinite values.
    """
    frame = frame.set_axis([column_name(name) for name in frame.columns], axis="columns")
    repeated = set(frame.columns[frame.columns.duplicated()])
    columns: dict[str, NDArray[Any]] = {}
    for plan in plans:
        if plan.kind == "dropped":
            continue
        if plan.name not in frame.columns:
            raise DataError(
                "rows must have the columns that the model was trained on, but "
                f"{plan.name!r} is missing"
            )
        if plan.name in repeated:
            raise DataError(f"column names must differ, but {plan.name!r} is there more than once")
        values = frame[plan.name]
        if plan.kind == "categorical":
            columns[plan.name] = texts(values)
        elif plan.kind == "boolean":
            columns[plan.name] = booleans(values)
        elif plan.kind == "date":
            moments = dates(values, plan.date_format)
            for output, part in zip(plan.outputs, plan.date_parts, strict=True):
                columns[output] = date_part(moments, part)
        else:
            columns[plan.name] = numbers(values)
    typed = pd.DataFrame(columns, index=frame.index)
    _refuse_infinity(typed)
    return typed


def column_name(name: object) -> str:
    """A column's name as everyone uses it: stripped text, whatever pandas has there."""
    if isinstance(name, tuple):  # of a MultiIndex
        return " ".join(str(part) for part in name).strip()
    return str(name).strip()


def _refuse_infinity(typed: pd.DataFrame) -> None:
    for name in typed.columns:
        values = typed[name]
        if values.dtype.kind != "f":
            continue
        is_infinite = np.isinf(values.to_numpy())
        if is_infinite.any():
            raise DataError(
                f"values must be finite, but {name!r} is infinite in row "
                f"{values.index[is_infinite][0]}; make it empty, or leave the column out with "
                "--drop"
            )


def numbers(values: pd.Series[Any]) -> NDArray[np.float64]:
    """Read numbers; whatever is none becomes NaN."""
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        seconds: NDArray[np.float64] = values.dt.total_seconds().to_numpy(dtype=np.float64)
        return seconds
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    codes, distinct = pd.factorize(values)
    cells = pd.Series([_number_text(cell) for cell in distinct], dtype=object)
    read = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    return np.append(read, np.nan)[codes]  # code -1, missing, takes the last


def booleans(values: pd.Series[Any]) -> NDArray[np.float64]:
    """Read yes and no, true and false, 1 and 0 as 1.0 and 0.0; whatever is neither is NaN."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    codes, distinct = pd.factorize(values)
    meanings = {**dict.fromkeys(TRUE_FALSE, 1.0), **dict.fromkeys(TRUE_FALSE.values(), 0.0)}
    read = [meanings.get(cell_text(cell).lower(), np.nan) for cell in distinct]
    return np.asarray([*read, np.nan])[codes]


def texts(values: pd.Series[Any]) -> NDArray[np.object_]:
    """Read categories: stripped texts, and `MISSING_CATEGORY`."""
    codes, distinct = pd.factorize(values)
    read = [cell_text(cell) for cell in distinct]
    read = [MISSING_CATEGORY if cell in MISSING_TEXTS else cell for cell in read]
    return np.asarray([*read, MISSING_CATEGORY], dtype=object)[codes]


def dates(values: pd.Series[Any], date_format: str | None) -> pd.DatetimeIndex:
    """Read moments, in UTC where they say their zone; whatever is none becomes NaT."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        index = pd.DatetimeIndex(values)
        return index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    codes, distinct = pd.factorize(values)
    read = parse_dates([cell_text(cell) for cell in distinct], date_format or "ISO8601")
    return pd.DatetimeIndex(read.append(pd.DatetimeIndex([pd.NaT]))[codes])


def parse_dates(cells: Sequence[str], date_format: str) -> pd.DatetimeIndex:
    """Read texts of one format; whatever is no date becomes NaT."""
    # Without utc=True, zones that differ between rows raise.
    read = pd.to_datetime(
        pd.Series(cells, dtype=object), format=date_format, errors="coerce", utc=True
    )
    return pd.DatetimeIndex(read).tz_localize(None)


def date_part(moments: pd.DatetimeIndex, part: str) -> NDArray[np.float64]:
    """One of `DATE_PARTS` of each moment; NaN where there is none."""
    if part == "days":
        since_1970 = moments - pd.Timestamp(0)
        return np.asarray(since_1970 / pd.Timedelta(days=1), dtype=np.float64)
    if part == "hour":
        return np.asarray(moments.hour + moments.minute / 60, dtype=np.float64)
    if part == "weekday":
        return np.asarray(moments.day_of_week, dtype=np.float64)
    return np.asarray(moments.month if part == "month" else moments.day, dtype=np.float64)


def cell_text(cell: object) -> str:
    """A cell as a category: 3 and 3.0 are one, since a gap makes floats of whole numbers."""
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()


def _number_text(cell: object) -> str | None:
    text = str(cell).strip()
    return None if text.lower() in MISSING_NUMBERS else text
