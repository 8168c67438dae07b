"""Rows to predict: in any form, with what cannot be read counted, and refused where it is most."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from automl.data.table.columns import CategoryFormat, ColumnPlan, DateFormat
from automl.data.table.new_rows import read_rows
from automl.errors import DataError

PLANS = (
    ColumnPlan("age", "numeric"),
    ColumnPlan("id", "numeric", "id-like"),
    ColumnPlan("member", "boolean", is_true_false=True),
    ColumnPlan("since", "date", dates=DateFormat("ISO8601", ("days",))),
    ColumnPlan("city", "categorical"),
)


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {"age": [31, 52], "member": ["yes", "no"], "since": "2024-05-01", "city": "Busan", "id": 7}
    )


def test_files_and_frames_are_the_same_rows(tmp_path: Path) -> None:
    rows().to_csv(tmp_path / "rows.csv", index=False)
    from_file, from_frame = read_rows(tmp_path / "rows.csv", PLANS), read_rows(rows(), PLANS)
    pd.testing.assert_frame_equal(from_file.rows.typed, from_frame.rows.typed)
    assert from_file.messages == from_frame.messages == ()


def test_names_that_are_numbers_are_known_in_a_file_without_the_target(tmp_path: Path) -> None:
    (tmp_path / "spectra.csv").write_text("400,410,420\n0.1,0.2,0.3\n0.4,0.5,0.6\n")
    plans = [ColumnPlan(name, "numeric") for name in ("400", "410", "420")]
    assert read_rows(tmp_path / "spectra.csv", plans).rows.typed["420"].tolist() == [0.3, 0.6]


def test_an_array_has_the_columns_in_their_order() -> None:
    read = read_rows(np.array([[31, 7, 1, "2024-05-01", "Busan"]], dtype=object), PLANS)
    assert read.rows.typed.iloc[0].tolist() == [31, 1, 19844, "Busan"]
    mixed = read_rows([[31, 7, 1, "2024-05-01", "Busan"]], PLANS)
    assert mixed.rows.typed.iloc[0].tolist() == [31, 1, 19844, "Busan"]
    tensor = torch.ones(2, 1, requires_grad=True)
    assert read_rows(tensor, PLANS[:1]).rows.typed["age"].tolist() == [1, 1]
    with pytest.raises(DataError, match=r"must have the 5 columns .* shape \(1, 2\)"):
        read_rows([[1, 2]], PLANS)
    with pytest.raises(DataError, match=r"shape \(2,\)"):
        read_rows(np.array([1, 2]), PLANS)


UNREADABLE = [
    ("age", "old", "number"),
    ("member", "maybe", "truth value"),
    ("since", "noon", "date"),
]


@pytest.mark.parametrize(("column", "cell", "noun"), UNREADABLE)
def test_a_column_of_another_kind_is_refused(column: str, cell: str, noun: str) -> None:
    """Read as missing in every row, it would quietly spoil all predictions."""
    with pytest.raises(
        DataError, match=f"{column}: 2 of 2 cells are no {noun}s as.*'{cell}' in row 1"
    ):
        read_rows(rows().assign(**{column: cell}), PLANS)


@pytest.mark.parametrize(("column", "cell", "noun"), UNREADABLE)
def test_a_few_unreadable_cells_are_counted_and_said(column: str, cell: str, noun: str) -> None:
    frame = pd.concat([rows()] * 2).astype({column: object}).reset_index(drop=True)
    frame.loc[2, column] = cell
    read = read_rows(frame, PLANS)
    assert read.messages == (
        f"{column}: 1 of 4 cells is no {noun} as in training and counts as missing, such as "
        f"'{cell}' in row 3",
    )
    name = "since: days" if column == "since" else column
    assert read.rows.typed[name].isna().tolist() == [False, False, True, False]


@pytest.mark.parametrize("beside", [[], [0], [0, 1, 1]])
def test_a_column_of_0_and_1_that_meets_a_2_reads_it_whatever_is_beside(beside: list[int]) -> None:
    plans = (ColumnPlan("kids", "boolean"),)
    read = read_rows(pd.DataFrame({"kids": [2, *beside]}), plans)
    assert read.rows.typed["kids"].tolist() == [2, *beside]
    assert len(read.messages) == 1
    assert "neither 0 nor 1 as in training, such as 2 in row 1" in read.messages[0]


def test_empty_cells_and_unknown_categories_are_taken() -> None:
    assert read_rows(rows().assign(age=[None, 3], city="Mars"), PLANS).messages == ()


def test_a_column_that_is_empty_throughout_is_said() -> None:
    frame = pd.concat([rows()] * 2, ignore_index=True).assign(age=None, city=" ")
    assert read_rows(frame, PLANS).messages == ("no row has a value of age, city",)


def test_columns_of_a_frame_are_taken_by_their_names_whatever_these_are() -> None:
    """A person may call them x1, x2; those of lists are taken in the model's order."""
    plans = (ColumnPlan("x2", "numeric"), ColumnPlan("x1", "numeric"))
    frame = pd.DataFrame({"x1": [1.0], "x2": [2.0]})
    for source in (frame, [{"x1": 1.0, "x2": 2.0}]):
        assert read_rows(source, plans).rows.typed.to_dict("records") == [{"x2": 2.0, "x1": 1.0}]
    assert read_rows([[1.0, "2"]], plans).rows.typed.to_dict("records") == [{"x2": 1.0, "x1": 2.0}]


