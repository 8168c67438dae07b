from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from automl.data.text_files import detect_delimiter, read_bytes, read_delimited
from automl.errors import DataError

KOREAN = "이름,점수\n김철수,1\n박영희,2\n홍길동,3\n"


def write(folder: Path, content: bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_korean_table_is_the_same_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    frame, _ = read_delimited(write(tmp_path, KOREAN.encode(encoding)))
    assert list(frame.columns) == ["이름", "점수"]
    assert frame["이름"].tolist() == ["김철수", "박영희", "홍길동"]


def test_unusual_encoding_and_delimiter_are_told(tmp_path: Path) -> None:
    _, lines = read_delimited(write(tmp_path, KOREAN.replace(",", ";").encode("cp949")))
    assert lines == [
        "table.csv is read as cp949",
        "table.csv is read with the delimiter ';'",
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_the_one_that_makes_equal_rows(delimiter: str) -> None:
    rows = [["name", "note", "value"], ["a", '"x, y; z"', "1"], ["b", "plain", "2"]]
    assert detect_delimiter("\n".join(delimiter.join(row) for row in rows)) == delimiter


def test_only_empty_cells_are_missing(tmp_path: Path) -> None:
    """What "NA", "None" and "?" mean depends on the column, which is judged later."""
    frame, _ = read_delimited(write(tmp_path, b"a,b\nNA,1\nNone,\n?,3\nnan,4\nnull,5\n"))
    assert frame["a"].tolist() == ["NA", "None", "?", "nan", "null"]
    assert frame["b"].isna().tolist() == [False, True, False, False, False]


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(b"a,b\n1,2\n"), "table.csv")
    assert read_delimited(path)[0].to_numpy().tolist() == [["1", "2"]]


def test_names_are_stripped_and_missing_ones_numbered(tmp_path: Path) -> None:
    frame, _ = read_delimited(write(tmp_path, b", b ,c\n0,1,2\n1,3,4\n"))
    assert list(frame.columns) == ["column 1", "b", "c"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems(tmp_path: Path, line_end: str) -> None:
    content = line_end.join(["a,b", "1,2", "3,4"]).encode()
    assert read_delimited(write(tmp_path, content))[0].to_numpy().tolist() == [
        ["1", "2"],
        ["3", "4"],
    ]


def test_quoted_cells_may_hold_delimiters_and_line_ends(tmp_path: Path) -> None:
    frame, _ = read_delimited(write(tmp_path, b'a,b\n"x\ny, z",1\n"p ""q""",2\n'))
    assert frame["a"].tolist() == ["x\ny, z", 'p "q"']


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n \n", "is empty"),
        (b"a,b\n", "has none"),
        (b"a,b,a\n1,2,3\n", "'a' 2 times"),
        (b"a,a \n1,2\n", "'a' 2 times"),
        (b"a,b\n1,2,3\n4,5,6\n", "header has 2 and most rows have 3"),
        (b"a,b\n1,2\n3,4\n5,6,7\n", "line 4"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "PNG image"),
        (b"PK\x03\x04" + bytes(100), "Excel workbook"),
        (b"\x01\x02\x03\x04,\x05\x06\n" * 20, "is binary"),
        (b"ab\x00\x00\x00cd,\n" * 20, "is binary"),
        (gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:-20], "damaged"),
    ],
)
def test_bad_files_get_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError) as raised:
        read_delimited(write(tmp_path, content))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_file_and_folder_are_data_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="check the path"):
        read_bytes(tmp_path / "nothing.csv")
    write(tmp_path, b"a,b\n", "titanic.csv")
    with pytest.raises(DataError, match=r"did you mean .*titanic.csv"):
        read_bytes(tmp_path / "titanc.csv")
    with pytest.raises(DataError, match="must be readable"):
        read_bytes(tmp_path)
