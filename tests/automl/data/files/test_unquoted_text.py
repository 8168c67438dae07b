"""Read at once or row by row, a file without quotes is the same table, with the same words."""

from __future__ import annotations

import random

import pytest

from automl.data.files import text_files
from automl.data.files.text_files import DelimitedText, parse_delimited
from automl.data.files.unquoted_text import read_unquoted
from automl.errors import DataError

ROWS = b"a,b,c\n1,x,2.5\n2,,-3\n"


@pytest.fixture
def is_used(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each file that is read, whether it was read at once."""
    used: list[bool] = []

    def noted(*arguments):
        frame = read_unquoted(*arguments)
        used.append(frame is not None)
        return frame

    monkeypatch.setattr(text_files, "read_unquoted", noted)
    return used


def described(content: bytes) -> object:
    """All that is read of a file, or why it is refused."""
    try:
        read: DelimitedText = parse_delimited(content, "rows.csv")
    except DataError as error:
        return str(error)
    cells = read.frame.astype(object).where(read.frame.notna(), None)
    dtypes = [str(dtype) for dtype in read.frame.dtypes]
    return list(read.frame.columns), cells.values.tolist(), dtypes, read.messages, read.decimal


def random_file(seed: int) -> bytes:
    """A small file; some are odd in a way that only reading row by row gets right."""
    draw = random.Random(seed)
    delimiter, line_end = draw.choice(",;\t|"), draw.choice(["\n", "\n", "\r\n", "\r"])
    width = draw.randint(1, 4)
    cells = ["1", "2.5", "", "x", "é", "a b"]
    cells += draw.choice([[], [], [" x", "y ", "1,5", "\u00a0z", "\x0b", "\u2028", '"q"', "#"]])
    rows = [[f"{draw.choice('abc')}{place}" for place in range(width)]]
    rows += [[draw.choice(cells) for _ in range(width)] for _ in range(draw.randint(0, 20))]
    odd = draw.choice(rows)
    change = draw.randint(0, 9)
    if change == 0:
        odd.append(draw.choice(["", "more"]))
    elif change == 1:
        odd.pop()
    elif change == 2:
        rows.append(list(rows[0]))
    elif change == 3:
        rows.insert(draw.randint(0, len(rows)), [draw.choice(["", " ", "# comment"])])
    return line_end.join(map(delimiter.join, rows)).encode() + draw.choice([b"", b"\n"])


def test_it_is_the_same_as_row_by_row(
    is_used: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [ROWS, ROWS.replace(b"\n", b"\r\n"), *map(random_file, range(400))]
    at_once = [described(content) for content in files]
    assert sum(is_used) > 40
    monkeypatch.setattr(text_files, "read_unquoted", lambda *_: None)
    for content, read in zip(files, at_once, strict=True):
        assert described(content) == read, content


@pytest.mark.parametrize(
    "content",
    [
        ROWS + b'3,"x",4\n',  # a quote
        ROWS + b"3,x\n",  # a row that does not fit
        ROWS + b"a,b,c\n",  # the header again
        (ROWS + b"a,b,c\n").replace(b"a,", b","),  # as a frame with its index is written
        ROWS + b"3, x,4\n",  # a space that is none of the cell
        ROWS + b"3,x\rz,4\n",  # the end of a line, elsewhere
        ROWS + b"3," + b"x" * 131_073 + b",4\n",  # longer than a cell may be
        b"a\n1\n2\n",  # one column, where an empty line is a row
        b"a,b,c\n",  # no rows
    ],
)
def test_what_is_not_plain_is_read_row_by_row(content: bytes, is_used: list[bool]) -> None:
    described(content)
    assert is_used == [False]


def test_plain_rows_are_read_at_once(is_used: list[bool]) -> None:
    described(ROWS)
    assert is_used == [True]
