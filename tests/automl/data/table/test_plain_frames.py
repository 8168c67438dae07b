from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from automl.data.table.plain_frames import frame_of_arrow, plain_frame
from automl.errors import DataError


def plain(values: Any) -> pd.Series[Any]:
    given = pd.DataFrame({"a": values})
    before = given.dtypes["a"]
    read = plain_frame(given, "t")["a"]
    assert given.dtypes["a"] == before
    return read


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.float16([1.5, 2.0]), [1.5, 2.0]),
        (np.longdouble([1.5, 2.0]), [1.5, 2.0]),
        (pd.arrays.SparseArray([0.0, 2.0]), [0.0, 2.0]),
        (pd.Series(["007", "b"], dtype=pd.ArrowDtype(pa.string())), ["007", "b"]),
        (pd.Series([1, 2], dtype=pd.ArrowDtype(pa.int8())), [1, 2]),
        ([Decimal("1.10"), Decimal(2)], [1.1, 2.0]),
        ([b"a", "é".encode()], ["a", "é"]),
        ([1, "a"], [1, "a"]),
        (pd.interval_range(0, 2), ["(0, 1]", "(1, 2]"]),
    ],
)
def test_columns_become_plain_ones(values: Any, expected: list[Any]) -> None:
    assert plain(values).tolist() == expected


def test_periods_become_the_moments_where_they_begin() -> None:
    months = pd.period_range("2021-01", periods=2, freq="M")
    expected = [pd.Timestamp("2021-01-01"), pd.Timestamp("2021-02-01")]
    assert plain(months).tolist() == expected
    assert plain(pd.Series([*months], dtype=object)).tolist() == expected


def test_missing_values_stay_missing() -> None:
    for values in (
        [Decimal(1), None],
        [Decimal(1), Decimal("NaN")],
        [b"a", None],
        pd.PeriodIndex(["2021", None], freq="Y"),
        pd.arrays.IntervalArray.from_tuples([(0, 1), np.nan]),
        pd.Series([1, None], dtype=pd.ArrowDtype(pa.int64())),
    ):
        assert plain(values).isna().tolist() == [False, True]


@pytest.mark.parametrize("cell", [[1], (1, 2), {"a": 1}, {1}, np.zeros(2), pd.Series([1])])
def test_nested_cells_are_refused_with_their_column(cell: Any) -> None:
    values = pd.Series([None, None], dtype=object)
    values.iat[1] = cell
    with pytest.raises(DataError, match="'a' of t holds nested ones"):
        plain(values)


@pytest.mark.parametrize("values", [[1 + 2j, 2], pd.Series([1j, "x"], dtype=object)])
def test_complex_numbers_are_refused(values: Any) -> None:
    with pytest.raises(DataError, match="'a' of t holds complex ones"):
        plain(values)


def test_an_index_of_another_frame_does_no_harm() -> None:
    given = pd.DataFrame({"a": np.float16([1, 2]), "b": [b"x", b"y"]}, index=[7, 3])
    assert plain_frame(given, "t").loc[3].tolist() == [2.0, "y"]


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["u", None, "u"]),
        pa.array(["u", None, "u"], pa.string_view()),
        pa.array(["u", None, "u"]).dictionary_encode(),
        pa.DictionaryArray.from_arrays([0, None, 0], pa.array(["u"], pa.string_view())),
        pa.array([b"u", None, b"u"]),
        pc.run_end_encode(pa.array(["u", None, "u"])),
    ],
)
def test_texts_are_the_same_however_arrow_stores_them(values: Any) -> None:
    for table in (pa.table({"a": values}), pa.table({"a": pa.chunked_array([values, values])})):
        read = plain_frame(frame_of_arrow(table, "t"), "t")["a"]
        assert read.fillna("-").tolist()[:3] == ["u", "-", "u"]
        assert not isinstance(read.dtype, pd.CategoricalDtype)


def test_damaged_notes_of_pandas_are_not_needed() -> None:
    for note in (b"{", b"[]", b'{"columns": [1]}', b"\xff"):
        table = pa.table({"a": [1]}).replace_schema_metadata({b"pandas": note})
        assert frame_of_arrow(table, "t").to_dict("list") == {"a": [1]}
