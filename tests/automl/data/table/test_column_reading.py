from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from automl.data.reading_notes import refuse_unreadable
from automl.data.table.cells import raw_column
from automl.data.table.column_reading import (
    is_named_mark,
    read_booleans,
    read_column,
    read_columns,
)
from automl.data.table.columns import (
    MISSING_CATEGORY,
    CategoryFormat,
    ColumnPlan,
    DateFormat,
    MissingMarks,
)
from automl.data.table.number_formats import NumberFormat
from automl.data.table.odd_cells import UnreadCells
from automl.errors import DataError


def outputs_and_unread(
    values: pd.Series[Any], plan: ColumnPlan, decimal: str | None = None
) -> tuple[tuple[NDArray[Any], ...], NDArray[np.bool_]]:
    read = read_column(values, plan, decimal)
    return read.outputs, read.is_unread


def numbers(cells: object, plan: ColumnPlan | None = None) -> list[float]:
    (read,), _ = outputs_and_unread(pd.Series(cells), plan or ColumnPlan("n", "numeric"))
    return read.tolist()


def categories(cells: object, **written: bool) -> list[str]:
    (read,), _ = outputs_and_unread(
        pd.Series(cells), ColumnPlan("c", "categorical", categories=CategoryFormat(**written))
    )
    return read.tolist()


MARKS = ["?", "NA", "N/A", "n/a", "nan", "NULL", "None", "NaT", "-", "\\N", "#N/A", "#DIV/0!"]
MARKS += ["#VALUE!", "#REF!", "#NUM!", "<NA>", "(null)", "0000-00-00", "", " ", "--", "."]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize(
    ("cell", "plan"),
    [
        ("1.5", ColumnPlan("a", "numeric")),
        ("yes", ColumnPlan("a", "boolean", is_true_false=True)),
        ("1", ColumnPlan("a", "boolean")),
        ("2021-08-17", ColumnPlan("a", "date", dates=DateFormat("ISO8601", ("days",)))),
    ],
)
def test_marks_of_missing_cells_are_the_same_in_every_kind(
    cell: str, plan: ColumnPlan, mark: str
) -> None:
    (read,), is_unread = outputs_and_unread(pd.Series([cell, mark, mark.lower()]), plan)
    assert np.isnan(read).tolist() == [False, True, True]
    assert not is_unread.any()


def test_cells_that_are_no_numbers_are_counted() -> None:
    (read,), is_unread = outputs_and_unread(
        pd.Series(["7", "abc", "NA", "12 kg"]), ColumnPlan("n", "numeric")
    )
    np.testing.assert_array_equal(read, [7, np.nan, np.nan, np.nan])
    assert is_unread.tolist() == [False, True, False, True]


def test_numbers_are_read_as_the_plan_says_alone_and_beside_others() -> None:
    plan = ColumnPlan("n", "numeric", numbers=NumberFormat(decimal=",", thousands="."))
    for cells in (["1.250"], ["1.250", "7"], ["1.250", "1,5", "x"]):
        assert numbers(cells, plan)[0] == 1250


def test_cells_that_were_no_numbers_in_training_are_missing_alone_too() -> None:
    plan = ColumnPlan("n", "numeric", missing=MissingMarks(strays=("n.v.t.",)))
    (read,), is_unread = outputs_and_unread(pd.Series(["n.v.t."]), plan)
    assert np.isnan(read).all()
    assert not is_unread.any()


def test_codes_that_lost_their_zeros_get_them_back() -> None:
    """Spreadsheets and pandas read 02116 as the number 2116."""
    plan = ColumnPlan("c", "categorical", categories=CategoryFormat(code_width=5))
    for cells in (["02116", "10001"], [2116, 10001], [2116.0, 10001.0], ["2116", "10001"]):
        (read,), _ = outputs_and_unread(pd.Series(cells), plan)
        assert read.tolist() == ["02116", "10001"]


def test_dates_of_iso_8601_are_read_whatever_the_format() -> None:
    plan = ColumnPlan("d", "date", dates=DateFormat("%d.%m.%Y", ("days",)))
    (days,), is_unread = outputs_and_unread(
        pd.Series(["17.08.2021", "2021-08-17", "08/17/2021"]), plan
    )
    assert days.tolist()[:2] == [18856, 18856]
    assert is_unread.tolist() == [False, False, True]


