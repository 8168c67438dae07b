"""Raw cells in one of three forms, whatever container they came in.

A column of a CSV file is texts, that of a Parquet file or a frame may be numbers, nullable ones,
booleans, categories, moments with a zone, or objects of several kinds. `raw_column` brings each
of them to numbers, moments or texts, so that the same values are read alike from each. What the
cells mean is for `column_reading.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
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

    @cached_property
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


@dataclass(frozen=True, slots=True)
class ReadCells:
    """The cells of one column as its plan reads them.

    Shape:
        each of the outputs, is_unread, is_present: (N,).
    """

    outputs: tuple[NDArray[Any], ...]  # one for each of the plan's, float64 or texts
    is_unread: NDArray[np.bool_]  # none of its kind, nor known as such from training
    is_present: NDArray[np.bool_]  # not empty, nor a mark that says so

    def between(self, begin: int, end: int) -> ReadCells:
        """Those of some rows, one behind the other."""
        outputs = tuple(output[begin:end] for output in self.outputs)
        return ReadCells(outputs, self.is_unread[begin:end], self.is_present[begin:end])


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
        if raw.plain is not None or _is_stripped(values):
            return raw
    return RawColumn("texts", _texts(values))


def without_marks(raw: RawColumn, marks: frozenset[str]) -> pd.Series[Any]:
    """The texts of a column, those that mean "no value" missing; finite numbers never do.

    Shape:
        result: (N,).
    """
    is_mark = marks_among(raw, marks)
    return raw.values.mask(is_mark) if is_mark.any() else raw.values


def marks_among(raw: RawColumn, marks: frozenset[str]) -> NDArray[np.bool_]:
    """Which texts of a column are among the marks, whatever their case; empty cells are not.

    Shape:
        result: (N,).
    """
    if raw.plain is not None:
        return np.zeros(len(raw), dtype=bool)
    lowered = pc.utf8_lower(pa.array(raw.values, type=pa.string(), from_pandas=True))
    among = pc.is_in(lowered, value_set=_arrow_set(marks), skip_nulls=True)
    return np.asarray(among.to_numpy(zero_copy_only=False), dtype=bool)


@lru_cache
def _arrow_set(marks: frozenset[str]) -> pa.Array:
    return pa.array(sorted(marks), type=pa.string())


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


def _is_stripped(texts: pd.Series[Any]) -> bool:
    """Whether all texts are as `_texts` would leave them."""
    given = pa.array(texts, type=pa.string(), from_pandas=True)
    stripped = pc.utf8_trim_whitespace(given)
    return bool(stripped.equals(given)) and not pc.any(pc.equal(given, "")).as_py()


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    """Cells as `to_csv` would write them, each for itself: 1 and True are equal in Python."""
    if values.dtype == object or not pd.api.types.is_string_dtype(values.dtype):
        written = [
            None if missing else str(cell)
            for cell, missing in zip(values.astype(object), values.isna(), strict=True)
        ]
        values = pd.Series(written, index=values.index, name=values.name, dtype="str")
    stripped = values.astype("str").str.strip()
    is_empty = np.asarray(stripped == "", dtype=bool)
    return stripped.mask(is_empty) if is_empty.any() else stripped
