"""Make the plan of a column whose kind is known: numbers, dates or categories.

Here is decided what a column of numbers is beyond that (0 and 1, an id, constant), which parts
of a date vary, and whether categories are numbers. Which kind a column of texts is, is decided
in `text_inference.py`.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.table.cells import MISSING_MARKS, RawColumn, is_marked
from automl.data.table.column_reading import read_moments, read_numbers
from automl.data.table.columns import CategoryFormat, ColumnPlan, DateFormat, MissingMarks
from automl.data.table.date_formats import DateGuess, in_bounds, is_ambiguous, varying_parts
from automl.data.table.number_formats import PLAIN, NumberFormat, read_number
from automl.data.table.number_guesses import NumberGuess
from storage.records import Json

MAX_STRAYS = 50
"""Distinct cells that were none of their column's kind in training, and are missing later too."""

MIN_ROWS_FOR_IDS = 20
"""In fewer rows, whole numbers that all differ are no surprise."""

_ID_NAME = re.compile(
    r"(?i:(^|[\W_])(id|ids|pid|uid|uuid|guid|key|index|idx|nr|no|num|number)([\W_]|$))"
    r"|[a-z](Id|ID)$|^column 1$|^Unnamed: 0$"
)


def number_plan(read: NDArray[np.float64], plan: ColumnPlan) -> ColumnPlan:
    """Refine the plan of a column of numbers: 0 and 1 alone are a boolean, ids are left out.

    Shape:
        read: (N,).
    """
    present = read[~np.isnan(read)]
    if set(np.unique(present[:1000])) <= {0.0, 1.0} and np.isin(present, (0.0, 1.0)).all():
        return replace(plan, kind="boolean")
    if _is_id(plan.name, present):
        return replace(plan, dropped="id-like", details={"n_distinct": len(present)})
    return plan


def _is_id(name: str, present: NDArray[np.float64]) -> bool:
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


def guessed_numbers(name: str, raw: RawColumn, guess: NumberGuess) -> ColumnPlan:
    """The plan of texts that are read as numbers, with what a person should know of it."""
    details = number_details(raw, guess)
    plan = ColumnPlan(
        name,
        "numeric",
        numbers=guess.format,
        missing=MissingMarks(strays=guess.strays[:MAX_STRAYS]),
        details=details,
    )
    read = read_numbers(raw, guess.format)
    present = read[~np.isnan(read)]
    if len(np.unique(present)) == 1 and len(present) == len(raw):
        return replace(plan, dropped="constant")
    # With stray texts, 0 and 1 are numbers like others.
    return plan if guess.n_stray and set(present) <= {0.0, 1.0} else number_plan(read, plan)


def number_details(raw: RawColumn, guess: NumberGuess) -> dict[str, Json]:
    """What a person should know of texts that are read as numbers."""
    details: dict[str, Json] = {}
    if guess.n_stray:
        details |= {"n_stray": guess.n_stray, "stray": list(guess.strays[:3])}
    if guess.n_inexact:
        details["n_inexact"] = guess.n_inexact
    if guess.is_ambiguous:
        details["is_ambiguous"] = True
    if not guess.format.is_plain:
        details["example"] = _example(raw, guess.format)
    return details


def _example(raw: RawColumn, written: NumberFormat) -> list[Json]:
    """A cell that a program would read otherwise, and the number that it is read as."""
    for text in raw.values.dropna().unique():
        number = read_number(text, written)
        if not np.isnan(number) and number != read_number(text, PLAIN):
            return [str(text), number]
    return []


def guessed_dates(name: str, raw: RawColumn, guess: DateGuess) -> ColumnPlan:
    """The plan of texts that are read as dates."""
    moments = read_moments(raw, guess.format)
    plan = date_plan(name, moments, guess.format)
    if guess.n_stray:
        details = {**plan.details, "n_stray": guess.n_stray, "stray": list(guess.strays[:3])}
        missing = MissingMarks(strays=guess.strays[:MAX_STRAYS])
        plan = replace(plan, missing=missing, details=details)
    return plan


def date_plan(name: str, moments: pd.DatetimeIndex, date_format: str | None) -> ColumnPlan:
    """The plan of a column of dates.

    Shape:
        moments: (N,).
    """
    known = in_bounds(moments)
    is_outside = ~np.asarray(moments.isna()) & np.asarray(known.isna())
    parts = varying_parts(known)
    details: dict[str, Json] = {}
    if date_format is not None and is_ambiguous(date_format, known.dropna()):
        details["ambiguous"] = True
    if is_outside.any():
        first = str(moments[is_outside][0].date())
        details |= {"n_stray": int(is_outside.sum()), "stray": [first]}
    return ColumnPlan(
        name,
        "date",
        "" if parts else "constant",
        dates=DateFormat(date_format, parts),
        details=details,
    )


def category_plan(name: str, raw: RawColumn) -> ColumnPlan:
    """The plan of categories: coded where all cells are numbers as programs write them."""
    if raw.form == "numbers":
        return ColumnPlan(name, "categorical", categories=CategoryFormat(is_coded=True))
    if raw.form == "moments":
        return ColumnPlan(name, "categorical")
    distinct = [str(text) for text in raw.values.dropna().unique()]
    marked = is_marked(distinct, MISSING_MARKS)
    known = [text for text, mark in zip(distinct, marked, strict=True) if not mark]
    if known and all(is_number_of_a_program(text) for text in known):
        return ColumnPlan(name, "categorical", categories=CategoryFormat(is_coded=True))
    has_points = any(re.fullmatch(r"-?\d+\.0", text) for text in known)
    widths = {len(text) for text in known}
    is_padded = len(widths) == 1 and all(text.isdecimal() for text in known)
    width = widths.pop() if is_padded else 0
    written = CategoryFormat(has_points=has_points, code_width=width)
    return ColumnPlan(name, "categorical", categories=written)


def is_number_of_a_program(text: str) -> bool:
    """Whether a number's text is the one that a program writes: not 007, 1.10, +5 or 1E3."""
    if re.fullmatch(r"-?\d{1,300}", text, re.ASCII):
        return text in (str(int(text)), "-0")
    number = read_number(text, PLAIN)
    return bool(np.isfinite(number)) and text == repr(float(number))
