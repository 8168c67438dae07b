"""Dates and times as people and programs write them, and their parts as numbers.

The format of a column is learned once: the first of `FORMATS` that reads nearly all of its
cells, month before day where both are possible. Later cells are read by that one alone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

DATE_PARTS = ("days", "month", "day", "weekday", "hour")
"""A date becomes days since 1970 and its places in year, month, week and day.

The year is no part: it is a linear function of the days, nearly.
"""

EARLIEST, LATEST = pd.Timestamp(1000, 1, 1), pd.Timestamp(2500, 1, 1)
"""Moments outside are marks for "never" or "unknown" (0001-01-01, 9999-12-31): missing."""

_EARLIEST, _LATEST = EARLIEST.to_datetime64(), LATEST.to_datetime64()

_DAYS = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y"),
    *("%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%m-%d-%y", "%d-%m-%y", "%y/%m/%d", "%y-%m-%d"),
    *("%d-%b-%Y", "%d %b %Y", "%d/%b/%Y", "%d. %b %Y", "%b %d, %Y", "%b %d %Y", "%d-%b-%y"),
    *(
        "%d%b%Y",
        "%d %b %y",
        "%Y-%b-%d",
        "%d %B %Y",
        "%d-%B-%Y",
        "%d. %B %Y",
        "%B %d, %Y",
        "%B %d %Y",
    ),
    *("%a, %d %b %Y", "%A, %d %B %Y", "%A, %B %d, %Y", "%a, %b %d, %Y"),
)
_TIMES = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S", ", %H:%M", ", %H:%M:%S"),
    *(" %I:%M %p", " %I:%M:%S %p", " %I:%M%p", ", %I:%M %p", ", %I:%M:%S %p", " %I %p"),
    *(" %H:%M:%S %z", " %H:%M %z", " %H:%M:%S GMT", " %H:%M:%S UTC", " %H:%M:%S,%f"),
    *(":%H:%M", ":%H:%M:%S", " %H:%M Uhr", " - %H:%M"),
)
FORMATS = (
    "ISO8601",  # with or without time and zone
    *(day + time for day, time in itertools.product(_DAYS, _TIMES)),
    *("%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S UTC %Y", "%d/%b/%Y:%H:%M:%S %z"),
    *("%b %Y", "%B %Y", "%b-%Y", "%m/%Y", "%Y/%m", "%m.%Y", "%Y-%m-%d %H.%M.%S"),
    *("%Y%m%d %H:%M:%S", "%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S,%f", "%b-%y"),
)
"""In strptime's words. Two-digit years up to 68 are 20xx, from 69 on 19xx, as in POSIX."""

ONLY_ASKED = {
    "%Y%m%d": r"\d{8}",
    "%d%m%Y": r"\d{8}",
    "%m%d%Y": r"\d{8}",
    "%Y%m": r"\d{6}",
    "%y%m%d": r"\d{6}",
    "%Y": r"\d{4}",
    "%Y%m%d%H%M": r"\d{12}",
    "%Y%m%d%H%M%S": r"\d{14}",
    "seconds since 1970": r"\d{9,10}",
    "milliseconds since 1970": r"\d{12,13}",
}
"""Formats of digits alone, which are numbers unless a person says that they are dates.

With each, what a cell must look like: strptime takes 202111 for the first day of 2021.
"""

_BY_THE_CLOCK = frozenset({"now", "today"})
_ISO = r"\d{4}([-/])\d{1,2}(\1\d{1,2})?([T ]\d.*)?|\d{8}T\d.*"
"""What counts as ISO 8601: neither "today" and "now", which pandas takes, nor digits alone."""

_SAMPLE = 40  # formats are tried on so many distinct cells before all are read
_HALVES_OF_DAY = re.compile(r"\b([ap])\.m\.?", re.IGNORECASE)
_ZONE = re.compile(r"(:\d\d(?:\.\d+)?\s?)[+-]\d\d:?\d\d$")
_MAYBE_DATE = re.compile(r"(?=.*\d)(?=.*[-/.:\s,T]).{5,45}|\d{1,2}[A-Za-z]{3}\d{4}")


@dataclass(frozen=True, slots=True)
class DateGuess:
    """What the cells of a column are as dates."""

    format: str
    share: float  # of the cells, those that are dates in this format
    strays: tuple[str, ...]  # distinct cells that are none, the commonest first
    n_stray: int


def guess_dates(
    counts: Mapping[str, int], *, at_least: float, asked: bool = False
) -> DateGuess | None:
    """Find the format of a column of dates; None where no format reads enough of it.

    Args:
        counts: the distinct cells, marks of missing ones left out, and how often each stands.
        at_least: the share of cells that a format must read.
        asked: a person says that these are dates: digits alone may be.
    """
    texts = list(counts)
    if not texts or (not asked and not _look_like_dates(counts, at_least)):
        return None
    n_cells = np.asarray([counts[text] for text in texts], dtype=np.float64)
    best, best_share, is_read = "", 0.0, np.zeros(len(texts), dtype=bool)
    for date_format in _promising(texts, asked):
        is_date = _is_date(texts, date_format)
        share = float(n_cells[is_date].sum() / n_cells.sum())
        if share > best_share:
            best, best_share, is_read = date_format, share, is_date
        if share == 1.0:
            break
    if not best or best_share < at_least:
        return None
    strays = sorted((texts[i] for i in np.flatnonzero(~is_read)), key=lambda text: -counts[text])
    return DateGuess(best, best_share, tuple(strays), sum(counts[text] for text in strays))


