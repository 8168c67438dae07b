"""What a column's cells are written as is read back."""

from __future__ import annotations

import pandas as pd
import pytest

from automl.data.table.column_reading import read_column
from automl.data.table.columns import ColumnPlan, DateFormat
from automl.data.table.number_formats import DURATION, PLAIN, NumberFormat
from automl.data.table.written_cells import is_written_in_digits, written_date, written_number


@pytest.mark.parametrize(
    "written", [PLAIN, DURATION, NumberFormat(decimal=",", unit="%"), NumberFormat(unit="$")]
)
@pytest.mark.parametrize("value", [-3725.0, 0.0, 90.0])
def test_numbers_are_read_back(written: NumberFormat, value: float) -> None:
    plan = ColumnPlan("n", "numeric", numbers=written)
    (read,) = read_column(pd.Series([written_number(value, written)]), plan).outputs
    assert read.tolist() == [value]


@pytest.mark.parametrize(
    ("pattern", "in_digits"),
    [
        (None, False),
        ("ISO8601", False),
        ("%d.%m.%Y %H:%M", False),
        ("%d/%b/%Y:%H:%M:%S %z", False),
        ("%Y%m%d%H%M", True),
        ("seconds since 1970", True),
        ("milliseconds since 1970", True),
    ],
)
def test_dates_are_read_back(pattern: str | None, in_digits: bool) -> None:
    plan = ColumnPlan("t", "date", dates=DateFormat(pattern, ("days",)))
    cell = written_date(pd.Timestamp("2022-05-01 12:00"), plan)
    (read,) = read_column(pd.Series([cell]), plan).outputs
    assert read.tolist() == [19113.5]
    assert is_written_in_digits(plan) == in_digits
    if in_digits:
        assert read_column(pd.Series([int(cell)]), plan).outputs[0].tolist() == [19113.5]
