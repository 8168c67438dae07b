"""Rows that are read are the same as arrays and as a frame; one row is read as in its table."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from automl.data.table.column_inference import infer_columns
from automl.data.table.column_reading import read_columns
from automl.data.table.columns import ColumnPlan
from automl.data.table.new_rows import read_rows
from automl.data.table.preprocessing import Preprocessor, fit_preprocessor
from automl.data.table.typed_rows import ReadColumns
from automl.errors import AutoMLError

N_ROWS = 300


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Columns of every kind, as files and programs write them, with gaps."""
    draws = np.random.default_rng(0)

    def gaps(cells: Any) -> pd.Series[Any]:
        column = pd.Series(cells)
        return column.mask(draws.random(N_ROWS) < 0.1)

    moments = pd.Timestamp("2021-03-04") + pd.to_timedelta(draws.integers(0, 900, N_ROWS), "D")
    hours = moments + pd.to_timedelta(draws.integers(0, 1400, N_ROWS), "min")
    return pd.DataFrame(
        {
            "height": draws.normal(170, 9, N_ROWS),
            "rooms": draws.integers(1, 9, N_ROWS),
            "area": gaps(draws.normal(50, 9, N_ROWS)),
            "price": gaps([f"{n:.2f}".replace(".", ",") for n in draws.normal(9, 1, N_ROWS)]),
            "weight": [f"{n:.1f} kg" for n in draws.normal(70, 9, N_ROWS)],
            "city": gaps(draws.choice(["Busan", "Oslo", "Lima"], N_ROWS)),
            "street": draws.choice([f"street {n}" for n in range(40)], N_ROWS),
            "code": draws.choice(["007", "011", "123"], N_ROWS),
            "member": gaps(draws.choice(["yes", "no"], N_ROWS)),
            "is_new": draws.random(N_ROWS) < 0.5,
            "floor": draws.integers(0, 2, N_ROWS),
            "since": moments.strftime("%Y-%m-%d"),
            "seen": pd.Series(hours).mask(draws.random(N_ROWS) < 0.1),
            "called": hours.strftime("%d.%m.%Y %H:%M"),
        }
    )


@pytest.fixture(scope="module")
def fitted(table: pd.DataFrame) -> Preprocessor:
    train = table.head(200)
    plans = infer_columns(train)
    return fit_preprocessor(plans, read_columns(train, plans).typed)


ONE_ROW: dict[str, Callable[[pd.DataFrame], Any]] = {
    "dict": lambda row: row.to_dict("records")[0],
    "list": lambda row: row.to_dict("records"),
    "Series": lambda row: row.iloc[0],
    "frame": lambda row: row,
    "array": lambda row: row.to_numpy(),
    "list of lists": lambda row: row.to_numpy().tolist(),
}


@pytest.mark.parametrize("form", ONE_ROW)
def test_one_row_becomes_the_same_bits_as_in_its_table(
    table: pd.DataFrame, fitted: Preprocessor, form: str
) -> None:
    whole = fitted.inputs(fitted.read(table).rows)
    for place in range(180, 240):  # of which some categories, gaps and all dates are new
        row = table.iloc[place : place + 1]
        new = fitted.read(ONE_ROW[form](row))
        inputs = fitted.inputs(new.rows)
        assert inputs.numeric.equal(whole.numeric[place : place + 1])
        assert inputs.quantile.equal(whole.quantile[place : place + 1])
        assert inputs.categories.equal(whole.categories[place : place + 1])
        assert len(fitted.cardinalities) == 1
        assert inputs.numeric.dtype == torch.float32


def test_a_row_for_which_a_frame_is_made_is_read_alike(
    table: pd.DataFrame, fitted: Preprocessor
) -> None:
    """Cells of a kind that JSON has not, such as a date of Python, take the way of tables."""
    row = table.iloc[190:191].to_dict("records")[0]
    row["since"] = pd.Timestamp(row["since"]).date()
    inputs = fitted.inputs(fitted.read(row).rows)
    assert inputs.numeric.equal(fitted.inputs(fitted.read(table).rows).numeric[190:191])