def test_a_file_of_another_dialect_is_read_by_its_own_mark_where_that_is_clear() -> None:
    """1.250 is 1.25 to a program, and 1250 where commas are decimal: read as neither."""
    plan = ColumnPlan("n", "numeric", decimal=".")
    cells = pd.Series(["1,5", "1.5", "1.250"])
    (read,), is_unread = outputs_and_unread(cells, plan, ",")
    np.testing.assert_array_equal(read, [1.5, 1.5, np.nan])
    assert is_unread.tolist() == [False, False, True]
    (read,), _ = outputs_and_unread(cells, plan, ".")
    np.testing.assert_array_equal(read, [np.nan, 1.5, 1.25])


def test_a_person_names_further_marks() -> None:
    plan = ColumnPlan("n", "numeric", missing=MissingMarks(("-999", "unknown")))
    for cells in (["-999", "-999.0", "Unknown", "5"], pd.Series([-999, -999.0, np.nan, 5])):
        np.testing.assert_array_equal(numbers(cells, plan), [np.nan, np.nan, np.nan, 5])
    german = ColumnPlan("n", "numeric", numbers=NumberFormat(","), missing=MissingMarks(("-999",)))
    np.testing.assert_array_equal(numbers(["-999,0", "1,5"], german), [np.nan, 1.5])
    assert is_named_mark(raw_column(pd.Series(["x", "-999"])), ["-999"]).tolist() == [False, True]
    moments = raw_column(pd.Series(pd.to_datetime(["2021-01-01"])))
    assert not is_named_mark(moments, ["-999"]).any()


@pytest.mark.parametrize(
    "cells", [["1900-01-01", "2021-08-17"], pd.to_datetime(["1900-01-01", "2021-08-17"])]
)
def test_a_person_names_a_date_that_means_missing(cells: object) -> None:
    plan = ColumnPlan(
        "d", "date", dates=DateFormat(parts=("days",)), missing=MissingMarks(("1900-01-01",))
    )
    (days,), is_unread = outputs_and_unread(pd.Series(cells), plan)
    np.testing.assert_array_equal(days, [np.nan, 18856])
    assert not is_unread.any()


@pytest.mark.parametrize("cells", [["50%", "0.5"], [50.0, 0.5], ["50", "0.5"]])
def test_a_bare_number_is_none_of_a_column_in_per_cent(cells: list[object]) -> None:
    """0.5 beside 50 % may be a half: read as 0.5 %, it would be silently wrong."""
    plan = ColumnPlan("n", "numeric", numbers=NumberFormat(unit="%"))
    _, is_unread = outputs_and_unread(pd.Series(cells), plan)
    assert is_unread[-1]
    (unread,) = read_columns(pd.DataFrame({"n": cells}), [plan]).unread
    assert re.search(r"is no number in %|are no numbers in %", str(unread))


@pytest.mark.parametrize("cell", ["<5", "~5", "5*", "(5)"])
def test_signs_around_numbers_are_read_only_where_they_were_learned(cell: str) -> None:
    _, is_unread = outputs_and_unread(pd.Series([cell]), ColumnPlan("n", "numeric"))
    assert is_unread.tolist() == [True]
    learned = ColumnPlan("n", "numeric", numbers=NumberFormat(has_signs=True))
    assert abs(numbers([cell], learned)[0]) == 5


def test_none_and_na_are_categories_but_blank_and_question_mark_are_not() -> None:
    assert categories(["None", "NA", "?", " ", None, " x ", "#N/A"]) == [
        "None",
        "NA",
        MISSING_CATEGORY,
        MISSING_CATEGORY,
        MISSING_CATEGORY,
        "x",
        MISSING_CATEGORY,
    ]


@pytest.mark.parametrize("text", ["007", "1.10", "TRUE", "1E3", "9007199254740993", "+5", "2.0"])
@pytest.mark.parametrize("beside", [[], ["A12"], ["1", "2.5"]])
def test_categories_keep_their_text_whatever_stands_beside(text: str, beside: list[str]) -> None:
    assert categories([text, *beside])[0] == text


def test_categories_that_are_numbers_are_one_in_every_container() -> None:
    for cells in ([3, 4], [3.0, 4.0], ["3", "4.0"], pd.Series([3, 4], dtype="Int64")):
        assert categories(cells, is_coded=True) == ["3", "4"]
    assert categories([9007199254740993], is_coded=True) == ["9007199254740993"]
    assert categories([3.0, np.nan]) == ["3", MISSING_CATEGORY]
    assert categories(["--5", "5" * 5000], is_coded=True) == ["--5", "5" * 5000]
    assert categories([3.0, np.nan], has_points=True) == ["3.0", MISSING_CATEGORY]


