"""The same values in every container: numbers, moments or texts."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from automl.data.table.cells import is_marked, number_text, raw_column
from automl.data.table.plain_frames import plain_frame

HALF = np.array([0.1, 2.0, 65504.0], dtype=np.float16)


@pytest.mark.parametrize(
    ("values", "form", "cells"),
    [
        (pd.Series([1, 2]), "numbers", [1, 2]),
        (pd.Series([1, None], dtype="Int64"), "numbers", [1, None]),
        (pd.Series([9007199254740993, None], dtype="Int64"), "numbers", [9007199254740993, None]),
        (pd.Series([0.5, None], dtype="float32"), "numbers", [0.5, None]),
        (pd.Series(pd.to_timedelta(["1min", None])), "numbers", [60.0, None]),
        (pd.Series([" x ", "", None]), "texts", ["x", None, None]),
        (pd.Series(["\u00a0x\u2009"]), "texts", ["x"]),
        (
            pd.Series([1, "1", 2.0, True, None], dtype=object),
            "texts",
            ["1", "1", "2.0", "True", None],
        ),
        (pd.Series([True, False]), "texts", ["True", "False"]),
        (pd.Series([True, None], dtype="boolean"), "texts", ["True", None]),
        (pd.Series([b"caf\xc3\xa9"]), "texts", ["café"]),
        (pd.Series([decimal.Decimal("1.50")]), "numbers", [1.5]),
        (pd.Series(["1.50"]).astype(pd.ArrowDtype(pa.decimal128(5, 2))), "numbers", [1.5]),
        (pd.Series([1, None], dtype=pd.ArrowDtype(pa.uint8())), "numbers", [1, None]),
        (pd.Series(HALF), "numbers", [0.1, 2.0, 65500.0]),
        (pd.Series(HALF).astype(pd.ArrowDtype(pa.float16())), "numbers", [0.1, 2.0, 65500.0]),
        (pd.Series(pd.arrays.SparseArray([0.0, 1.0])), "numbers", [0.0, 1.0]),
        (
            pd.Series(["a", "b"]).astype(pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))),
            "texts",
            ["a", "b"],
        ),
        (pd.Series([datetime.date(9999, 12, 31)]), "texts", ["9999-12-31"]),
        (pd.Series(["a", None], dtype="category"), "texts", ["a", None]),
        (pd.Series([3, 7], dtype="category"), "texts", ["3", "7"]),
        (pd.Series(pd.period_range("2021-01", periods=1, freq="M")), "moments", ["2021-01-01"]),
        (
            pd.Series(["2021-01-01T01:00+01:00"]).astype("datetime64[s, UTC]"),
            "moments",
            ["2021-01-01"],
        ),
        (
            pd.Series([datetime.date(2021, 1, 1)], dtype=pd.ArrowDtype(pa.date32())),
            "moments",
            ["2021-01-01"],
        ),
    ],
)
def test_every_container_comes_to_one_of_three_forms(
    values: pd.Series, form: str, cells: list[object]
) -> None:
    raw = raw_column(plain_frame(pd.DataFrame({"a": values}), "table")["a"])
    found = [None if pd.isna(cell) else cell for cell in raw.values]
    if form == "moments":
        cells = [pd.Timestamp(str(cell)) for cell in cells]
    assert (raw.form, found) == (form, cells)
    assert raw.present.tolist() == [cell is not None for cell in cells]


def test_a_category_is_known_as_one() -> None:
    assert raw_column(pd.Series(["a"], dtype="category")).is_category
    assert raw_column(pd.Series(pd.to_timedelta(["1min"]))).is_duration


def test_a_cell_is_the_same_text_whatever_stands_before_it() -> None:
    """1 and True are equal in Python, so that counting distinct cells first would mix them."""
    cells = [1, True, 1.0, "1"]
    for order in (cells, cells[::-1]):
        raw = raw_column(pd.Series(order, dtype=object))
        assert raw.values.tolist() == [str(cell) for cell in order]


def test_marks_are_compared_in_lower_case() -> None:
    assert is_marked(["NA", "x", "Null"], {"na", "null"}).tolist() == [True, False, True]


def test_whole_numbers_have_no_point() -> None:
    numbers = [3, 3.0, 2.5, np.float32(0.1), 9007199254740993, -0.0, 1e20]
    assert [number_text(number) for number in numbers] == [
        *("3", "3", "2.5", "0.1", "9007199254740993", "0", "100000000000000000000")
    ]