def _look_like_dates(counts: Mapping[str, int], at_least: float) -> bool:
    """A glance at some cells, since most columns of texts hold no dates."""
    sample = [*itertools.islice(counts, 10 * _SAMPLE)]
    total = sum(counts[text] for text in sample)
    looks = sum(counts[text] for text in sample if _MAYBE_DATE.fullmatch(text))
    return looks >= 0.5 * at_least * total


def _promising(texts: Sequence[str], asked: bool) -> list[str]:
    """The formats that read something of a sample, the best first.

    Only those with the cells' punctuation are tried: reading by a format costs a millisecond.
    """
    step = max(len(texts) // _SAMPLE, 1)
    sample = texts[::step][: 2 * _SAMPLE]
    shapes = {_shape(text) for text in sample}
    formats = [one for one in FORMATS if _FORMAT_SHAPES[one] in shapes]
    n_read = {
        one: int(_is_date(sample, one).sum())
        for one in ("ISO8601", *formats, *(tuple(ONLY_ASKED) if asked else ()))
    }
    ranked = sorted(n_read, key=lambda one: -n_read[one])  # stable: ties by their order
    return [one for one in ranked[:3] if n_read[one]]


def _shape(text: str) -> str:
    """The punctuation between letters and digits: "05/19/2022 04:25 PM" is "x/x/x x:x x"."""
    text = _HALVES_OF_DAY.sub(r"\1m", text)
    return re.sub(r"[^\W_]+", "x", _ZONE.sub(r"\1+x", text))


def _shape_of_format(date_format: str) -> str:
    return re.sub(r"(%?[A-Za-z])+", "x", date_format.replace("%z", "+x"))


_FORMAT_SHAPES = {one: _shape_of_format(one) for one in FORMATS}


def _is_date(texts: Sequence[str], date_format: str) -> NDArray[np.bool_]:
    return ~np.asarray(parse_dates(texts, date_format).isna(), dtype=bool)


def parse_dates(texts: Sequence[str], date_format: str) -> pd.DatetimeIndex:
    """Read texts of one format, in UTC where they say their zone.

    Whatever is no date, or lies outside `EARLIEST` and `LATEST`, becomes NaT.
    """
    return in_bounds(parse_far_dates(texts, date_format))


def parse_far_dates(texts: Sequence[str], date_format: str) -> pd.DatetimeIndex:
    """As `parse_dates`, of whatever year; NaT where a text is no date."""
    cells = np.empty(len(texts), dtype=object)
    cells[:] = texts
    if "%p" in date_format:
        cells[:] = [_HALVES_OF_DAY.sub(r"\1m", text) for text in texts]
    shape = _ISO if date_format == "ISO8601" else ONLY_ASKED.get(date_format)
    if shape is not None:
        fits = re.compile(shape).fullmatch
        cells[:] = [text if fits(text) else None for text in cells]
    else:  # pandas reads these two words by the clock, in whatever format
        cells[:] = [None if str(text).strip().lower() in _BY_THE_CLOCK else text for text in cells]
    if date_format.endswith("since 1970"):
        numbers = np.asarray(pd.to_numeric(cells, errors="coerce"), dtype=np.float64)
        is_known = ~np.isnan(numbers)
        microseconds = np.where(is_known, numbers, 0).astype(np.int64)
        microseconds *= 1_000 if date_format.startswith("milli") else 1_000_000
        moments = pd.DatetimeIndex(microseconds.astype("datetime64[us]"))
        return pd.DatetimeIndex(moments.where(is_known))
    # Without utc=True, zones that differ between rows raise.
    read = pd.to_datetime(cells, format=date_format, errors="coerce", utc=True)
    return pd.DatetimeIndex(read).tz_localize(None).as_unit("us")  # as far as the year 9999


def in_bounds(moments: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Moments outside `EARLIEST` and `LATEST` become NaT."""
    values = moments.to_numpy().astype("datetime64[s]")  # a unit that no year is too far for
    is_within = (values >= _EARLIEST) & (values < _LATEST)  # never of NaT
    return moments if is_within.all() else pd.DatetimeIndex(moments.where(is_within))


def is_ambiguous(date_format: str, moments: pd.DatetimeIndex) -> bool:
    """Whether day and month could as well be the other way round in every cell."""
    return bool(re.match(r"%[md][-/.]%[md]", date_format)) and bool((moments.day <= 12).all())


def date_part(moments: pd.DatetimeIndex, part: str) -> NDArray[np.float64]:
    """One of `DATE_PARTS` of each moment; NaN where there is none."""
    if part == "days":
        return days_since_1970(moments)
    fields = moments.array  # an index of each would take longer to make than to fill
    if part == "hour":
        return np.asarray(fields.hour + fields.minute / 60, dtype=np.float64)
    if part == "weekday":
        return np.asarray(fields.day_of_week, dtype=np.float64)
    return np.asarray(fields.month if part == "month" else fields.day, dtype=np.float64)


def days_since_1970(moments: pd.DatetimeIndex) -> NDArray[np.float64]:
    """Days and parts of days; NaN where there is no moment.

    Shape:
        moments, result: (N,).
    """
    # In microseconds, since nanoseconds do not reach beyond the years 1678 and 2262.
    microseconds = moments.astype("datetime64[us]").to_numpy().astype(np.int64)
    missing = np.asarray(moments.isna(), dtype=bool)
    return np.where(missing, np.nan, microseconds / 86_400_000_000)


def varying_parts(moments: pd.DatetimeIndex) -> tuple[str, ...]:
    """The parts that have more than one value."""
    known = moments.dropna()
    return tuple(part for part in DATE_PARTS if len(np.unique(date_part(known, part))) > 1)
