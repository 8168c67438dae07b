"""Raw rows of a table, read by schema.json: numbers, dates, truth values and categories.

Rows come as a pandas DataFrame, or as a CSV, TSV or Parquet file. Each column is read as it was
in training, cell by cell: numbers with their decimal mark, thousands and unit, dates by their
format, marks such as "n/a" as missing. Out come float64 arrays, NaN where a value is missing, and
arrays of texts. Nothing but NumPy and pandas is needed.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MISSING_CATEGORY = "(missing)"  # an empty cell of categories is one of them
LARGEST = float(np.finfo(np.float32).max)  # networks compute in float32
MOST_UNREAD = 0.5  # a column of which more cells are none of its kind is another column
DECIMAL = "decimal mark"  # of a file, among the attributes of the frame that was read from it
EARLIEST, LATEST = pd.Timestamp(1000, 1, 1), pd.Timestamp(2500, 1, 1)  # others mean "never"

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
_MIDNIGHT = re.compile(r"(?<=\d-\d\d) 00:00:00$")
_HALVES_OF_DAY = re.compile(r"\b([ap])\.m\.?", re.IGNORECASE)
_ISO = r"\d{4}([-/])\d{1,2}(\1\d{1,2})?([T ]\d.*)?|\d{8}T\d.*"

PLAIN: Mapping[str, Any] = {
    "decimal": ".",
    "thousands": "",
    "unit": "",
    "needs_unit": False,
    "unit_may_lead": False,
    "is_duration": False,
    "has_signs": False,
}
"""Numbers as programs write them."""


def read_rows(rows: Any, schema: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Read rows as the columns that networks are fed with: (N,) each.

    Args:
        rows: a DataFrame, or the path of a CSV, TSV or Parquet file.

    Warns:
        of cells that could not be read, and so count as missing.

    Raises:
        ValueError: a column is missing or of another kind, or a number is beyond float32.
    """
    columns = [one for one in schema["columns"] if one["used"]]
    frame = rows if isinstance(rows, pd.DataFrame) else read_file(Path(rows), schema)
    frame = frame.set_axis([str(name).strip() for name in frame.columns], axis="columns")
    read: dict[str, NDArray[Any]] = {}
    there, names = list(frame.columns), [one["name"] for one in columns]
    if missing := [name for name in names if name not in there]:
        raise ValueError(f"rows must have all columns of training, but lack {_listed(missing)}")
    for column in columns:
        name = column["name"]
        if there.count(name) != 1:
            raise ValueError(f"rows must have the column {name!r} once")
        decimal = frame.attrs.get(DECIMAL)
        read.update(_read_column(frame[name], column, schema["missing_marks"], decimal))
    return read


def read_file(path: Path, schema: Mapping[str, Any]) -> pd.DataFrame:
    """Read a file; the cells of CSV and TSV as texts, by the delimiter that finds the columns.

    The frame knows the decimal mark that goes with the delimiter: where cells end with ";", it
    is a comma.

    Raises:
        ValueError: no delimiter does.
    """
    if path.name.lower().endswith((".parquet", ".pq")):
        return pd.read_parquet(path)
    names = [one["name"] for one in schema["columns"] if one["used"]]
    fewest = names  # that a delimiter leaves missing
    how: dict[str, Any] = {"dtype": str, "keep_default_na": False, "encoding": "utf-8-sig"}
    for delimiter in (",", ";", "\t", "|"):
        header = pd.read_csv(path, sep=delimiter, nrows=0, **how)
        there = {str(name).strip() for name in header.columns}
        if missing := [name for name in names if name not in there]:
            fewest = min(fewest, missing, key=len)
            continue
        with warnings.catch_warnings():  # of lines with more cells than the header has names
            warnings.simplefilter("error", pd.errors.ParserWarning)
            try:
                frame = pd.DataFrame(pd.read_csv(path, sep=delimiter, index_col=False, **how))
            except pd.errors.ParserWarning as error:
                raise ValueError(f"{path} has lines that do not fit its header: {error}") from None
        frame.attrs[DECIMAL] = "," if delimiter == ";" and len(header.columns) > 1 else "."
        return frame
    raise ValueError(
        f"{path} must have all columns of training, but lacks {_listed(fewest)}; if it has them, "
        "read it with pandas and give the DataFrame"
    )