def test_all_missing_columns_are_named_at_once() -> None:
    with pytest.raises(DataError, match="but 'age', 'since' and 'city' are missing"):
        read_rows({"member": "yes"}, PLANS)
    with pytest.raises(DataError, match="but 'age' is missing; did you mean 'Age'"):
        read_rows(rows().rename(columns={"age": "Age"}), PLANS)
    many = [ColumnPlan(f"c{n}", "numeric") for n in range(25)]
    with pytest.raises(DataError, match=r"'c0', .*, 'c19' and 5 more are missing"):
        read_rows({"other": 1}, many)


def test_one_row_is_a_dict_or_a_series() -> None:
    expected = read_rows(rows().iloc[:1], PLANS).rows.typed
    row = rows().iloc[0]
    for source in (row, row.to_dict(), [row.to_dict()], {**row, "further": [1, 2][0]}):
        pd.testing.assert_frame_equal(read_rows(source, PLANS).rows.typed, expected)
    several = [row.to_dict(), rows().iloc[1].to_dict()]
    pd.testing.assert_frame_equal(
        read_rows(several, PLANS).rows.typed, read_rows(rows(), PLANS).rows.typed
    )


@pytest.mark.parametrize("beside", [None, float("nan"), 7, 1.5])
def test_a_cell_of_a_dict_means_the_same_whatever_row_is_beside_it(beside: object) -> None:
    plan = ColumnPlan("id", "categorical", categories=CategoryFormat(is_coded=True))
    alone = read_rows({"id": 9007199254740993}, [plan]).rows.typed["id"]
    assert alone.tolist() == ["9007199254740993"]
    both = read_rows([{"id": 9007199254740993}, {"id": beside}], [plan]).rows.typed["id"]
    assert both.iloc[0] == alone.iloc[0]


def test_a_row_whose_column_is_called_x_is_no_array() -> None:
    plan = (ColumnPlan("x", "numeric"),)
    assert read_rows({"x": 3}, plan).rows.typed["x"].tolist() == [3]
    assert read_rows({"x": [[3], [4]], "y": [0, 0]}, (ColumnPlan("x1", "numeric"),)).rows.typed[
        "x1"
    ].tolist() == [3, 4]
    with pytest.raises(DataError, match="cells must be single values, but 'age'"):
        read_rows({**rows().iloc[0].to_dict(), "age": [1, 2]}, PLANS)


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match=r"must have rows and columns"):
        read_rows(rows().iloc[:0], PLANS)
