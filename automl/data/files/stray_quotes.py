"""Quotes that swallow lines, told from cells that do go over several lines.

A quote at the beginning of a cell that nobody closed takes all lines up to the next quote
into one cell, and those rows are gone. Cells of several lines exist too (addresses, reviews).
A row of several lines is taken for swallowed ones where

* it has another number of cells than the header, or
* its closing quote stands before something else than a delimiter or the end of the line, or
* its first line and most of the others, each read alone, have as many cells as the header, and
  what the quotes hold of the others has numbers where other rows have numbers, and mostly known
  values where they have few values. Where other rows have neither, all lines must have as many
  cells, with so many delimiters inside the quotes that it is no chance (`MIN_DELIMITERS`).

Read alone, a line may have lost one quote: the stray one. That is also how a row of one line is
found whose cells are shifted: without some of its quotes it has as many cells, but other ones.
"""

from __future__ import annotations

import csv
import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from automl.data.files.delimited_rows import Row, is_number, sample_rows, tokenized
from automl.errors import DataError

MIN_CLEAN_ROWS = 5
"""With fewer rows of one line, the lines of the suspected row say what a row looks like."""

MIN_DELIMITERS = {",": 6}
"""Texts hold commas, but seldom this many that make each line as long as a row;"""

MIN_RARE_DELIMITERS = 3
"""and other delimiters less."""

MAX_ODD_SHARE = 0.25
"""Rare values stand in so few of the columns that have few values."""

_MAX_QUOTES = 8  # so many of a line may be stray ones


@dataclass(frozen=True, slots=True)
class SeveralLines:
    """A row that goes over several lines of the file."""

    first_line: int  # from 1
    lines: tuple[str, ...]

    @property
    def last_line(self) -> int:
        """The number of its last line, from 1."""
        return self.first_line + len(self.lines) - 1


def refuse_open_quote(row: SeveralLines, delimiter: str, name: str) -> None:
    """Refuse a row of several lines whose quote never ends, or ends inside a cell."""
    if _strict_rows(row.lines, delimiter) is None:
        raise swallowed(row, name)


def refuse_shifted_cells(row: Row, line: str, delimiter: str, name: str, number: int) -> None:
    """Refuse a row of one line if a quote that nobody closed moved the ends of its cells.

    Args:
        row: as it is read.
        number: of the line.
    """
    # Where no cell holds a delimiter, all of them end cells, and there is no other way to.
    if not any(delimiter in cell for cell in row) or _strict_rows([line], delimiter) is not None:
        return
    as_read = _without_quotes(row)
    others = (_without_stray_quotes(line, delimiter, n_stray) for n_stray in (1, 2, 3))
    for other in itertools.chain(*others):
        if len(other) == len(row) and _without_quotes(other) != as_read:
            raise DataError(
                f"a quoted cell must be closed, but in line {number} of {name} a quote inside a "
                "cell moves the ends of cells; remove the stray quote, or double those that "
                "belong to a cell"
            )


def _strict_rows(lines: Sequence[str], delimiter: str) -> list[Row] | None:
    """The rows, if all quotes open and close whole cells."""
    spaces = _spaces_after_quotes(delimiter)
    try:
        return list(tokenized([spaces.sub('"', line) for line in lines], delimiter, strict=True))
    except csv.Error:
        return None


@functools.cache
def _spaces_after_quotes(delimiter: str) -> re.Pattern[str]:
    """Spaces that do no harm, but that a strict tokenizer refuses."""
    return re.compile(rf'" +(?={re.escape(delimiter)}|[\r\n]|$)')


def _without_stray_quotes(line: str, delimiter: str, n_stray: int) -> Iterator[Row]:
    """The cells of a line as they are if so many of its quotes are stray ones."""
    pieces = line.split('"')
    places = range(1, min(len(pieces), _MAX_QUOTES + 1))
    for stray in itertools.combinations(places, n_stray):
        parts = ("" if not i or i in stray else '"' for i in range(len(pieces)))
        plain = "".join(itertools.chain.from_iterable(zip(parts, pieces, strict=True)))
        yield from _strict_rows([plain], delimiter) or ()