def _listed(names: Sequence[str]) -> str:
    """The first ten, and how many more there are."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(map(repr, names[:10])) + more


def _read_column(
    cells: pd.Series[Any],
    column: Mapping[str, Any],
    marks: Mapping[str, Sequence[str]],
    decimal: str | None,
) -> dict[str, NDArray[Any]]:
    kind, written = column["kind"], column["written"]
    values = _plain_values(cells)
    is_text = values.dtype == object
    usual = marks["categories" if kind == "categorical" else "numbers"]
    missing = np.array(values.isna(), dtype=bool)
    if is_text:
        missing |= _is_among(values, usual)
    named = _is_named(values, column["missing"]["named"], written["numbers"])
    if kind == "categorical":
        read = _read_each(values, lambda cell: read_category(cell, written["categories"]))
        return {column["name"]: np.where(missing | named, MISSING_CATEGORY, read)}
    if kind == "date":
        moments = read_moments(values, written["dates"])
        moments = pd.DatetimeIndex(moments.where(~(missing | named)))
        unread = ~missing & ~named & np.asarray(moments.isna(), dtype=bool)
        outputs = {name: date_part(moments, part) for name, part in column["outputs"].items()}
    else:
        numbers = np.where(missing | named, np.nan, _numbers(values, written, decimal))
        unread = ~missing & ~named & np.isnan(numbers)
        outputs = {column["name"]: numbers}
        if (np.abs(numbers) > LARGEST).any():
            raise ValueError(f"column {column['name']!r} holds a number beyond {LARGEST:.2g}")
    unread &= ~np.asarray(values.isin(column["missing"]["strays"]), dtype=bool)
    _tell_unread(values[unread], column, int((~missing & ~named).sum()))
    return outputs


def _tell_unread(unread: pd.Series[Any], column: Mapping[str, Any], n_cells: int) -> None:
    if unread.empty:
        return
    name, kind, example = column["name"], column["kind"], str(unread.iloc[0])[:40]
    if len(unread) > MOST_UNREAD * n_cells:
        raise ValueError(f"most cells of {name!r} are no {kind}, such as {example!r}")
    warnings.warn(
        f"{name}: {len(unread):,} of {n_cells:,} cells are no {kind} as in training and count as "
        f"missing, such as {example!r}",
        stacklevel=4,
    )


def _plain_values(cells: pd.Series[Any]) -> pd.Series[Any]:
    """A column as numbers, moments in UTC without a zone, or stripped texts (dtype object)."""
    dtype = cells.dtype
    kind = getattr(dtype, "kind", "O")
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(dtype):
        cells, kind = cells.astype(object), "O"
    if kind == "M":
        moments = pd.DatetimeIndex(cells)
        if moments.tz is not None:
            moments = moments.tz_convert("UTC").tz_localize(None)
        return pd.Series(moments, cells.index)
    if kind == "m":
        return pd.Series(cells.astype("timedelta64[us]").dt.total_seconds())
    if kind in "iuf":
        whole = cells.to_numpy() if kind in "iu" and not cells.isna().any() else None
        numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan) if whole is None else whole
        return pd.Series(numbers, cells.index)
    written = [
        None if missing else (cell.decode() if isinstance(cell, bytes) else str(cell)).strip()
        for cell, missing in zip(cells.astype(object), cells.isna(), strict=True)
    ]
    return pd.Series([text or None for text in written], cells.index, dtype=object)


def _read_each(values: pd.Series[Any], read: Callable[[Any], Any]) -> NDArray[Any]:
    """Read each distinct cell once; a missing one stays None."""
    codes, distinct = pd.factorize(values)
    return np.asarray([*map(read, distinct), None], dtype=object)[codes]


def _numbers_of(values: pd.Series[Any], read: Callable[[str], float]) -> NDArray[np.float64]:
    """Likewise numbers, NaN where a cell is missing."""
    codes, distinct = pd.factorize(values)
    return np.asarray([*map(read, distinct), np.nan], dtype=np.float64)[codes]


def _is_among(values: pd.Series[Any], marks: Iterable[str]) -> NDArray[np.bool_]:
    known = frozenset(marks)
    return np.asarray([str(cell).lower() in known for cell in values], dtype=bool)


def _is_named(
    values: pd.Series[Any], named: Sequence[str], written: Mapping[str, Any]
) -> NDArray[np.bool_]:
    """Which cells are what a person has named as missing: as text, or as the same number."""
    if not named:
        return np.zeros(len(values), dtype=bool)
    if values.dtype.kind == "M":
        moments = pd.to_datetime(pd.Series(list(named)), format="ISO8601", errors="coerce")
        return np.asarray(values.isin(moments.dropna()), dtype=bool)
    numbers = [number for mark in named if not np.isnan(number := read_number(mark, PLAIN))]
    if values.dtype != object:
        return np.isin(values.to_numpy(dtype=np.float64), numbers)
    same = _is_among(values, [mark.lower() for mark in named]) & np.asarray(values.notna())
    read = _numbers_of(values, lambda cell: read_number(cell, written))
    return np.asarray(same | np.isin(read, numbers), dtype=bool)


def _numbers(
    values: pd.Series[Any], written: Mapping[str, Any], decimal: str | None
) -> NDArray[np.float64]:
    """Numbers, or truth values as 1 and 0; NaN where a cell is none.

    Args:
        decimal: the mark of the file; where the one learned from had another, cells are read by
            either, and not read where they are different numbers by the two.
    """
    words, number_format = written["truth_values"], written["numbers"]
    if words is not None:
        if values.dtype == object:
            numbers = _numbers_of(
                values, lambda cell: words.get(cell.lower(), read_number(cell, PLAIN))
            )
        else:
            numbers = _typed_numbers(values)
        return np.where(np.isin(numbers, (0.0, 1.0)), numbers, np.nan)
    if values.dtype == object:
        numbers = _numbers_of(values, lambda cell: read_number(cell, number_format))
        if decimal in (None, written["file_decimal"]):
            return numbers
        dialect = {"decimal": decimal, "thousands": "." if decimal == "," else ","}
        others = _numbers_of(values, lambda cell: read_number(cell, {**number_format, **dialect}))
        numbers = np.where(np.isnan(numbers), others, numbers)
        return np.where(np.isnan(others) | (numbers == others), numbers, np.nan)
    return np.full(len(values), np.nan) if number_format["needs_unit"] else _typed_numbers(values)


def _typed_numbers(values: pd.Series[Any]) -> NDArray[np.float64]:
    if values.dtype.kind == "M":
        return np.full(len(values), np.nan)
    return values.to_numpy(dtype=np.float64)


def read_number(text: str, written: Mapping[str, Any]) -> float:
    """Read one cell; NaN where it is no number in this format."""
    if written["is_duration"]:
        return _duration(text)
    match = _CELL.fullmatch(text.translate(_ALIKE).strip())
    if match is None:
        return float(text) if _INFINITE.fullmatch(text) else np.nan
    before, after = match["before"] or "", (match["after"] or "").strip()
    if before and (after or not written["unit_may_lead"]):
        return np.nan
    if bool(match["bracket"]) != bool(match["closed"]):
        return np.nan
    signs = "".join(match[name] or "" for name in ("sign", "sign_after", "minus"))
    if len(signs) > 1 or (signs and match["bracket"]):
        return np.nan
    unit = before or after
    unit = unit.lower() if len(unit) > 1 else unit
    if unit != written["unit"] and (unit or written["needs_unit"]):
        return np.nan
    if (match["compare"] or match["note"] or match["bracket"]) and not written["has_signs"]:
        return np.nan
    body = _digits(match["body"], written["decimal"], written["thousands"])
    if body is None:
        return np.nan
    sign = -1.0 if signs == "-" or match["bracket"] else 1.0
    return sign * float(body + (match["exponent"] or ""))


def _digits(body: str, decimal: str, thousands: str) -> str | None:
    """The digits with a point; None where the marks do not stand as they should."""
    whole, mark, fraction = body.partition(decimal)
    if mark and not (fraction.isdecimal() or not fraction):
        return None
    if thousands and thousands in whole:
        groups = whole.split(thousands)
        between = {len(group) for group in groups[1:-1]}
        is_first = not groups[0].startswith("0") and 1 <= len(groups[0]) <= 3
        by_three = between <= {3} or (between == {2} and len(groups[0]) <= 2)  # 12,34,567 in India
        if not (is_first and len(groups[-1]) == 3 and by_three):
            return None
        whole = whole.replace(thousands, "")
    if (whole and not whole.isdecimal()) or not (whole or fraction):
        return None
    return f"{whole or '0'}.{fraction or '0'}"


def _duration(text: str) -> float:
    """Seconds of 1:30:00 or "2 days 01:30:00"."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return np.nan
    days, hours, minutes, seconds = (float(match[i] or 0) for i in (2, 4, 5, 6))
    of_day = (hours * 60 + minutes) * 60 + seconds
    if match["plus"]:  # "-1 days +20:04:04" is four hours less than nothing
        return (-days if match["sign"] else days) * 86400 + of_day
    return (-1 if match["sign"] else 1) * (days * 86400 + of_day)


