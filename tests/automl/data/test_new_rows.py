"""Rows to predict: in any form, and refused where a column is of another kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl.data.columns import ColumnPlan
from automl.data.new_rows import read_rows
from automl.errors import DataError

PLANS = (
    ColumnPlan("age", "numeric"),
    ColumnPlan("id", "dropped", "id-like"),
    ColumnPlan("member", "boolean"),
    ColumnPlan("since", "date", date_format="ISO8601", date_parts=("days",)),
    ColumnPlan("city", "categorical"),
)


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {"age": [31, 52], "member": ["yes", "no"], "since": "2024-05-01", "city": "Busan", "id": 7}
    )


def test_files_and_frames_are_the_same_rows(tmp_path: Path) -> None:
    rows().to_csv(tmp_path / "rows.csv", index=False)
    pd.testing.assert_frame_equal(
        read_rows(tmp_path / "rows.csv", PLANS), read_rows(rows(), PLANS)
    )


def test_an_array_has_the_columns_in_their_order() -> None:
    frame = read_rows(np.array([[31, 7, 1, "2024-05-01", "Busan"]], dtype=object), PLANS)
    assert frame.iloc[0].tolist() == [31, 7, 1, "2024-05-01", "Busan"]
    with pytest.raises(DataError, match=r"must have the 5 columns .* shape \(1, 2\)"):
        read_rows([[1, 2]], PLANS)
    with pytest.raises(DataError, match=r"shape \(2,\)"):
        read_rows(np.array([1, 2]), PLANS)


@pytest.mark.parametrize("column, cell", [("age", "old"), ("member", "maybe"), ("since", "noon")])
def test_a_column_of_another_kind_is_refused(column: str, cell: str) -> None:
    """Read as missing in every row, it would quietly spoil all predictions."""
    with pytest.raises(DataError, match=f"nothing in '{column}' .* first cell is '{cell}'"):
        read_rows(rows().assign(**{column: cell}), PLANS)


def test_empty_cells_and_unknown_categories_are_taken() -> None:
    read_rows(rows().assign(age=[None, "NA"], since=None, city="Mars"), PLANS)


def test_no_rows_are_refused() -> None:
    with pytest.raises(DataError, match=r"must have rows and columns"):
        read_rows(rows().iloc[:0], PLANS)
