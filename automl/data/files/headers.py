"""The names of columns, where the first row is a header: what is none is told, with the fix."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from automl.data.files.delimited_rows import Row, is_number
from automl.data.files.file_bytes import shown
from automl.data.files.layouts import MOST_ROWS, Layout, column_values, header_of
from automl.errors import DataError

MIN_ROWS_BELOW = 3
"""So many rows below a second header show that it is none of them."""

_OTHER_SEPARATORS = {
    "'::'": (re.compile("::"), "replace it by commas"),
    "'^'": (re.compile(r"\^"), "write the line sep=^ above the header"),
    "'~'": (re.compile("~"), "write the line sep=~ above the header"),
    "':'": (re.compile(":"), "write the line sep=: above the header"),
    "runs of spaces": (re.compile(" {2,}"), "export it as CSV, or quote cells that hold spaces"),
}

_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([ T].*)?")


def column_names(
    rows: Sequence[Row], layout: Layout, name: str, known: Collection[str] = ()
) -> list[str]:
    """Names of columns, all different.

    Empty cells at the end of the first row are no columns where no row is as wide.

    Args:
        rows: those of the sample that are not blank, the header first.
        name: of the file, as it is shown.
        known: names that the table should have. A first row that holds all of them, or consists
            of them by half, is the header, be they numbers.

    Raises:
        DataError: the first row is data, the second is a header too, or a name is there twice.
    """
    first, *below = rows or [[""]]
    widest = max(map(len, below), default=len(first))
    while len(first) > widest and not first[-1].strip():
        first = first[:-1]
    names = header_of(first, layout)
    if not _are_known(names, known):
        _refuse_data(names, below, name)
        _refuse_other_separator(names, below, name)
    _refuse_second_header(below, name)
    repeated = [column for column, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(
            f"column names must differ, but {name} has {repeated[0]!r} {names.count(repeated[0])} "
            "times; rename or remove all but one"
        )
    return names


def _are_known(names: Sequence[str], known: Collection[str]) -> bool:
    found = set(names) & set(known)
    return bool(found) and (len(found) == len(set(known)) or 2 * len(found) >= len(names))


def _refuse_data(names: Sequence[str], below: Sequence[Row], name: str) -> None:
    """Refuse a first row in which each cell is a number, a date, or stands again in its column.

    Numbers from 0 on are the names that pandas gives. If the whole row stands again it may be
    the header of a second file, which is told with its line when that is read.
    """
    numbers = [cell for cell in names if is_number(cell)]
    if not below or (numbers and numbers == [str(number) for number in range(len(numbers))]):
        return
    is_data = all(
        is_number(cell) or _DATE.fullmatch(cell) or cell in values
        for cell, values in zip(names, column_values(below, len(names)), strict=True)
    )
    if is_data and (numbers or list(names) not in below):
        raise DataError(
            f"the first line must be a header with names, but that of {name} is data "
            f"({_first_cells(names)}); write a line of names above it, or put a letter before "
            "names that are numbers"
        )


def _refuse_second_header(below: Sequence[Row], name: str) -> None:
    """Refuse a second row of different words in two or more columns that are numbers below."""
    if len(below) <= MIN_ROWS_BELOW:
        return
    second, *rest = below
    words = [
        cell.strip()
        for cell, values in zip(second, column_values(rest, len(second)), strict=True)
        if values and all(map(is_number, values))
    ]
    has_letters = all(any(map(str.isalpha, word)) and not is_number(word) for word in words)
    if len(words) > 1 and len(set(words)) == len(words) and has_letters:
        raise DataError(
            f"a table must have one line of names, but {name} has a second one below it "
            f"({_first_cells(second)}); remove one of them"
        )


def _refuse_other_separator(names: Sequence[str], below: Sequence[Row], name: str) -> None:
    """Refuse a single column whose name is divided by a sign, as most rows are likewise."""
    if len(names) > 1 or not below:
        return
    for sign, (pattern, fix) in _OTHER_SEPARATORS.items():
        n_parts = len(pattern.split(names[0]))
        alike = [len(pattern.split(" ".join(row).strip())) == n_parts for row in below]
        if n_parts > 1 and sum(alike) >= MOST_ROWS * len(alike):
            raise DataError(
                "cells must be divided by commas, semicolons, tabs, bars or single words by "
                f"spaces, but those of {name} seem to be by {sign} ({_first_cells(names)}); {fix}"
            )


def _first_cells(row: Sequence[str]) -> str:
    text = ", ".join(row[:4]) + (", ..." if len(row) > 4 else "")
    return shown(text[:60])