def read_category(cell: Any, written: Mapping[str, Any]) -> str:
    """The category of a cell: its text, where all are numbers that of the number."""
    if isinstance(cell, str | pd.Timestamp):
        text = _MIDNIGHT.sub("", str(cell))
        is_number = written["is_coded"] and not text.isdecimal()
        number = read_number(text, PLAIN) if is_number else np.nan
        text = _number_text(number) if np.isfinite(number) else text
        return text.zfill(written["code_width"]) if text.isdecimal() else text
    text = _number_text(cell)
    if written["code_width"] and text.isdecimal():
        return text.zfill(written["code_width"])
    is_whole = "." not in text and "e" not in text
    is_pointed = written["has_points"] and not written["is_coded"] and is_whole
    return f"{text}.0" if is_pointed else text


def _number_text(number: Any) -> str:
    if isinstance(number, int | np.integer):
        return str(int(number))
    value = float(number)
    return str(int(value)) if value.is_integer() else str(number)


def read_moments(values: pd.Series[Any], written: Mapping[str, Any]) -> pd.DatetimeIndex:
    """Moments, in UTC where they say their zone; NaT where a cell is none."""
    if values.dtype.kind == "M":
        return _in_bounds(pd.DatetimeIndex(values))
    texts = values if values.dtype == object else values.map(_number_text, na_action="ignore")
    codes, distinct = pd.factorize(texts)
    pattern = written["pattern"] or "ISO8601"
    read = _parsed(list(distinct), pattern, written["shape"])
    if pattern != "ISO8601":  # which means the same to everyone
        as_iso = _parsed(list(distinct), "ISO8601", None)
        read = pd.DatetimeIndex(read.where(np.asarray(read.notna(), dtype=bool), as_iso))
    return pd.DatetimeIndex(read.append(pd.DatetimeIndex([pd.NaT]))[codes])


