from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from automl.data.columns import (
    MISSING_CATEGORY,
    ColumnPlan,
    booleans,
    date_part,
    dates,
    numbers,
    texts,
    typed_columns,
)
from automl.errors import DataError


def test_marks_of_missing_numbers_become_nan() -> None:
    cells = ["1.5", " 2 ", "?", "NA", "None", "", None, "-", "1e3", "abc"]
    read = numbers(pd.Series(cells))
    np.testing.assert_array_equal(
        read, [1.5, 2, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, 1000, np.nan]
    )


def test_nullable_and_time_dtypes_are_numbers() -> None:
    assert np.isnan(numbers(pd.Series([1, None], dtype="Int64"))[1])
    assert numbers(pd.Series(pd.to_timedelta(["1min"])))[0] == 60


def test_none_and_na_are_categories_but_blank_and_question_mark_are_not() -> None:
    read = texts(pd.Series(["None", "NA", "?", " ", None, " x "]))
    assert read.tolist() == [
        "None",
        "NA",
        MISSING_CATEGORY,
        MISSING_CATEGORY,
        MISSING_CATEGORY,
        "x",
    ]


def test_a_whole_number_is_one_category_whatever_its_dtype() -> None:
    """In a file with a gap, 3 is read as 3.0."""
    assert texts(pd.Series([3, 4])).tolist() == ["3", "4"]
    assert texts(pd.Series([3.0, np.nan])).tolist() == ["3", MISSING_CATEGORY]


@pytest.mark.parametrize(
    "values",
    [
        ["yes", "No", None],
        ["TRUE", "false", "?"],
        ["T", "f", ""],
        [1.0, 0.0, np.nan],
        pd.array([True, False, None], dtype="boolean"),
    ],
)
def test_booleans_of_all_kinds(values: object) -> None:
    np.testing.assert_array_equal(booleans(pd.Series(values)), [1, 0, np.nan])


def test_dates_with_zones_are_compared_in_utc() -> None:
    read = dates(pd.Series(["2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00Z"]), "ISO8601")
    assert read[0] == read[1] == pd.Timestamp("2024-01-01")


def test_parts_of_a_date() -> None:
    moments = pd.DatetimeIndex(["1970-01-02 12:30", None])
    parts = {
        part: date_part(moments, part) for part in ("days", "month", "day", "weekday", "hour")
    }
    assert {part: values[0] for part, values in parts.items()} == {
        "days": pytest.approx(1 + 12.5 / 24),
        "month": 1,
        "day": 2,
        "weekday": 4,  # a Friday
        "hour": 12.5,
    }
    assert all(np.isnan(values[1]) for values in parts.values())


def test_plans_read_new_rows_in_any_order_and_ignore_other_columns() -> None:
    plans = (
        ColumnPlan("n", "numeric"),
        ColumnPlan("id", "dropped", "id-like"),
        ColumnPlan("when", "date", date_format="%d.%m.%Y", date_parts=("month",)),
        ColumnPlan("c", "categorical"),
    )
    frame = pd.DataFrame({"c": ["x"], "new": [1], " when": ["24.12.2024"], "n": ["7"]})
    typed = typed_columns(frame, plans)
    assert typed.to_dict("records") == [{"n": 7.0, "when: month": 12.0, "c": "x"}]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="'n' is missing"):
        typed_columns(pd.DataFrame({"m": [1]}), [ColumnPlan("n", "numeric")])


def test_a_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(DataError, match="'n' is there more than once"):
        typed_columns(pd.DataFrame([[1, 2]], columns=["n", "n "]), [ColumnPlan("n", "numeric")])


def test_infinity_is_refused_with_its_row() -> None:
    frame = pd.DataFrame({"n": [1.0, np.inf]}, index=[1, 2])
    with pytest.raises(DataError, match="'n' is infinite in row 2"):
        typed_columns(frame, [ColumnPlan("n", "numeric")])


def test_plan_survives_json() -> None:
    plan = ColumnPlan("d", "date", date_format="ISO8601", date_parts=("days", "hour"))
    assert ColumnPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert plan.outputs == ("d: days", "d: hour")
    assert ColumnPlan("x", "dropped", "constant").described == "dropped: constant"
