from __future__ import annotations

import csv
import gzip
import io
import os
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.data.file_bytes import read_bytes, shown
from automl.data.text_files import parse_delimited
from automl.errors import DataError

KOREAN = "이름,점수\n김철수,1\n박영희,2\n홍길동,3\n"


def write(folder: Path, content: bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read_delimited(path: Path) -> tuple[pd.DataFrame, list[str]]:
    read = parse_delimited(read_bytes(path), shown(path.name))
    return read.frame, list(read.messages)


def test_the_decimal_mark_goes_with_the_delimiter() -> None:
    for delimiter, decimal in ((";", ","), (",", "."), ("\t", ".")):
        content = delimiter.join("ab").encode() + b"\n" + delimiter.join("12").encode()
        assert parse_delimited(content, "t").decimal == decimal


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


def test_cells_are_the_texts_that_stand_in_the_file(tmp_path: Path) -> None:
    cells = ["007", "1.10", "TRUE", "1E3", "9007199254740993", "1,5", "-0", "0x1F", " a ", "+1"]
    frame, lines = read_delimited(
        write(tmp_path, ("a;b\n" + "".join(f'"{cell}";x\n' for cell in cells)).encode())
    )
    assert frame["a"].tolist() == cells
    assert lines == ["table.csv is read with the delimiter ';'"]


def test_only_empty_cells_are_missing(tmp_path: Path) -> None:
    """What "NA", "None" and "?" mean depends on the column, which is judged later."""
    frame, _ = read_delimited(write(tmp_path, b'a,b\nNA,1\nNone,\n?,3\nnan,""\nnull,   \n'))
    assert frame["a"].tolist() == ["NA", "None", "?", "nan", "null"]
    assert frame["b"].isna().tolist() == [False, True, False, True, True]


def test_a_row_of_empty_cells_stays_a_row_and_a_blank_line_is_none(tmp_path: Path) -> None:
    frame, _ = read_delimited(write(tmp_path, b"a,b\n\n1,2\n,\n   \n3,4\n\n"))
    assert frame["a"].isna().tolist() == [False, True, False]


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    path = write(tmp_path, gzip.compress(b"a,b\n1,2\n"), "table.csv")
    assert read_delimited(path)[0].to_numpy().tolist() == [["1", "2"]]


def test_names_are_stripped_and_missing_ones_numbered(tmp_path: Path) -> None:
    frame, _ = read_delimited(write(tmp_path, b", b ,c\n0,1,2\n1,3,4\n"))
    assert list(frame.columns) == ["column 1", "b", "c"]


def test_a_first_name_that_is_a_carriage_return_is_no_name(tmp_path: Path) -> None:
    frame, _ = read_delimited(write(tmp_path, b'"\r",b\n1,2\n'))
    assert list(frame.columns) == ["column 1", "b"]
    frame, _ = read_delimited(write(tmp_path, b"\r,b\n1,2\n3,4\n"))
    assert list(frame.columns) == ["column 1", "b"]
    assert frame["b"].tolist() == ["2", "4"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems(tmp_path: Path, line_end: str) -> None:
    content = line_end.join(["a,b", "1,2", "3,4"]).encode()
    frame, lines = read_delimited(write(tmp_path, content))
    assert frame.to_numpy().tolist() == [["1", "2"], ["3", "4"]]
    assert lines == []


def test_quoted_cells_may_hold_delimiters_and_line_ends(tmp_path: Path) -> None:
    frame, lines = read_delimited(write(tmp_path, b'a,b\n"x\ny, z",1\n"p ""q""",2\n'))
    assert frame["a"].tolist() == ["x\ny, z", 'p "q"']
    assert lines == ["table.csv has a row that goes over several lines, in line 2"]


def test_a_header_may_be_longer_than_any_sample(tmp_path: Path) -> None:
    names = [f"feature_number_{i}" for i in range(22_000)]
    rows = [",".join(["1.5"] * len(names)) for _ in range(3)]
    frame, lines = read_delimited(write(tmp_path, "\n".join([",".join(names), *rows]).encode()))
    assert list(frame.columns) == names
    assert frame.shape == (3, 22_000)
    assert lines == []


def test_rows_beyond_the_first_piece_are_read_and_judged_alike(tmp_path: Path) -> None:
    rows = [f"{i},{i % 7}" for i in range(150_000)]
    frame, _ = read_delimited(write(tmp_path, "\n".join(["a,b", *rows]).encode()))
    assert frame["a"].tolist() == [str(i) for i in range(150_000)]
    with pytest.raises(DataError, match=r"line 150002 of table.csv has 3 cells"):
        read_delimited(write(tmp_path, "\n".join(["a,b", *rows, "1,2,3"]).encode()))


def test_names_that_are_no_utf_8_are_read_and_can_be_printed(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.csv")
    try:
        path = write(tmp_path, KOREAN.replace(",", ";").encode(), name)
    except OSError:
        pytest.skip("the file system takes names of UTF-8 only")
    frame, lines = read_delimited(path)
    assert len(frame) == 3
    assert lines == [r"caf\udce9.csv is read with the delimiter ';'"]
    path.write_bytes(b"a,b\n1,2,3\n")
    with pytest.raises(DataError, match=r"caf\\udce9\.csv"):
        read_delimited(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_text_that_breaks_off_its_encoding_is_an_error(tmp_path: Path, encoding: str) -> None:
    content = KOREAN.encode(encoding) + (b"\xff\n" if encoding == "utf-8-sig" else b"\x00\xd8\n")
    with pytest.raises(DataError, match="must be text"):
        read_delimited(write(tmp_path, content))


@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8),
            st.text("ab ,;|\t\"'#", max_size=8),
            st.from_regex(r"\A[0-9a-z]{0,3}(\n[a-z]{1,3}){0,2}\Z"),
        ),
        min_size=1,
        max_size=20,
    ),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(max_examples=100, deadline=None)
def test_what_a_writer_of_csv_wrote_comes_back(
    rows: list[tuple[str, ...]], delimiter: str, line_end: str, quoting: Any, encoding: str
) -> None:
    """In every dialect; a number in front keeps the rows from being anything else."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerow(["row", "any", "marks", "lines"])
    writer.writerows([number, *row] for number, row in enumerate(rows))
    frame = parse_delimited(text.getvalue().encode(encoding), "t.csv").frame
    read = frame.fillna("").to_numpy().tolist()
    if quoting == csv.QUOTE_MINIMAL:  # spaces in front of what is not quoted are not kept
        read = [[cell.lstrip(" ") for cell in row] for row in read]
        rows = [tuple(cell.lstrip(" ") for cell in row) for row in rows]
    assert read == [[str(number), *row] for number, row in enumerate(rows)]


@pytest.mark.parametrize("seed", range(4))
def test_two_stray_quotes_never_swallow_rows_unsaid(seed: int) -> None:
    chance = random.Random(seed)
    for number in range(100):
        n_rows = chance.choice((5, 20, 100))
        rows = [[f"p{i % 10}", f"{i / 7:.2f}", "ny"[i % 2]] for i in range(n_rows)]
        rows.insert(0, ["part", "x", "y"])
        for line in chance.sample(range(n_rows + 1), 2):
            place = chance.randrange(3)
            cell = rows[line][place]
            rows[line][place] = f'"{cell}' if chance.random() < 0.6 else f'{cell}"'
        try:
            read = parse_delimited("\n".join(map(",".join, rows)).encode(), "t.csv")
            frame, lines = read.frame, read.messages
        except DataError:
            continue
        assert len(frame) == n_rows or "several lines" in str(lines), number
