"""Find out what each column is, once, from the table that is divided.

A wrong guess costs a person an hour, so `--drop`, `--categorical`, `--numeric`, `--date` and
`--missing` overrule it. How texts are judged is in `text_inference.py`; what is said of the
plans is in `column_messages.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd

from automl.data.table.cells import RawColumn, number_text, raw_column
from automl.data.table.column_plans import (
    category_plan,
    date_plan,
    guessed_dates,
    guessed_numbers,
    number_plan,
)
from automl.data.table.column_reading import is_named_mark, read_numbers
from automl.data.table.columns import ColumnPlan
from automl.data.table.date_formats import guess_dates
from automl.data.table.number_formats import DURATION, PLAIN
from automl.data.table.number_guesses import guess_numbers
from automl.data.table.text_inference import MEASURED, decimal_mark, distinct_texts, infer_texts
from automl.errors import DataError
from automl.wording.option_names import named


def infer_columns(
    frame: pd.DataFrame,
    *,
    categorical: Sequence[str] = (),
    numeric: Sequence[str] = (),
    date: Sequence[str] = (),
    missing: Mapping[str, Sequence[str]] | None = None,
    decimal: str | None = None,
) -> tuple[ColumnPlan, ...]:
    """Make a plan for every column of a frame of features.

    Args:
        categorical, numeric, date: columns whose kind a person has said; never dropped.
        missing: marks of missing cells that a person has named, by column.
        decimal: the mark that is usual in a text file of this kind: decides "1,250" where
            nothing else does.

    Raises:
        DataError: a column said to be of a kind has no cell of it.
    """
    marks = missing or {}
    raws = {str(name): _without_marks(frame[name], marks.get(name, ())) for name in frame.columns}
    asked = {
        **dict.fromkeys(categorical, category_plan),
        **dict.fromkeys(numeric, _as_numbers),
        **dict.fromkeys(date, _as_dates),
    }
    usual = cache(lambda: usual_decimal(raws.values()) or decimal)
    plans = []
    for name, raw in raws.items():
        plan = asked[name](name, raw) if name in asked else _inferred(name, raw, usual)
        named = replace(plan.missing, named=tuple(marks.get(name, ())))
        plans.append(replace(plan, missing=named, decimal=decimal))
    return distinct_outputs(plans)


def infer_time(name: str, values: pd.Series[Any]) -> ColumnPlan | None:
    """The plan of a column of dates, however few of its cells are some; None where none is."""
    raw = raw_column(values)
    guess = guess_dates(distinct_texts(raw).counts, at_least=0.0) if raw.form == "texts" else None
    return None if guess is None else guessed_dates(name, raw, guess)


def distinct_outputs(plans: Sequence[ColumnPlan]) -> tuple[ColumnPlan, ...]:
    """Name the parts of a date otherwise where a column has such a name already."""
    taken = {plan.name for plan in plans}
    named = []
    for plan in plans:
        if plan.kind == "date":
            while taken & set(plan.outputs):
                label = f"{plan.dates.label or plan.name} (date)"
                plan = replace(plan, dates=replace(plan.dates, label=label))
            taken |= set(plan.outputs)
        named.append(plan)
    return tuple(named)


def _without_marks(values: pd.Series[Any], marks: Sequence[str]) -> RawColumn:
    raw = raw_column(values)
    named = is_named_mark(raw, marks)
    return replace(raw, values=raw.values.mask(named)) if named.any() else raw


def usual_decimal(raws: Iterable[RawColumn]) -> str | None:
    """The decimal mark of the columns that have one; None: there is none, or there are both."""
    marks = {mark for raw in raws if (mark := decimal_mark(raw)) is not None}
    return marks.pop() if len(marks) == 1 else None


def _inferred(name: str, raw: RawColumn, decimal: Callable[[], str | None]) -> ColumnPlan:
    present = raw.values.dropna()
    if present.empty:
        return ColumnPlan(name, "categorical", "all missing")
    if raw.form == "texts":
        return infer_texts(name, raw, decimal=decimal)
    if present.nunique() == 1 and len(present) == len(raw):
        return ColumnPlan(name, "categorical", "constant")
    if raw.form == "moments":
        return date_plan(name, pd.DatetimeIndex(raw.values), None)
    plan = ColumnPlan(name, "numeric", numbers=DURATION if raw.is_duration else PLAIN)
    return number_plan(read_numbers(raw, PLAIN), plan)


def _as_numbers(name: str, raw: RawColumn) -> ColumnPlan:
    """A plan of numbers, where a person says so."""
    if raw.form == "numbers":
        return ColumnPlan(name, "numeric")
    guess = None
    if raw.form == "texts":
        counts = distinct_texts(raw).counts
        guess = guess_numbers(counts) if counts else None
    if guess is None or guess.share == 0:
        example = raw.values.dropna().astype(str).head(1).tolist()
        raise DataError(
            f"{named('numeric')} must name a column of numbers, but {name!r} holds {example}"
        )
    plan = guessed_numbers(name, raw, guess)
    return replace(plan, kind="numeric", dropped="")


def _as_dates(name: str, raw: RawColumn) -> ColumnPlan:
    """A plan of dates, where a person says so."""
    if raw.form == "moments":
        return replace(date_plan(name, pd.DatetimeIndex(raw.values), None), dropped="")
    texts = (
        raw.values.map(number_text, na_action="ignore") if raw.form == "numbers" else raw.values
    )
    raw = RawColumn("texts", texts.astype("str"))
    counts = distinct_texts(raw).counts
    guess = guess_dates(counts, at_least=MEASURED, asked=True) if counts else None
    if guess is None:
        example = texts.dropna().astype(str).head(1).tolist()
        raise DataError(
            f"{named('date')} must name a column of dates, but {name!r} holds {example}"
        )
    plan = guessed_dates(name, raw, guess)
    dates = replace(plan.dates, parts=plan.dates.parts or ("days",))
    return replace(plan, dropped="", dates=dates)
