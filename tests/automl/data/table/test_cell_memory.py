"""Cells that are looked up mean what they mean when they are read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl.data.table import cell_memory
from automl.data.table.cell_memory import FEW_ROWS, CellMemory, FewCells, cells_of_frame
from automl.data.table.cells import ReadCells
from automl.data.table.column_reading import read_cells, read_columns
from automl.data.table.columns import (
    CategoryFormat,
    ColumnPlan,
    DateFormat,
    MissingMarks,
)
from automl.data.table.number_formats import NumberFormat

CELLS: list[Any] = [
    *("1", "1.0", "1,5", "007", "yes", "No", "2021-08-17", "old", " Busan ", "NA", "", "-999"),
    *(1, 1.0, True, False, None, np.nan, 2.5, pd.NA, pd.Timestamp("2021-08-17"), pd.NaT),
]
PLANS = (
    ColumnPlan("a", "numeric"),
    ColumnPlan("a", "numeric", numbers=NumberFormat(decimal=",", thousands=".")),
    ColumnPlan("a", "numeric", missing=MissingMarks(named=("-999",), strays=("old",))),
    ColumnPlan("a", "boolean", is_true_false=True),
    ColumnPlan("a", "boolean"),
    ColumnPlan("a", "date", dates=DateFormat("ISO8601", ("days", "weekday"))),
    ColumnPlan("a", "categorical"),
    ColumnPlan("a", "categorical", categories=CategoryFormat(is_coded=True, code_width=3)),
)


@pytest.mark.parametrize("plan", PLANS, ids=str)
@pytest.mark.parametrize("decimal", [None, ","])
def test_a_cell_alone_is_read_as_beside_others_and_as_remembered(
    plan: ColumnPlan, decimal: str | None
) -> None:
    memory = CellMemory([plan])
    column = pd.Series(CELLS, dtype=object)
    whole = read_columns(column.to_frame("a"), [plan], decimal)
    for _ in range(2):
        for place in range(len(CELLS)):
            row = column.iloc[place : place + 1].to_frame("a")
            remembered, read = (read_columns(row, [plan], decimal, one) for one in (memory, None))
            pd.testing.assert_frame_equal(remembered.typed, read.typed)
            assert remembered.cells == read.cells
            pd.testing.assert_frame_equal(
                whole.typed.iloc[place : place + 1], read.typed, check_dtype=False
            )
    again = read_columns(column.to_frame("a"), [plan], decimal, memory)
    pd.testing.assert_frame_equal(again.typed, whole.typed)
    assert again.cells == whole.cells


def test_what_is_known_is_not_read_again_and_no_more_is_kept_than_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cell_memory, "MOST_REMEMBERED", 3)
    plan = ColumnPlan("a", "categorical")
    memory, n_read = CellMemory([plan]), []

    def counted(values: pd.Series[Any], plan: ColumnPlan, decimal: str | None) -> ReadCells:
        n_read.append(len(values))
        n = len(values)
        texts = np.array([f"<{cell}>" for cell in values], dtype=object)
        return ReadCells((texts,), np.zeros(n, bool), np.ones(n, bool))

    def read(cells: list[str]) -> list[str]:
        columns = {"a": FewCells(cells, "str")}
        (found,) = memory.read(columns, [plan], None, counted)
        return list(found.outputs[0])

    assert read(["a", "b", "a"]) == ["<a>", "<b>", "<a>"]
    assert read(["b", "c"]) == ["<b>", "<c>"]
    assert read(["d", "c", "a", "b"]) == ["<d>", "<c>", "<a>", "<b>"]
    assert n_read == [2, 1, 1]


def test_frames_of_ever_other_categories_leave_nothing_behind() -> None:
    """Such a type holds its categories: each would be another key."""
    plan = ColumnPlan("a", "categorical")
    memory = CellMemory([plan])
    for cell in "abcdef":
        column = pd.DataFrame({"a": pd.Categorical([cell], categories=[cell, "z"])})
        assert read_columns(column, [plan], None, memory)["a"].tolist() == [cell]
    assert not memory._known


def test_columns_that_are_read_alike_are_read_in_one_call() -> None:
    """And no others: in another unit, format or set of strays a cell is another number."""
    plans = [
        *(ColumnPlan(f"number {n}", "numeric") for n in range(20)),
        *(ColumnPlan(f"comma {n}", "numeric", numbers=NumberFormat(decimal=",")) for n in "ab"),
        ColumnPlan("stray", "numeric", missing=MissingMarks(strays=("old",))),
        *(ColumnPlan(f"date {n}", "date", dates=DateFormat("ISO8601", ("days",))) for n in "ab"),
        ColumnPlan("weekday", "date", dates=DateFormat("ISO8601", ("weekday",))),
        ColumnPlan("dropped", "numeric", dropped="constant"),
    ]
    frame = pd.DataFrame(
        {
            **{f"number {n}": [float(n), np.nan] for n in range(10)},
            **{f"number {n}": [f"{n}.5", "old"] for n in range(10, 20)},
            **{f"comma {n}": ["1,5", n] for n in "ab"},
            "stray": ["1.5", "old"],
            **{f"date {n}": ["2024-05-01", "noon"] for n in "ab"},
            "weekday": ["2024-05-01", "noon"],
            "dropped": ["x", "y"],
        }
    )
    calls: list[int] = []

    def counted(values: pd.Series[Any], plan: ColumnPlan, decimal: str | None) -> ReadCells:
        calls.append(len(values))
        return read_cells(values, plan, decimal)

    columns, used = cells_of_frame(frame), [plan for plan in plans if not plan.dropped]
    found = CellMemory(plans).read(columns, used, None, counted)
    assert calls == [20, 20, 4, 2, 4, 2]
    for plan, read in zip(used, found, strict=True):
        alone = read_cells(frame[plan.name], plan, None)
        for one, other in zip(read.outputs, alone.outputs, strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(read.is_unread, alone.is_unread)
        np.testing.assert_array_equal(read.is_present, alone.is_present)


def test_more_rows_are_read_column_by_column(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = ColumnPlan("a", "categorical")
    memory = CellMemory([plan])
    monkeypatch.setattr(CellMemory, "read", lambda *_: pytest.fail("they are looked up"))
    many = pd.DataFrame({"a": ["x"] * (FEW_ROWS + 1)})
    assert len(read_columns(many, [plan], None, memory)) == FEW_ROWS + 1
