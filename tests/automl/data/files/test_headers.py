from __future__ import annotations

import re

import pytest

from automl.data.files.headers import column_names
from automl.data.files.layouts import Layout
from automl.errors import DataError

NUMBERS = [["1", "0.5", "a"], ["2", "0.7", "b"], ["3", "0.9", "a"]]


def names_of(*rows: list[str]) -> list[str]:
    return column_names(rows, Layout(","), "t.csv")


def test_names_are_stripped_and_numbered_where_there_are_none() -> None:
    assert names_of([" a ", "", "\ufeffc"], *NUMBERS) == ["a", "column 2", "c"]


def test_empty_names_at_the_end_are_no_columns_where_no_row_has_them() -> None:
    assert names_of(["a", "b", "c", " ", ""], *NUMBERS) == ["a", "b", "c"]
    assert names_of(["a", "b", ""], *NUMBERS) == ["a", "b", "column 3"]


def test_names_must_differ() -> None:
    with pytest.raises(DataError, match=r"t\.csv has 'a' 2 times"):
        names_of(["a", "b", "a "], *NUMBERS)


@pytest.mark.parametrize("second", [["id", "x", "c"], ["m", "kg", "-"], ["first", "second", ""]])
def test_a_second_line_of_names_or_units_is_told(second: list[str]) -> None:
    with pytest.raises(DataError, match="has a second one below it"):
        names_of(["Report", "of", "2021"], second, *NUMBERS)


@pytest.mark.parametrize(
    "second", [["NA", "NA", "a"], ["4", "low", "a"], ["", "", ""], ["-", "?", "x"]]
)
def test_missing_marks_are_no_names(second: list[str]) -> None:
    names_of(["a", "b", "c"], second, *NUMBERS)


@pytest.mark.parametrize(
    ("names", "below"),
    [
        (["1", "2", "3"], [["4", "5", "6"]]),
        (["5.1", "3.5", "setosa"], [["4.9", "3.0", "setosa"], ["6.3", "3.3", "virginica"]]),
        (["39", "State-gov", "<=50K"], [["50", "Private", "<=50K"], ["3", "State-gov", ">50K"]]),
        (["p", "x", "x"], [["e", "x", "s"], ["p", "b", "x"]]),
        (["-1.5", "1,250"], [["2", "3"]]),
        (["2021-01-01", "5"], [["2021-01-02", "6"]]),
        (["red", "round"], [["blue", "round"], ["red", "flat"]]),
    ],
)
def test_a_first_row_of_data_is_refused(names: list[str], below: list[list[str]]) -> None:
    with pytest.raises(DataError, match=r"header with names, but that of t.csv is data"):
        column_names([names, *below], Layout(","), "t.csv")


@pytest.mark.parametrize(
    ("names", "below"),
    [
        (["a", "b"], [["1", "2"]]),
        (["0", "1", "2"], [["5.1", "3.5", "x"]]),  # as pandas names columns
        (["0", "1", "y"], [["5.1", "3.5", "y"], ["5.1", "3.5", "n"]]),
        (["wavelength", "400", "402"], [["1", "2", "3"]]),
        (["id", "2019", "2020"], [["a", "1", "2"]]),
        (["1", "2"], []),
        (["a", "b"], [["a", "b"], ["c", "b"]]),  # the header once more: told with its line
    ],
)
def test_names_that_are_none_of_the_data(names: list[str], below: list[list[str]]) -> None:
    column_names([names, *below], Layout(","), "t.csv")


@pytest.mark.parametrize(
    ("known", "is_header"),
    [
        (["400", "410", "420", "y"], True),
        (["400", "410"], True),
        (["400"], True),  # all that are known
        (["400", "410", "1", "2"], True),  # two of the file's three
        (["400", "1", "2"], False),
        (["1", "2"], False),
        ([], False),
    ],
)
def test_known_names_make_a_header_whatever_they_look_like(
    known: list[str], is_header: bool
) -> None:
    rows = [["400", "410", "420"], ["0.1", "0.2", "0.3"], ["0.2", "0.2", "0.4"]]
    if is_header:
        assert column_names(rows, Layout(","), "t.csv", known) == rows[0]
    else:
        with pytest.raises(DataError, match="is data"):
            column_names(rows, Layout(","), "t.csv", known)


@pytest.mark.parametrize(
    ("lines", "sign"),
    [
        (["name^city^y", "Ann Lee^New York^1", "Bob^San Jose^0"], "'^'"),
        (["name~y", "Ann Lee~1", "Bob~0"], "'~'"),
        (["name::y", "Ann Lee::1", "Bob::0"], "'::'"),
        (["name:y", "Ann Lee:1", "Bob:0"], "':'"),
        (
            ["name     city      y", "Ann Lee  New York  1", "Bob      San Jose  0"],
            "runs of spaces",
        ),
    ],
)
def test_one_column_whose_name_and_rows_are_divided_alike_is_refused(
    lines: list[str], sign: str
) -> None:
    rows = [[line] for line in lines]
    with pytest.raises(DataError, match=rf"seem to be by {re.escape(sign)} \(name"):
        column_names(rows, Layout(","), "t.csv")
    assert column_names(rows, Layout(","), "t.csv", lines[:1]) == lines[:1]


def test_one_column_of_texts_may_hold_any_sign() -> None:
    for name, cell in (("text", "a:b"), ("a: the first", "b"), ("x^2", "4"), ("a  b", "c d")):
        assert column_names([[name], [cell], [cell]], Layout(","), "t.csv") == [name]
