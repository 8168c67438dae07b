"""Cells that are looked up mean what they mean when they are read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl.data.table import cell_memory
from automl.data.table.cell_memory import FEW_ROWS, CellMemory
from automl.data.table.column_reading import read_columns
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
    memory = CellMemory()
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
    memory, plan, n_read = CellMemory(), ColumnPlan("a", "categorical"), []

    def read(cells: list[str]) -> list[str]:
        def counted(values: pd.Series[Any]) -> cell_memory.ReadCells:
            n_read.append(len(values))
            n = len(values)
            texts = np.array([f"<{cell}>" for cell in values], dtype=object)
            return cell_memory.ReadCells((texts,), np.zeros(n, bool), np.ones(n, bool))

        found = memory.read(pd.Series(cells, dtype="str"), plan.name, None, counted)
        return list(found.outputs[0])

    assert read(["a", "b", "a"]) == ["<a>", "<b>", "<a>"]
    assert read(["b", "c"]) == ["<b>", "<c>"]
    assert read(["d", "c", "a", "b"]) == ["<d>", "<c>", "<a>", "<b>"]
    assert n_read == [2, 1, 1]
    assert read(["x"] * (FEW_ROWS + 1)) == ["<x>"] * (FEW_ROWS + 1)
    assert n_read[-1] == FEW_ROWS + 1, "many rows are read at once"