ODD: list[Any] = [
    *(
        "",
        " ",
        "old",
        "12 kg",
        "1,5",
        " Busan ",
        "NA",
        "?",
        "noon",
        "now",
        "Today ",
        "x" * 2000,
        "\ud800",
    ),
    *(0, 1, 2, -3.5, 1e300, -1e39, float("inf"), float("nan"), 10**30, True, False, None),
    *(np.float32(1.5), np.int8(3), np.bool_(True), pd.NA, pd.NaT, b"5", 2 + 3j, [1], {"a": 1}),
    *(pd.Timestamp("2024-05-01"), pd.Timestamp("2024-05-01", tz="UTC"), np.datetime64("2024")),
]


def told(read: Callable[[], Any]) -> tuple[Any, ...]:
    """What comes of reading: an error's words, or values and notes."""
    try:
        new = read()
    except AutoMLError as error:
        return type(error), str(error)
    return new.rows.typed.to_dict("list"), new.notes, new.messages


@pytest.fixture(scope="module")
def narrow(table: pd.DataFrame) -> pd.DataFrame:
    """A column of each kind."""
    return table[["height", "price", "city", "member", "floor", "since", "seen"]]


@pytest.fixture(scope="module")
def fitted_narrow(narrow: pd.DataFrame) -> Preprocessor:
    plans = infer_columns(narrow)
    return fit_preprocessor(plans, read_columns(narrow, plans).typed)


@pytest.mark.parametrize("odd", ODD, ids=lambda cell: repr(cell)[:20])
def test_odd_cells_of_a_few_rows_are_told_as_those_of_a_frame(
    narrow: pd.DataFrame, fitted_narrow: Preprocessor, odd: Any
) -> None:
    first, second = narrow.head(2).to_dict("records")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for column in narrow.columns:
            for given in ({**first, column: odd}, [{**first, column: odd}, second]):
                few, frame = both_ways(fitted_narrow, given)
                np.testing.assert_equal(few, frame)


def both_ways(fitted: Preprocessor, data: Any) -> tuple[Any, Any]:
    """What is told of a few rows, and of the same by way of a frame."""
    few = told(lambda: fitted.read(data))
    return few, told(lambda: without_memory(fitted, data))


def without_memory(fitted: Preprocessor, data: Any) -> Any:
    """Rows read by way of a frame, column by column."""
    return read_rows(data, fitted.plans, [fitted.known_categories])


def test_names_that_meet_and_columns_that_lack_are_told_alike(
    narrow: pd.DataFrame, fitted_narrow: Preprocessor
) -> None:
    row = narrow.iloc[:1].to_dict("records")[0]
    lacking = {name: cell for name, cell in row.items() if name != "city"}
    for given in ({**row, " city": "Oslo"}, lacking, {**lacking, "City": "Oslo"}, [row, {}], {}):
        few, frame = both_ways(fitted_narrow, given)
        np.testing.assert_equal(few, frame)
    assert fitted_narrow.read({**lacking, " city ": row["city"]}).notes.n_rows == 1


def test_pieces_of_a_few_rows_are_those_rows(table: pd.DataFrame, fitted: Preprocessor) -> None:
    rows = table.head(2).to_dict("records")
    (piece,) = fitted.read_pieces(rows)
    pd.testing.assert_frame_equal(piece.rows.typed, fitted.read(rows).rows.typed)
    assert piece.first_row == 1


def test_arrays_and_frame_are_the_same_rows() -> None:
    plans = [ColumnPlan("a", "numeric"), ColumnPlan("b", "categorical")]
    read = read_columns(pd.DataFrame({"a": [1.5, None], "b": ["x", "y"]}, index=[4, 5]), plans)
    assert isinstance(read, ReadColumns)
    assert len(read) == 2
    assert list(read.index) == list(read.typed.index) == [4, 5]
    assert read["b"].tolist() == read.typed["b"].tolist() == ["x", "y"]
    assert read.unread == ()
