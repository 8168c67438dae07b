"""Rows by which an export is checked: made up of what the preprocessing knows of each column.

Every column has values from all over its train rows, in the way that it is written, with empty
cells, marks of missing ones and categories that no train row had. They are texts, as in a CSV
file, so that both sides read them; they need no data to be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.array.inputs import ArrayEncoding
from automl.data.table.columns import TRUE_FALSE, ColumnPlan
from automl.data.table.preprocessing import Preprocessor
from automl.data.table.written_cells import written_date, written_number

N_ROWS: Final = 64

MISSING_SHARE: Final = 0.15
"""Of the cells, so many are empty or marked: each column has some in 64 rows."""

UNSEEN: Final = "a category that nobody has seen"


def sample_rows(table: Preprocessor, n_rows: int = N_ROWS, seed: int = 0) -> pd.DataFrame:
    """Rows of texts with the columns that a model reads, None where a cell is empty."""
    generator = np.random.default_rng(seed)
    columns = {}
    for plan in table.plans:
        if plan.dropped:
            continue
        cells: list[str | None] = list(_cells(plan, table, n_rows, generator))
        marks = [None, *plan.missing.named, *plan.missing.strays[:2]]
        for row in np.flatnonzero(generator.random(n_rows) < MISSING_SHARE):
            cells[row] = marks[generator.integers(len(marks))]
        columns[plan.name] = cells
    return pd.DataFrame(columns, dtype=object)


def sample_array(encoding: ArrayEncoding, n_rows: int = 8, seed: int = 0) -> NDArray[Any]:
    """Rows of an array: numbers spread as those of training; of codes the first one alone."""
    shape = (n_rows, *encoding.shape)
    if encoding.is_whole:
        return np.zeros(shape, dtype=np.int64)
    drawn = np.random.default_rng(seed).normal(encoding.mean, encoding.deviation, shape)
    return drawn.astype(np.float32)


def _cells(
    plan: ColumnPlan, table: Preprocessor, n_rows: int, generator: np.random.Generator
) -> Sequence[str]:
    if plan.kind == "numeric":
        values = _numbers(table, plan.name, n_rows, generator)
        return [written_number(value, plan.numbers) for value in values]
    if plan.kind == "boolean":
        is_second = generator.random(n_rows) < 0.5
        words = next(iter(TRUE_FALSE.items())) if plan.is_true_false else ("1", "0")
        return [words[0] if one else words[1] for one in is_second]
    if plan.kind == "date":
        return [written_date(moment, plan) for moment in _moments(plan, table, n_rows, generator)]
    known = sorted(table.named_categories(plan.name))
    choices = np.array([*known, UNSEEN], dtype=object)
    return [str(one) for one in generator.choice(choices, n_rows)]


def _numbers(
    table: Preprocessor, name: str, n_rows: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Numbers at random quantiles of the train rows, some a little beyond them."""
    place, numbers = table.number_names.index(name), table.numbers
    quantiles = numbers.quantiles[:, place]
    drawn = np.quantile(quantiles, generator.random(n_rows)) * generator.choice(
        [1.0, 1.0, 1.0, 1.1], n_rows
    )
    values = drawn * numbers.deviations[place] + numbers.means[place]
    return np.array([float(f"{value:.7g}") for value in values])


def _moments(
    plan: ColumnPlan, table: Preprocessor, n_rows: int, generator: np.random.Generator
) -> pd.DatetimeIndex:
    days = dict(zip(plan.dates.parts, plan.outputs, strict=True)).get("days")
    if days is None:
        spread = generator.random(n_rows) * 365 + 19_000
    else:
        spread = np.clip(_numbers(table, days, n_rows, generator), -100_000, 100_000)
    return pd.DatetimeIndex(pd.Timestamp(0) + pd.to_timedelta(np.round(spread * 86_400), unit="s"))