def _without_quotes(row: Row) -> Row:
    return [cell.replace('"', "").strip() for cell in row]


def refuse_swallowed_lines(
    suspects: Sequence[SeveralLines], clean: Sequence[Row], delimiter: str, name: str, width: int
) -> None:
    """Refuse the first row whose lines look like rows of their own.

    Args:
        clean: rows of one line each, which say what a row looks like.
    """
    for suspect in suspects:
        first, *rest = [_alone(line, delimiter, width) for line in suspect.lines]
        whole = [row for row in rest if len(row) == width]
        if len(first) != width or 2 * len(whole) <= len(rest):
            continue
        known = clean if len(clean) >= MIN_CLEAN_ROWS else [*clean, *whole]
        columns = [_Column.of([row[position] for row in known]) for position in range(width)]
        if rest[-1] in whole:  # what comes after the closing quote is a good end of a row
            whole = [*whole[:-1], rest[-1][: _n_inside(suspect.lines[-1], delimiter)]]
        held = [
            [row[position] for row in whole if position < len(row) and row[position]]
            for position in range(width)
        ]
        judged = [
            (column, column.fits_most(cells))
            for column, cells in zip(columns, held, strict=True)
            if column.says_something and cells
        ]
        if judged:
            n_odd = sum(not fits for _, fits in judged)
            numbers_fit = all(fits for column, fits in judged if column.has_numbers)
            are_rows = numbers_fit and n_odd <= MAX_ODD_SHARE * len(judged)
        else:
            n_delimiters = (width - 1) * len(rest)
            enough = n_delimiters >= MIN_DELIMITERS.get(delimiter, MIN_RARE_DELIMITERS)
            are_rows = enough and len(whole) == len(rest)
        if are_rows:
            raise swallowed(suspect, name)


def _n_inside(line: str, delimiter: str) -> int:
    """How many cells of a line begin before the quote that closes the cell."""
    inside = line.replace('""', "").split('"', maxsplit=1)[0]
    return inside.count(delimiter) + 1


def swallowed(row: SeveralLines, name: str) -> DataError:
    """The error for a quote that swallows lines."""
    return DataError(
        f"a quoted cell must be closed, but in {name} a quote opens in line {row.first_line} and "
        f"swallows the lines to {row.last_line}; remove the stray quotes in lines "
        f"{row.first_line} and {row.last_line}, double those that belong to a cell, or join the "
        "lines if they are one cell"
    )


def _alone(line: str, delimiter: str, width: int) -> Row:
    """The cells of a line whose quotes mean nothing, or all but one hold its cells together."""
    plain = line.replace('"', "").split(delimiter)
    readings = itertools.chain(
        [plain],
        sample_rows([line.replace('""', '"')], delimiter),
        _without_stray_quotes(line, delimiter, 1),
    )
    return _without_quotes(next((row for row in readings if len(row) == width), plain))


@dataclass(frozen=True, slots=True)
class _Column:
    """What the cells of a column look like: numbers, a few values, or anything."""

    has_numbers: bool
    few_values: frozenset[str]

    @classmethod
    def of(cls, cells: Sequence[str]) -> _Column:
        present = [cell for cell in _without_quotes([*cells]) if cell]
        values = frozenset(present)
        if present and all(is_number(value) for value in values):
            return cls(True, frozenset())
        return cls(False, values if 2 * len(values) <= len(present) else frozenset())

    @property
    def says_something(self) -> bool:
        return self.has_numbers or bool(self.few_values)

    def fits_most(self, cells: Sequence[str]) -> bool:
        """Whether most of these cells could stand in the column."""
        fitting = map(is_number if self.has_numbers else self.few_values.__contains__, cells)
        return 2 * sum(fitting) >= len(cells)
