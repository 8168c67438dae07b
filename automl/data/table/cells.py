"""Raw cells in one of three forms, whatever container they came in.

A column of a CSV file is texts, that of a Parquet file or a frame may be numbers, nullable ones,
booleans, categories, moments with a zone, or objects of several kinds. `raw_column` brings each
of them to numbers, moments or texts, so that the same values are read alike from each. What the
cells mean is for `column_reading.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.table.number_formats import plain_numbers

Form: TypeAlias = Literal["numbers", "moments", "texts"]

MISSING_MARKS = frozenset(
    {
        *("", "?", "na", "n/a", "n.a.", "nan", "null", "none", "nil", "nat", "missing"),
        *("-", "--", "–", "—", ".", "\\n", "<na>", "(null)", "(none)", "#n/a", "#na"),
        *("#div/0!", "#div/0 !", "#value!", "#ref!", "#num!", "#name?", "#null!", "[null]"),
        *("#nv", "#n/v", "#wert!", "#bezug!", "#zahl!", "#valeur!", "1.#qnan", "1.#ind", "k.a."),
        *("0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "00.00.0000"),
    }
)
"""Texts that mean "no value" among numbers, dates and booleans; compared in lower case."""

MISSING_CATEGORIES = MISSING_MARKS - {"na", "n/a", "n.a.", "none", "nil", "-", "--", "–", "—", "."}
"""Those that mean it among categories too: "NA" and "None" say "has none" in many tables."""

MISSING_CLASSES = MISSING_MARKS - {"none", "nil", "-", "--", "–", "—", "."}
"""Those that mean it in a target of texts, where "None" is a class: "no damage"."""


@dataclass(frozen=True)
class RawColumn:
    """The cells of one column; texts are stripped, and empty ones are missing.

    Most columns of texts are numbers as programs write them, with gaps or without. These know
    it (`plain`), so that they are neither looked through for anything else nor read twice.
    """

    form: Form
    values: pd.Series[Any]  # of numbers (also Int64), datetime64 in UTC without zone, or str
    is_category: bool = False  # its container says that these are categories
    is_duration: bool = False  # its container says that these are times, in seconds

    def __len__(self) -> int:
        return len(self.values)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which cells hold something.

        Shape:
            result: (N,).
        """
        if isinstance(self.values.dtype, np.dtype) and self.values.dtype.kind in "iuf":
            is_missing: NDArray[np.bool_] = np.isnan(self.values.to_numpy())
            return ~is_missing  # as `notna`, in a tenth of its time
        return np.asarray(self.values.notna(), dtype=bool)

    @cached_property
    def plain(self) -> NDArray[np.float64] | None:
        """The numbers of texts of which each is one as programs write them; else None.

        Shape:
            result: (N,).
        """
        return plain_numbers(self.values) if self.form == "texts" else None


def raw_column(values: pd.Series[Any]) -> RawColumn:
    """Bring a plain column (see `plain_frames.py`) to numbers, moments or texts."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return RawColumn("texts", _texts(values.astype(object)), is_category=True)
    if pd.api.types.is_bool_dtype(dtype):
        return RawColumn("texts", _texts(values.astype(object)))
    kind = getattr(dtype, "kind", "O")
    if kind == "M":
        return RawColumn("moments", _without_zone(values))
    if kind == "m":
        seconds = values.astype("timedelta64[us]").dt.total_seconds()
        return RawColumn("numbers", seconds, is_duration=True)
    if kind in "iuf":
        return RawColumn("numbers", values)
    if str(dtype) == "str":
        raw = RawColumn("texts", values)
        if raw.plain is not None:  # so that there is nothing to strip
            return raw
    return RawColumn("texts", _texts(values))


def without_marks(raw: RawColumn, marks: Iterable[str]) -> pd.Series[Any]:
    """The texts of a column, those that mean "no value" missing; finite numbers never do.

    Shape:
        result: (N,).
    """
    if raw.plain is not None:
        return raw.values
    return raw.values.mask(np.asarray(raw.values.str.lower().isin(list(marks)), dtype=bool))


def is_marked(texts: Iterable[Any], marks: Iterable[str]) -> NDArray[np.bool_]:
    """Which texts are among the marks, whatever their case.

    Shape:
        result: one per text.
    """
    known = frozenset(marks)
    return np.asarray([str(text).lower() in known for text in texts], dtype=bool)


def number_text(number: Any) -> str:
    """The shortest text of a number; whole ones without a point: 3.0 is "3"."""
    value = float(number)
    if isinstance(number, (int, np.integer)):
        return str(int(number))
    return str(int(value)) if value.is_integer() else str(number)


def _without_zone(values: pd.Series[Any]) -> pd.Series[Any]:
    moments = pd.DatetimeIndex(values)
    if moments.tz is not None:
        moments = moments.tz_convert("UTC").tz_localize(None)
    return pd.Series(moments, values.index)


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    """Cells as `to_csv` would write them, each for itself: 1 and True are equal in Python."""
    if values.dtype == object or not pd.api.types.is_string_dtype(values.dtype):
        written = [
            None if missing else str(cell)
            for cell, missing in zip(values.astype(object), values.isna(), strict=True)
        ]
        values = pd.Series(written, index=values.index, name=values.name, dtype="str")
    stripped = values.astype("str").str.strip()
    return stripped.where(stripped != "")