def test_a_day_is_one_category_as_text_and_as_moment() -> None:
    day = ["2024-01-01"]
    assert categories(day) == categories([f"{day[0]} 00:00:00"]) == day
    assert categories(pd.to_datetime(day)) == day
    assert categories(pd.to_datetime(["2024-01-01 10:30"])) == ["2024-01-01 10:30:00"]


@pytest.mark.parametrize(
    "values",
    [
        ["yes", "No", None],
        ["TRUE", "false", None],
        ["T", "f", ""],
        [1.0, 0.0, np.nan],
        ["1", "0", "maybe"],
        pd.array([True, False, None], dtype="boolean"),
    ],
)
def test_booleans_of_all_kinds(values: object) -> None:
    np.testing.assert_array_equal(read_booleans(raw_column(pd.Series(values))), [1, 0, np.nan])


def test_plans_read_new_rows_in_any_order_and_ignore_other_columns() -> None:
    plans = (
        ColumnPlan("n", "numeric"),
        ColumnPlan("id", "numeric", "id-like"),
        ColumnPlan("when", "date", dates=DateFormat("%d.%m.%Y", ("month",))),
        ColumnPlan("c", "categorical"),
    )
    frame = pd.DataFrame({"c": ["x"], "new": [1], " when": ["24.12.2024"], "n": ["7"]})
    read = read_columns(frame, plans)
    assert read.typed.to_dict("records") == [{"n": 7.0, "when: month": 12.0, "c": "x"}]
    assert read.unread == ()


def test_dates_may_be_moments_texts_or_digits() -> None:
    plan = ColumnPlan("d", "date", dates=DateFormat("%Y%m%d", ("days",)))
    for cells in (["20240131"], [20240131], [20240131.0], pd.to_datetime(["2024-01-31"])):
        (days,), _ = outputs_and_unread(pd.Series(cells), plan)
        assert days.tolist() == [19753]


def test_unread_cells_name_an_example_and_its_row() -> None:
    frame = pd.DataFrame({"n": ["7", None, "abc"]}, index=[1, 2, 3])
    (unread,) = read_columns(frame, [ColumnPlan("n", "numeric")]).unread
    assert unread == UnreadCells("n", 1, 2, "abc", 3)
    assert str(unread) == (
        "n: 1 of 2 cells is no number as in training and counts as missing, such as 'abc' in row 3"
    )


def test_rows_of_which_most_cells_cannot_be_read_are_refused() -> None:
    half, most = (UnreadCells("n", n, 4, "abc", 3) for n in (2, 3))
    refuse_unreadable([half], "the test rows")
    with pytest.raises(DataError, match="of the test rows n: 3 of 4 cells"):
        refuse_unreadable([half, most], "the test rows")


def test_missing_columns_are_named_and_counted_with_what_was_probably_meant() -> None:
    plans = [
        ColumnPlan("n", "numeric"),
        ColumnPlan("Pclass", "numeric"),
        ColumnPlan("Sex", "date"),
    ]
    with pytest.raises(DataError, match=r"but 'n' is missing\.$"):
        read_columns(pd.DataFrame({"m": [1]}), plans[:1])
    with pytest.raises(DataError, match=r"'Pclass' is missing; did you mean 'pclass'\?$"):
        read_columns(pd.DataFrame({"n": [1], "pclass": [1]}), plans[:2])
    with pytest.raises(DataError, match=r"'Pclass' and 'Sex' are missing; did you mean 'PCLASS'"):
        read_columns(pd.DataFrame({"n": [1], "PCLASS": [1], "sex": [1]}), plans)
    with pytest.raises(DataError, match=r"'n', 'Pclass' and 'Sex' are missing\.$"):
        read_columns(pd.DataFrame(index=[0, 1]), plans)


def test_a_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(DataError, match="'n' is there more than once"):
        read_columns(pd.DataFrame([[1, 2]], columns=["n", "n "]), [ColumnPlan("n", "numeric")])


@pytest.mark.parametrize(
    ("cell", "said"), [(np.inf, "is infinite"), ("-inf", "is infinite"), (1e39, r"is 1e\+39")]
)
def test_numbers_beyond_single_precision_are_refused_with_their_row(
    cell: object, said: str
) -> None:
    frame = pd.DataFrame({"n": [1.0, cell]}, index=[1, 2])
    with pytest.raises(DataError, match=f"'n' {said} in row 2"):
        read_columns(frame, [ColumnPlan("n", "numeric")])
