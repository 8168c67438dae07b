"""Lines of text become rows of cells: the tokenizer, and what a number looks like.

One tokenizer for all delimited text, so that whatever is judged (the delimiter, the header,
widths, quotes) is judged on the very rows that become the table. A cell is the text that
stands in the file: quotes are taken off, spaces in front are not kept, nothing else.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

Row: TypeAlias = list[str]

DELIMITERS = (",", ";", "\t", "|")

SPACES = " "
"""As a delimiter: any run of spaces and tabs."""

_WORD = re.compile(r'"(?:[^"]|"")*"|\S+')
_NUMBER = re.compile(r"[-+−]?(?:\d[\d.,'\xa0]*|\.\d+)(?:[eE][-+]?\d+)?\s?%?")


def tokenized(lines: Iterable[str], delimiter: str, *, strict: bool = False) -> Iterator[Row]:
    """Rows of cells; a blank line is an empty row.

    Args:
        strict: raise `csv.Error` for a quote that ends inside a cell, or that never ends.
    """
    if delimiter == SPACES:
        return (_words(line) for line in lines)
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=strict)


def sample_rows(lines: Iterable[str], delimiter: str) -> list[Row]:
    """Rows that are not blank, up to one that cannot be read, as with a wrong delimiter."""
    rows: list[Row] = []
    try:
        rows.extend(row for row in tokenized(lines, delimiter) if not is_blank(row))
    except csv.Error:
        pass  # what the reason is shows when the table is read
    return rows


def _words(line: str) -> Row:
    if '"' not in line:
        return line.split()
    return [
        word[1:-1].replace('""', '"') if len(word) > 1 and word[0] == word[-1] == '"' else word
        for word in _WORD.findall(line)
    ]


def is_number(cell: str) -> bool:
    """Whether a cell is a number as people write it: 1.5, 1,250.00, -3e5, 12 %."""
    return _NUMBER.fullmatch(cell.strip()) is not None


def is_blank(row: Sequence[str]) -> bool:
    """Whether a row has no cell with anything in it."""
    return not any(cell.strip() for cell in row)


def without_empty_end(row: Sequence[str], width: int) -> Row:
    """The row without the empty cells that it has beyond a width."""
    cells = list(row)
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    return cells


class NumberedRows:
    """Rows of a text; while one is looked at, it is known on which lines it stands."""

    def __init__(
        self, lines: Iterable[str], delimiter: str, *, strict: bool = False, first_line: int = 1
    ) -> None:
        self.lines: list[str] = []  # of this row
        self.first_line = first_line  # the number of its first, from 1
        self.lines_before: list[str] = []  # of the row before
        self._source = lines
        self._delimiter = delimiter
        self._strict = strict

    def __iter__(self) -> Iterator[Row]:
        for row in tokenized(self._kept(), self._delimiter, strict=self._strict):
            yield row
            self.first_line += len(self.lines)
            self.lines_before, self.lines = self.lines, []

    def _kept(self) -> Iterator[str]:
        for line in self._source:
            self.lines.append(line)
            yield line
