"""Plans of columns whose kind is known; the kinds themselves are in test_column_inference.py."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.table.cells import raw_column
from automl.data.table.column_plans import (
    category_plan,
    date_plan,
    guessed_numbers,
    is_number_of_a_program,
    number_plan,
)
from automl.data.table.columns import ColumnPlan
from automl.data.table.number_guesses import guess_numbers


def test_0_and_1_alone_are_a_boolean() -> None:
    plan = ColumnPlan("a", "numeric")
    assert number_plan(np.array([0.0, 1.0, np.nan]), plan).kind == "boolean"
    assert number_plan(np.array([0.0, 1.0, 2.0]), plan).kind == "numeric"


@pytest.mark.parametrize("text", ["0", "12", "-3", "1.0", "2.5", "1e+20", "9007199254740993"])
def test_numbers_that_a_program_writes(text: str) -> None:
    assert is_number_of_a_program(text)


@pytest.mark.parametrize("text", ["007", "1.10", "+5", "1E3", "1,5", "x", "inf", "-", "5%", "--5"])
def test_texts_that_a_program_writes_for_no_number(text: str) -> None:
    assert not is_number_of_a_program(text)


@pytest.mark.parametrize(
    ("cells", "is_coded", "has_points"),
    [
        (["1", "2.0", "NA"], True, False),
        (["1", "a"], False, False),
        (["3.0", "a"], False, True),
        (["007"], False, False),
        ([3.0, 4.0], True, False),
        (pd.to_datetime(["2021-01-01"]), False, False),
    ],
)
def test_categories_are_coded_where_all_are_numbers(
    cells: object, is_coded: bool, has_points: bool
) -> None:
    plan = category_plan("c", raw_column(pd.Series(cells)))
    assert (plan.categories.is_coded, plan.categories.has_points) == (is_coded, has_points)


def test_an_example_shows_what_a_program_would_not_read() -> None:
    raw = raw_column(pd.Series(["5", "1,5", "x"]))
    guess = guess_numbers({"5": 1, "1,5": 1, "x": 1})
    assert guess is not None
    details = guessed_numbers("n", raw, guess).details
    assert details == {"n_stray": 1, "stray": ["x"], "example": ["1,5", 1.5]}
    assert guessed_numbers("n", raw, guess).missing.strays == ("x",)


def test_only_the_parts_of_a_date_that_vary_are_kept() -> None:
    plan = date_plan("d", pd.date_range("2024-01-01", periods=20), None)
    assert plan.dates.parts == ("days", "day", "weekday")
    same = date_plan("d", pd.DatetimeIndex(["2024-01-01"] * 3), None)
    assert same.described == "dropped: constant"
