"""Files in pieces hold what they hold when read at once, whatever stands on the ends of pieces."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl.data import pieces
from automl.data.pieces import read_pieces, rows_at_once
from automl.data.sources import Table, read_table
from automl.errors import DataError


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of seven rows, and of files of any size."""
    monkeypatch.setattr(pieces, "LARGE_BYTES", 1)
    monkeypatch.setattr(pieces, "LARGE_PACKED_BYTES", 1)
    monkeypatch.setattr(pieces, "rows_at_once", lambda n_columns: 7)


def quoted(n_rows: int = 40) -> str:
    """Rows of which many go over lines, with delimiters and quotes inside."""
    generator = np.random.default_rng(1)
    lines = ["name,text,number"]
    for row in range(n_rows):
        text = ["plain", '"a, ""b"""', '"two\nlines"', '"three\r\n,,\nlines"', ""][row % 5]
        lines.append(f"n{row},{text},{generator.normal():.4f}")
    return "\n".join(lines) + "\n"


def together(read: list[Table]) -> pd.DataFrame:
    return pd.concat([each.frame for each in read])


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Cells as they are, whatever the types of columns."""
    cells = frame.astype(object)
    return cells.where(cells.notna(), None)


def same(path: Path, n_pieces: int | None = None) -> list[Table]:
    whole, read = read_table(path), list(read_pieces(path))
    pd.testing.assert_frame_equal(plain(together(read)), plain(whole.frame))
    assert [each.messages for each in read] == [whole.messages, *[()] * (len(read) - 1)]
    assert {(e.name, e.source, e.has_types, e.decimal) for e in read} == {
        (whole.name, whole.source, whole.has_types, whole.decimal)
    }
    assert n_pieces is None or len(read) == n_pieces
    return read


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_quoted_lines_may_lie_on_the_ends_of_pieces(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{ending}"
    content = quoted().encode()
    path.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    read = same(path, 6)
    assert [len(each.frame) for each in read] == [7, 7, 7, 7, 7, 5]
    assert read[3].frame.index.tolist() == [22, 23, 24, 25, 26, 27, 28]
    assert "has 16 rows that go over several lines" in read[0].messages[0]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("a;b\n" + "1,5;x\n" * 20, "utf-8"),
        ("a\tb\n" + "1.5\tx\n" * 20 + "\x1a", "utf-8"),
        ("ä,b\n" + "é,x\n" * 20, "latin-1"),
        ("a,b\n" + "“é”,x\n" * 20, "cp1252"),
        ("이름,b\n" + "서울,x\n" * 20, "cp949"),
        ("a,b\n" + "é,x\n" * 20, "utf-16"),
        ("a,b\n" + "é,x\n" * 20, "utf-8-sig"),
        ("# a comment\n\na b\n" + "1 2\n" * 20, "utf-8"),
        ("a,b\n" + "x,1\n" * 20 + "Total,20\n", "utf-8"),
        ('a,b\n"x" y,1\n' + "x,1\n" * 20, "utf-8"),
        ("a\n" + "1\n\n2\n" * 10, "utf-8"),
        ("a,b\r\n" + "1,2\r\n" * 7, "utf-8"),
    ],
)
def test_text_is_read_alike(text: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode(encoding))
    same(path)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n" + "1,2\n" * 30 + "1,2,3\n",
        "a,b\n" + "1,2\n" * 30 + '"1,2\n',
        "a,b\n" + "1,2\n" * 30 + "a,b\n",
        "a,b\n" + "1,2\n" * 30 + "1,\0\n",
        "a,a\n" + "1,2\n" * 30,
        "a,b\n",
        "\n\n",
    ],
)
def test_what_is_wrong_is_told_alike_before_any_row_is_handed_on(
    text: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(DataError) as whole:
        read_table(path)
    read = []
    with pytest.raises(DataError) as in_pieces:
        read.extend(read_pieces(path))
    assert str(in_pieces.value) == str(whole.value)
    assert not read


def json_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_json_lines_have_the_types_of_the_whole_column(tmp_path: Path) -> None:
    rows = [{"a": n, "b": n, "c": "x", "e": True} for n in range(10)]
    rows += [{"a": 0.5, "b": "text", "d": 2**70}, {"c": None, "a": 1}] * 5
    path = tmp_path / "rows.jsonl"
    path.write_text(json_lines(rows))
    read = same(path, 3)
    assert read[0].frame["a"].dtype == np.float64
    assert read[0].frame["b"].dtype == object, "texts stand further below"
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(json_lines(rows).encode()))
    same(tmp_path / "rows.jsonl.gz", 3)


@pytest.mark.parametrize("last", ['{"a": {}}', '{"a": 1', "[1]", '{"a": 1, "a": 2}'])
def test_json_lines_are_refused_alike(last: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json_lines([{"a": n} for n in range(1500)]) + last + "\n")
    with pytest.raises(DataError) as whole:
        read_table(path)
    with pytest.raises(DataError) as in_pieces:
        next(read_pieces(path))
    assert str(in_pieces.value) == str(whole.value)
    assert "line 1501" in str(whole.value)


def test_other_json_is_one_piece(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps([{"a": n} for n in range(30)]))
    same(tmp_path / "rows.json", 1)
    (tmp_path / "pretty.json").write_text('{\n "a": 1\n}\n{\n "a": 2\n}\n')
    same(tmp_path / "pretty.json", 1)


def test_parquet_is_read_by_row_groups(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "number": np.arange(40) / 3,
            "whole": pd.array([None, *range(39)], dtype="Int64"),
            "text": [None if n % 9 == 0 else f"t{n % 4}" for n in range(40)],
            "kind": pd.Categorical([f"k{n % 3}" for n in range(40)]),
            "when": pd.date_range("2024-01-01", periods=40),
        }
    )
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "rows.parquet", row_group_size=9)
    same(tmp_path / "rows.parquet", 6)
    damaged = (tmp_path / "rows.parquet").read_bytes()
    (tmp_path / "half.parquet").write_bytes(damaged[: len(damaged) // 2])
    with pytest.raises(DataError, match="must be a Parquet file, but cannot be read"):
        list(read_pieces(tmp_path / "half.parquet"))


def test_a_damaged_gzip_is_told(tmp_path: Path) -> None:
    packed = gzip.compress(quoted(20_000).encode())
    (tmp_path / "rows.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match=r"rows\.csv\.gz must be a whole gzip file"):
        list(read_pieces(tmp_path / "rows.csv.gz"))


def test_small_files_frames_and_names_are_one_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"a": range(30)})
    assert len(list(read_pieces(frame))) == len(list(read_pieces("sklearn:iris"))) == 1
    monkeypatch.setattr(pieces, "LARGE_BYTES", 1 << 20)
    (tmp_path / "rows.csv").write_text(quoted())
    same(tmp_path / "rows.csv", 1)
    with pytest.raises(DataError, match="there is no"):
        list(read_pieces(tmp_path / "none.csv"))


@pytest.mark.parametrize("n_columns", [1, 10, 20, 1000, 10**6])
def test_pieces_are_whole_batches_of_a_network(n_columns: int) -> None:
    assert rows_at_once(n_columns) % pieces.ROWS_TOGETHER == 0
    assert rows_at_once(n_columns) >= pieces.ROWS_TOGETHER
