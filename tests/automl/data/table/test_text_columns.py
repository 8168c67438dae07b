from __future__ import annotations

import pytest

from automl.data.files.layouts import Layout
from automl.data.table.text_columns import TextAfterQuote, TextColumns
from automl.errors import DataError


def read(text: str, layout: Layout | None = None, *, strict: bool = True) -> TextColumns:
    columns = TextColumns(["a", "b"], layout or Layout(","), "t.csv")
    columns.read(iter(text.splitlines(keepends=True)), strict=strict)
    return columns


def test_rows_become_columns_of_texts() -> None:
    frame = read("a,b\n007,\n,x\n").frame()
    assert frame["a"].isna().tolist() == [False, True]
    assert frame.fillna("-").to_numpy().tolist() == [["007", "-"], ["-", "x"]]


def test_lines_above_the_header_are_skipped_and_counted() -> None:
    layout = Layout(",", n_skipped=2)
    assert read("title\n\na,b\n1,2\n", layout).frame().to_numpy().tolist() == [["1", "2"]]
    with pytest.raises(DataError, match=r"line 5 of t\.csv has 3 cells"):
        read("title\n\na,b\n1,2\n1,2,3\n", layout)


@pytest.mark.parametrize("rows", ["1,2,\n3,4\n", "1,2\n3,4,,  ,\n"])
def test_empty_cells_beyond_the_header_are_let_pass(rows: str) -> None:
    assert read("a,b\n" + rows).frame().to_numpy().tolist() == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2,3\n", r"line 2 of t\.csv has 3 cells and the header has 2; quote cells that"),
        ("a,b\n1,2\n\n3,4,5,\n", r"line 4 of t\.csv has 3 cells"),
        ("a,b\n1,2\n3\n", r"line 3 of t\.csv has 1 cell and the header has 2; complete the line"),
        ("a,b\n1,2\na,b\n3,4\n", "line 3 of t.csv is the header once more"),
        ('a,b\n1,2\n"3,4\n5,6\n', r"a quote that opens in line 3 of t\.csv never is"),
        ('a,b\n1,2\n"3\n4,5",6,7\n', r"opens in line 3 and swallows the lines to 4"),
        ("a,b\n1," + "x" * 140_000 + "\n", "at most 131,072 characters, but one in line 2"),
        ("a,b\n", "must have rows below its header"),
    ],
)
def test_what_is_wrong_with_a_line_is_told(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(text).frame()


def test_text_after_a_quote_is_read_only_if_it_may_be() -> None:
    text = 'a,b\n"x "y" z",1\n"u" ,2\n'
    with pytest.raises(TextAfterQuote) as raised:
        read(text)
    assert "line 2 of t.csv" in raised.value.message
    assert read(text, strict=False).frame()["a"].tolist() == ['x y" z"', "u "]


@pytest.mark.parametrize(
    "rows", ['"x "y",1\n3,"4', '"x "y",1\n"3,4\n5,6\n', '"3,4\n5,6\n"7,8\n', '"3,4\n5"6,6\n']
)
def test_quotes_that_swallow_lines_are_refused_in_any_case(rows: str) -> None:
    with pytest.raises(DataError, match="a quoted cell must be closed"):
        read("a,b\n1,2\n" + rows, strict=False)


def test_rows_over_several_lines_are_said_once() -> None:
    columns = read('a,b\n1,"x\ny"\n2,"z\n\nw"\n3,4\n')
    assert columns.frame()["b"].tolist() == ["x\ny", "z\n\nw", "4"]
    assert columns.messages == ["t.csv has 2 rows that go over several lines, the first in line 2"]


def test_a_stray_quote_in_the_header_swallows_no_lines() -> None:
    rows = [f"{i},{i}.5" for i in range(20)]
    text = "\n".join(['"a,b', *rows[:9], '"9,9.5', *rows[10:]]) + "\n"
    with pytest.raises(DataError, match="opens in line 1 and swallows the lines to 11"):
        read(text, strict=False)


def test_names_may_go_over_several_lines() -> None:
    columns = TextColumns(["weight\n(kg)", "b"], Layout(","), "t.csv")
    columns.read(iter(['"weight\n', '(kg)",b\n', "1,2\n"]), strict=True)
    assert columns.frame().to_numpy().tolist() == [["1", "2"]]
