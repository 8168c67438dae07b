"""Quotes that swallow lines, told from cells that do go over several lines.

A quote at the beginning of a cell that nobody closed takes all lines up to the next quote
into one cell, and those rows are gone. Cells of several lines exist too (addresses, reviews).
A row of several lines is taken for swallowed ones where

* it has another number of cells than the header, or
* its closing quote stands before something else than a delimiter or the end of the line, or
* most of its lines, each read alone, look like whole rows: as many cells as the header,
  numbers where the other rows have numbers, known values where they have few values. Where
  the other rows have neither, four columns and three lines are asked for.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from automl.data.delimited_rows import Row, is_number, tokenized
from automl.errors import DataError

MIN_CLEAN_ROWS = 5
"""With fewer rows of one line, the lines of the suspected row say what a row looks like."""


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
    spaces = re.compile(rf'" +(?={re.escape(delimiter)}|[\r\n]|$)')  # harmless, but not strict
    try:
        list(tokenized([spaces.sub('"', line) for line in row.lines], delimiter, strict=True))
    except csv.Error:
        raise swallowed(row, name) from None


def refuse_swallowed_lines(
    suspects: Sequence[SeveralLines], clean: Sequence[Row], delimiter: str, name: str, width: int
) -> None:
    """Refuse the first row whose lines look like rows of their own.

    Args:
        clean: rows of one line each, which say what a row looks like.
    """
    for suspect in suspects:
        rows = [_alone(line, delimiter) for line in suspect.lines]
        whole = [row for row in rows if len(row) == width]
        if 2 * len(whole) <= len(rows):
            continue
        known = clean if len(clean) >= MIN_CLEAN_ROWS else [*clean, *whole]
        columns = [_Column.of([row[position] for row in known]) for position in range(width)]
        if not any(column.says_something for column in columns):
            if width >= 4 and len(whole) == len(rows) >= 3:
                raise swallowed(suspect, name)
            continue
        fitting = [
            row
            for row in whole
            if all(column.fits(cell) for column, cell in zip(columns, row, strict=True))
        ]
        if 2 * len(fitting) > len(rows):
            raise swallowed(suspect, name)


def swallowed(row: SeveralLines, name: str) -> DataError:
    """The error for a quote that swallows lines."""
    return DataError(
        f"a quoted cell must be closed, but in {name} a quote opens in line {row.first_line} and "
        f"swallows the lines to {row.last_line}; remove the stray quotes in lines "
        f"{row.first_line} and {row.last_line}, or double quotes that belong to a cell"
    )


def _alone(line: str, delimiter: str) -> Row:
    """The cells of a line whose quotes mean nothing."""
    return [cell.strip() for cell in line.replace('"', "").split(delimiter)]


@dataclass(frozen=True, slots=True)
class _Column:
    """What the cells of a column look like: numbers, a few values, or anything."""

    has_numbers: bool
    few_values: frozenset[str]

    @classmethod
    def of(cls, cells: Sequence[str]) -> _Column:
        present = [cell.strip() for cell in cells if cell.strip()]
        values = frozenset(present)
        if present and all(is_number(value) for value in values):
            return cls(True, frozenset())
        return cls(False, values if 2 * len(values) <= len(present) else frozenset())

    @property
    def says_something(self) -> bool:
        return self.has_numbers or bool(self.few_values)

    def fits(self, cell: str) -> bool:
        if not cell or not self.says_something:
            return True
        return is_number(cell) if self.has_numbers else cell in self.few_values
