from __future__ import annotations

import datetime
import io
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.data.files.parquet_files import is_parquet, parse_parquet
from automl.errors import DataError


def parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def read(**columns: pa.Array) -> pd.DataFrame:
    return parse_parquet(parquet(pa.table(columns)), "t.parquet")


def test_values_keep_their_meaning() -> None:
    frame = read(
        text=pa.array(["007", None, "b"]),
        dictionary=pa.array(["u", "v", None]).dictionary_encode(),
        numbers=pa.array([7, 8, 7]).dictionary_encode(),
        whole=pa.array([9007199254740993, None, 1]),
        small=pa.array([1, None, 255], pa.uint8()),
        decimal=pa.array([Decimal("1.10"), None, Decimal("-2")]),
        half=pa.array(np.float16([1.5, 2.5, np.nan])),
        blob=pa.array([b"caf\xe9", "é".encode(), None]),
        truth=pa.array([True, None, False]),
    )
    assert frame["text"].tolist()[::2] == ["007", "b"]
    assert frame["dictionary"].tolist()[:2] == ["u", "v"]
    assert not isinstance(frame["dictionary"].dtype, pd.CategoricalDtype)
    assert frame["numbers"].tolist() == [7, 8, 7]
    assert int(frame["whole"][0]) == 9007199254740993
    assert frame["small"].isna().tolist() == [False, True, False]
    assert frame["decimal"].tolist()[::2] == [1.1, -2.0]
    assert frame["half"].tolist()[:2] == [1.5, 2.5]
    assert frame["truth"].tolist() == [True, None, False]
    assert frame.isna().sum().sum() == 8


def test_dates_beyond_what_nanoseconds_reach_are_kept() -> None:
    far = [datetime.datetime(9999, 12, 31), datetime.datetime(1, 1, 1), None]
    frame = read(
        day=pa.array([None if each is None else each.date() for each in far]),
        moment=pa.array(far, pa.timestamp("us")),
        zone=pa.array(far, pa.timestamp("ms", tz="UTC")),
    )
    for column in frame:
        assert [each.year for each in frame[column][:2]] == [9999, 1]
        assert frame[column].isna().tolist() == [False, False, True]


def test_categories_of_pandas_stay_categories_and_its_index_is_left_out() -> None:
    given = pd.DataFrame(
        {
            "c": pd.Categorical(["u", "v", "u"]),
            "p": pd.period_range("2021-01", periods=3, freq="M"),
        },
        index=pd.Index([5, 6, 7], name="id"),
    )
    stream = io.BytesIO()
    given.to_parquet(stream)
    frame = parse_parquet(stream.getvalue(), "t.parquet")
    assert list(frame.columns) == ["c", "p"]
    assert isinstance(frame["c"].dtype, pd.CategoricalDtype)


@pytest.mark.parametrize(
    "nested",
    [
        pa.array([[1, 2], [3]]),
        pa.array([{"a": 1}, {"a": 2}]),
        pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())),
    ],
)
def test_nested_cells_are_refused_with_their_column(nested: pa.Array) -> None:
    with pytest.raises(DataError, match=r"cells must be single values, but 'n' of t\.parquet"):
        read(n=nested)


def test_damaged_files_are_data_errors() -> None:
    content = parquet(pa.table({"a": list(range(1000))}))
    assert is_parquet(content)
    for damaged in (content[:-10], content[: len(content) // 2], b"PAR1", b"PK\x03\x04 no"):
        with pytest.raises(DataError, match=r"t\.parquet must be a Parquet file"):
            parse_parquet(damaged, "t.parquet")


def test_a_small_file_of_many_equal_cells_is_refused() -> None:
    content = parquet(pa.table({"a": np.zeros(1 << 20)}))
    assert len(content) < 1 << 16
    assert len(parse_parquet(content, "t.parquet")) == 1 << 20
    with pytest.raises(DataError, match="at most 4 MiB"):
        parse_parquet(content, "t.parquet", limit=4 << 20)
