from __future__ import annotations

import csv

import pytest

from automl.data.files.delimited_rows import (
    SPACES,
    NumberedRows,
    is_blank,
    is_number,
    tokenized,
    without_empty_end,
)


def test_runs_of_spaces_and_tabs_divide_words_and_quotes_hold_them_together() -> None:
    lines = ["  a   b\tc \n", "\n", '1 "x  ""y"" z" 3\n']
    assert list(tokenized(lines, SPACES)) == [["a", "b", "c"], [], ["1", 'x  "y" z', "3"]]


def test_spaces_in_front_of_a_cell_are_not_kept() -> None:
    assert list(tokenized(['a,  "b, c" ,  d \n'], ",")) == [["a", "b, c ", "d "]]


def test_strict_rows_refuse_what_stands_after_a_quote() -> None:
    with pytest.raises(csv.Error):
        list(tokenized(['"a"b,c\n'], ",", strict=True))


def test_rows_know_their_lines() -> None:
    rows = NumberedRows(iter(["a,b\n", '"x\n', 'y",1\n', "\n", "2,3"]), ",", first_line=5)
    seen = [(row, rows.first_line, len(rows.lines)) for row in rows]
    assert seen == [
        (["a", "b"], 5, 1),
        (["x\ny", "1"], 6, 2),
        ([], 8, 1),
        (["2", "3"], 9, 1),
    ]
    assert rows.lines_before == ["2,3"]


@pytest.mark.parametrize("cell", ["1", "-1.5", "+3e-5", "1,250.00", "1'000", "12 %", ".5", "−3"])
def test_numbers_as_people_write_them(cell: str) -> None:
    assert is_number(f" {cell} ")


@pytest.mark.parametrize("cell", ["", "x1", "2021-01-05", "nan", "1a", "-", "%", "."])
def test_what_is_no_number(cell: str) -> None:
    assert not is_number(cell)


def test_long_cells_are_judged_quickly() -> None:
    assert is_number("9" * 100_000)
    assert not is_number("9" * 100_000 + "x")


def test_empty_ends_and_blank_rows() -> None:
    assert without_empty_end(["a", "", " ", ""], 2) == ["a", ""]
    assert without_empty_end(["a", "b", "c"], 2) == ["a", "b", "c"]
    assert is_blank(["", "  "])
    assert not is_blank(["", "0"])
