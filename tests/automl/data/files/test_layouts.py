from __future__ import annotations

import pytest

from automl.data.files.delimited_rows import SPACES
from automl.data.files.layouts import (
    Layout,
    find_layout,
    header_of,
    sample_of,
)


def layout_of(text: str) -> Layout:
    return find_layout(text.splitlines(keepends=True))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_the_one_that_makes_equal_rows(delimiter: str) -> None:
    rows = [["name", "note", "value"], ["a", '"x, y; z"', "1"], ["b", "plain", "2"]]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert layout_of(text) == Layout(delimiter)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b;c\n1,5;2;x,y\n;3;z\n", ";"),  # decimal commas
        ("x;y\n1,5;2,5\n1,6;3,5\n", ";"),
        ("full name, age\nAnn Lee, 5\nBob Ray, 6\n", ","),  # words in cells
        ("a b c\n1 2 3\n4   5 6\n", SPACES),
        ("  a   b\n 1.5   2\n", SPACES),
        ("a b\tc\n1 2\t3\n", "\t"),
        ("comment\nhello\nhello world\n", ","),  # one column
        ("a b c\n", ","),  # nothing to compare with
        ('"a" "b"\n"1" 2 3\n"2" 4 5\n', SPACES),  # R writes row names: told when it is read
    ],
)
def test_delimiters_in_doubt(text: str, delimiter: str) -> None:
    assert layout_of(text) == Layout(delimiter)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Report of 2021\na,b\n1,2\n3,4\n", Layout(",", 1, skipped="Report of 2021")),
        ("Report\nof 2021\n\na;b\n1;2\n3;4\n", Layout(";", 3, skipped="Report")),
        ("Report of 2021,,\na,b,c\n1,2,x\n3,4,y\n", Layout(",", 1, skipped="Report of 2021,,")),
        ("# by X\na,b\n1,2\n3,4\n", Layout(",", 1, skipped="# by X")),
        ("# by X, on Y\n#\n\na,b\n1,2\n3,4\n", Layout(",", 3, skipped="# by X, on Y")),
        ("# by X\na b c\n1 2 3\n4 5 6\n", Layout(SPACES, 1, skipped="# by X")),
        ("sep=;\na;b\n1;2\n", Layout(";", 1, skipped="sep=;")),
        ("# by\nc,d\nred,x\nred,y\nblue,x\nred,x\n", Layout(",", 1, skipped="# by")),
        ("# a b c\n1 2 3\n4 5 6\n", Layout(SPACES, 0, is_comment=True)),
        ("# a,b\n1,2\n3,4\n", Layout(",", 0, is_comment=True)),
        ("# by X\n# a b\n1 2\n3 4\n", Layout(SPACES, 1, is_comment=True, skipped="# by X")),
        ("#id,b\n1,2\n3,4\n", Layout(",", 0)),
        ("#type,color\na,red\nb,red\nb,blue\nb,red\n", Layout(",", 0)),
        ("# by X\nReport\na,b\n1,2\n3,4\n", Layout(",", 2, skipped="# by X")),
        ("sep=\t\na\tb\n1\t2\n", Layout("\t", 1, skipped="sep=\t")),
    ],
)
def test_lines_above_the_header(text: str, expected: Layout) -> None:
    assert layout_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "text\nhello, a\nwell, yes\nfine, no\n",  # is "text" a title, or the header?
        "Report\n1,2\n3,4\n",  # no header below
        "Report\na,a\n1,2\n3,4\n",  # nor here
        ",b\n1,2\n3,4\n",  # the index of a frame has no name
    ],
)
def test_nothing_is_skipped_without_a_proof(text: str) -> None:
    assert layout_of(text).n_skipped == 0


def test_a_comment_mark_is_no_part_of_the_header() -> None:
    assert header_of(["# a", " b ", ""], Layout(",", is_comment=True)) == ["a", "b", "column 3"]
    assert header_of(["#", "a", "b"], Layout(SPACES, is_comment=True)) == ["a", "b"]
    assert header_of(["#id", "b"], Layout(",")) == ["#id", "b"]


def test_a_sample_has_whole_lines_however_long() -> None:
    lines = ["x" * 300_000 + "\n"] * 30
    assert sample_of(lines) == lines[:20]
    assert len(sample_of(["a\n"] * 5000)) == 1000