def _parsed(texts: Sequence[str], pattern: str, shape: str | None) -> pd.DatetimeIndex:
    cells = pd.Series(list(texts), dtype=object)
    if "%p" in pattern:
        cells = cells.map(lambda text: _HALVES_OF_DAY.sub(r"\1m", text))
    wanted = _ISO if pattern == "ISO8601" else shape
    if wanted is not None:
        cells = cells.where(cells.str.fullmatch(wanted))
    if pattern.endswith("since 1970"):
        numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
        is_known = ~np.isnan(numbers)
        microseconds = np.where(is_known, numbers, 0).astype(np.int64)
        microseconds *= 1_000 if pattern.startswith("milli") else 1_000_000
        moments = pd.DatetimeIndex(microseconds.astype("datetime64[us]"))
        return _in_bounds(pd.DatetimeIndex(moments.where(is_known)))
    read = pd.to_datetime(cells, format=pattern, errors="coerce", utc=True)
    return _in_bounds(pd.DatetimeIndex(read).tz_localize(None).as_unit("us"))


def _in_bounds(moments: pd.DatetimeIndex) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(moments.where((moments >= EARLIEST) & (moments < LATEST)))


def date_part(moments: pd.DatetimeIndex, part: str) -> NDArray[np.float64]:
    """Days since 1970, month, day, weekday (Monday: 0) or hour of moments; NaN where none is."""
    if part == "days":
        microseconds = moments.astype("datetime64[us]").to_numpy().astype(np.int64)
        missing = np.asarray(moments.isna(), dtype=bool)
        return np.where(missing, np.nan, microseconds / 86_400_000_000)
    if part == "hour":
        return np.asarray(moments.hour + moments.minute / 60, dtype=np.float64)
    if part == "weekday":
        return np.asarray(moments.day_of_week, dtype=np.float64)
    return np.asarray(moments.month if part == "month" else moments.day, dtype=np.float64)
