from __future__ import annotations

import pytest

from automl.data.files.delimited_rows import tokenized
from automl.data.files.stray_quotes import (
    SeveralLines,
    refuse_open_quote,
    refuse_shifted_cells,
    refuse_swallowed_lines,
)
from automl.errors import DataError

NUMBERS = [[f"p{i % 10}", f"{i / 7:.2f}", "yes" if i % 3 else "no"] for i in range(40)]
TEXTS = [[f"name {i}", f"street {i}"] for i in range(40)]
REVIEWS = [[str(i), f"fine {i}", "yes" if i % 3 else "no"] for i in range(40)]


def refuse(lines: list[str], clean: list[list[str]]) -> None:
    row = SeveralLines(12, tuple(line + "\n" for line in lines))
    refuse_swallowed_lines([row], clean, ",", "t.csv", len(clean[0]))


@pytest.mark.parametrize(
    "lines",
    [
        ['"p0,0.03,yes', "p1,0.2,no", 'p2,0.4",yes'],
        ['p0,"0.03,yes', 'p1,0.4",yes'],
        ['p0,0.03,"yes', "p1,0.4,no", "p1,0.4,no", 'p1,0.4,no"'],
        ['p0,0.03,"yes', "p1,,no", "p1,0.4,yes", 'nonsense"'],
    ],
)
def test_lines_that_look_like_rows_are_swallowed_ones(lines: list[str]) -> None:
    with pytest.raises(DataError, match="opens in line 12 and swallows the lines to"):
        refuse(lines, NUMBERS)


@pytest.mark.parametrize(
    ("lines", "clean"),
    [
        (['Bob,"12 Main St', 'Springfield, IL"'], TEXTS),
        (['Bob,"12 Main St', "Springfield, IL", 'USA, America"'], TEXTS),
        (['7,"good, but', "slow, and", 'dear",yes'], REVIEWS),
        (['7,"one, two, three', "four, five, six", 'seven, eight, nine",yes'], REVIEWS),
        (['7,"fine, but', 'slow, and dear",yes'], REVIEWS),
    ],
)
def test_addresses_and_reviews_are_cells(lines: list[str], clean: list[list[str]]) -> None:
    refuse(lines, clean)


def test_without_other_rows_the_lines_themselves_say_what_a_row_is() -> None:
    lines = ['"p0,0.03,yes', *[f"p{i},0.{i},no" for i in range(9)], 'p2,0.4",yes']
    with pytest.raises(DataError, match="swallows"):
        row = SeveralLines(2, tuple(lines))
        refuse_swallowed_lines([row], [], ",", "t.csv", 3)


@pytest.mark.parametrize(
    ("lines", "delimiter", "is_told"),
    [
        (['"u,v,w,x', "k,l,m,n", 'o,p,q",r'], ",", True),
        (['"u,v,w', "k,l,m", "k,l,m", 'o,p",q'], ",", True),
        (['"u,v,w', "k,l,m", 'o,p",q'], ",", False),  # so many commas can be chance
        (['"u;v;w;x', 'o;p;q";r'], ";", True),  # so many semicolons are not
        (['"u;v', 'o";p'], ";", False),
        (['"u;v;w', 'o;p"'], ";", False),
    ],
)
def test_among_texts_alone_many_delimiters_make_rows(
    lines: list[str], delimiter: str, is_told: bool
) -> None:
    width = lines[0].count(delimiter) + 1
    clean = [[f"{letter}{i}" for letter in "abcd"[:width]] for i in range(20)]
    suspect = SeveralLines(12, tuple(lines))
    if is_told:
        with pytest.raises(DataError, match="swallows"):
            refuse_swallowed_lines([suspect], clean, delimiter, "t.csv", width)
    else:
        refuse_swallowed_lines([suspect], clean, delimiter, "t.csv", width)


@pytest.mark.parametrize("lines", [('"a\n', '"b,1\n'), ('"a\n', "b,1\n"), ('"a\n', 'b" c,1\n')])
def test_a_quote_that_ends_inside_a_cell_or_never_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="lines 3 and 4"):
        refuse_open_quote(SeveralLines(3, lines), ",", "t.csv")


def test_spaces_after_a_closing_quote_do_no_harm() -> None:
    refuse_open_quote(SeveralLines(3, ('"a\n', 'b" ,"1"  \n')), ",", "t.csv")


@pytest.mark.parametrize(
    ("line", "is_shifted"),
    [
        ('1,"Genf,"a, b",no', True),
        ('1,"Genf,"a, b"",no', True),  # two of its quotes are stray
        ('1,"a "b" c",x,no', False),
        ('1,"he said, "hello" to me",x,no', False),
        ('1,"a" ,x,no', False),
        ('1,5" pipe,x,no', False),
        ("1,a,x,no", False),
    ],
)
def test_cells_that_a_stray_quote_shifts_are_told(line: str, is_shifted: bool) -> None:
    (row,) = tokenized([line], ",")
    if is_shifted:
        with pytest.raises(DataError, match=r"in line 7 of t\.csv a quote inside a cell moves"):
            refuse_shifted_cells(row, line, ",", "t.csv", 7)
    else:
        refuse_shifted_cells(row, line, ",", "t.csv", 7)


def test_one_rare_value_does_not_hide_swallowed_lines() -> None:
    rows = [[str(i), f"{i}.5", "ab"[i % 2], "uv"[i % 2], "yn"[i % 2]] for i in range(20)]
    with pytest.raises(DataError, match="swallows"):
        refuse(['3,1.5,a,"u,y', "4,2.5,b,rare,n", '5,3.5,a,v",y'], rows)
    refuse(['3,1.5,a,"u,y', "many,more,of,such,words", 'and,so,on",n,y'], rows)
