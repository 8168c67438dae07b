"""What is learned from the table that is divided holds for valid and test rows too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl.data.table.reading import read_raw_tables
from automl.data.table.understanding import Understood, understand
from automl.errors import DataError
from automl.options.data_options import ColumnOptions, SplitOptions

N = 40
GENERATOR = np.random.default_rng(0)


def frame(**columns: Any) -> pd.DataFrame:
    made = {"x": GENERATOR.normal(size=N), "y": ["yes", "no"] * (N // 2), **columns}
    return pd.DataFrame(made)


def understood(
    source: Any, test: Any = None, task: Any = None, **choices: tuple[str, ...]
) -> Understood:
    raw = read_raw_tables(
        source,
        target="y",
        columns=ColumnOptions(**choices),
        splits=SplitOptions(test=test),
    )
    return understand(raw, task=task, loss=None)


def test_cells_of_test_rows_that_cannot_be_read_are_said() -> None:
    table = frame(x=[f"{i}.5" for i in range(N)])
    test = table.head(10).copy()
    test.loc[3, "x"] = "none of these"
    known = understood(table, test)
    assert known.unread == (
        "test rows: x: 1 of 10 cells is no number as in training and counts as missing, such as "
        "'none of these' in row 4",
    )
    assert np.isnan(known.typed["x"].iloc[N + 3])


def test_test_rows_of_which_most_cells_cannot_be_read_are_refused() -> None:
    table = frame(x=[f"{i}.5" for i in range(N)])
    with pytest.raises(DataError, match="of the test rows x: 10 of 10 cells are no numbers"):
        understood(table, table.head(10).assign(x="a"))


def test_target_and_columns_of_one_file_have_one_decimal_mark(tmp_path: Path) -> None:
    """Three decimals in every cell could be thousands, but not where ";" parts the cells."""
    cells = [f"{1 + i % 9},{100 + 7 * i % 900:03d}" for i in range(N)]
    pd.DataFrame({"x": cells, "y": cells}).to_csv(tmp_path / "t.csv", sep=";", index=False)
    known = understood(tmp_path / "t.csv")
    assert known.goal.task == "regression"
    np.testing.assert_array_equal(known.targets, known.typed["x"])
    assert known.targets.max() < 10


@pytest.mark.parametrize(("sep", "decimal"), [(";", "."), (",", ","), (";", ","), (",", ".")])
def test_a_target_is_read_by_its_own_file_whatever_the_delimiter(
    tmp_path: Path, sep: str, decimal: str
) -> None:
    """Three decimals are no thousands in the file that they were learned from."""
    target = (GENERATOR.random(N) * 9).round(3)
    path = tmp_path / "t.csv"
    frame(x=GENERATOR.normal(size=N).round(2), y=target).to_csv(
        path, sep=sep, decimal=decimal, quoting=1, index=False
    )
    np.testing.assert_array_equal(understood(path).targets, target)


def test_test_rows_may_come_in_another_dialect(tmp_path: Path) -> None:
    table = frame(y=GENERATOR.normal(size=N))
    table.to_csv(tmp_path / "test.csv", sep=";", decimal=",", index=False)
    known = understood(table, tmp_path / "test.csv")
    np.testing.assert_array_equal(known.typed["x"].iloc[N:], table["x"])
    np.testing.assert_array_equal(known.targets[N:], table["y"])


def test_every_column_left_out_is_an_error() -> None:
    with pytest.raises(DataError, match="every column beside the target is dropped as asked for"):
        understood(frame(), drop=("x",))
