"""The rows of a delimited text, packed into columns of texts, or what is wrong with a line.

One pass over the lines. A row with another number of cells than the header, a quote that is
never closed, and the header once more are told with the number of their line as an editor
counts it. Rows of several lines are judged at the end, by what the other rows look like.
Blank lines are none of a table's rows, but where there is one column only, an empty line
between rows is a row whose cell is empty.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence

import pandas as pd
import pyarrow as pa

from automl.data.files.delimited_rows import (
    SPACES,
    NumberedRows,
    Row,
    is_blank,
    tokenized,
    without_empty_end,
)
from automl.data.files.layouts import Layout
from automl.data.files.stray_quotes import (
    SeveralLines,
    refuse_open_quote,
    refuse_shifted_cells,
    refuse_swallowed_lines,
    swallowed,
)
from automl.errors import DataError
from automl.wording.counts import agree, count

CELLS_AT_ONCE = 1 << 18  # so many Python texts at a time are packed into columns
_MAX_CLEAN_ROWS = 1000  # so many rows of one line say what a row looks like


class TextAfterQuote(Exception):
    """Something stands between a closing quote and the next delimiter: `"a "b" c"`, `"a" ,`."""

    def __init__(self, line: int, name: str) -> None:
        super().__init__()
        self.message = (
            f"line {line} of {name} has something between a closing quote and the next delimiter: "
            "it is read as part of the cell"
        )


class TextColumns:
    """Columns of texts that one pass over the lines of a file fills."""

    def __init__(self, names: Sequence[str], layout: Layout, name: str) -> None:
        self.names = list(names)
        self.messages: list[str] = []
        self._layout = layout
        self._name = name
        self._pieces: list[list[pa.Array]] = [[] for _ in names]
        self._clean: list[Row] = []
        self._several: list[SeveralLines] = []
        self._odd_header: SeveralLines | None = None
        self._n_empty_lines = 0  # that are rows

    def read(self, stream: Iterator[str], *, strict: bool) -> None:
        """Read all rows below the header into columns; as `tables`."""
        for table in self.tables(stream, strict=strict):
            for pieces, cells in zip(self._pieces, _packed(table), strict=True):
                pieces.append(cells)

    def tables(
        self, stream: Iterator[str], *, strict: bool, cells_at_once: int = CELLS_AT_ONCE
    ) -> Iterator[list[Row]]:
        """All rows below the header, some at a time; what is told at the end comes behind them.

        Args:
            strict: do not let pass what stands after a closing quote.

        Raises:
            DataError: a row does not fit the header, or quotes swallow lines.
            TextAfterQuote: there is such a cell; only if strict.
        """
        layout = self._layout
        n_skipped = sum(1 for _ in itertools.islice(stream, layout.n_skipped))
        rows = NumberedRows(stream, layout.delimiter, strict=strict, first_line=n_skipped + 1)
        try:
            yield from self._tables(rows, strict, cells_at_once)
        except csv.Error as error:
            raise self._told(str(error), rows.first_line) from None
        if not strict:
            self._refuse_open_end(rows)
        self._tell_several_lines()
        if self._n_empty_lines:
            self.messages.append(
                f"{self._name} has one column: empty lines between its rows "
                f"({self._n_empty_lines:,}) are rows with an empty cell"
            )

    def frame(self) -> pd.DataFrame:
        """The columns that were read; empty cells are missing.

        Raises:
            DataError: there are no rows.
        """
        if not any(self._pieces):
            raise self.no_rows()
        return _frame([pa.chunked_array(pieces) for pieces in self._pieces], self.names)

    def no_rows(self) -> DataError:
        """The error of a header alone."""
        return DataError(f"{self._name} must have rows below its header, but it has none")

    def frame_of(self, table: list[Row]) -> pd.DataFrame:
        """Some rows as a frame of texts."""
        return _frame(_packed(table), self.names)

    def _tables(self, rows: NumberedRows, strict: bool, cells_at_once: int) -> Iterator[list[Row]]:
        table: list[Row] = []
        width = len(self.names)
        header: Row | None = None
        n_blank = 0  # lines since the last row
        for row in rows:
            if header is None:
                if not is_blank(row):
                    header = row
                    self._check_header(rows)
                continue
            if width == 1:
                if not "".join(rows.lines).strip():
                    n_blank += 1
                    continue
                table += [[""] for _ in range(n_blank)]
                self._n_empty_lines, n_blank = self._n_empty_lines + n_blank, 0
            if len(row) != width:
                if len(row) < 2 and is_blank(row):  # a blank line
                    continue
                row = self._fitted(row, rows)
            elif row == header:
                raise DataError(
                    f"only the first line may be the header, but line {rows.first_line} of "
                    f"{self._name} is the header once more; remove it"
                )
            if not strict:
                self._refuse_shifted(row, rows)
            if len(rows.lines) > 1:
                self._suspect(rows)
            elif len(self._clean) < _MAX_CLEAN_ROWS:
                self._clean.append(row)
            table.append(row)
            if len(table) * width >= cells_at_once:
                yield table
                table = []
        if table:
            yield table

    def _fitted(self, row: Row, rows: NumberedRows) -> Row:
        """The row at the header's width, if only empty cells are too many."""
        width = len(self.names)
        cells = without_empty_end(row, width)
        if len(cells) == width:
            return cells
        if len(rows.lines) > 1:
            raise swallowed(_several(rows), self._name)
        if self._odd_header is not None:
            raise swallowed(self._odd_header, self._name)
        if len(cells) < width:
            fix = "complete the line (was the file cut off?)"
        elif self._layout.delimiter == SPACES:
            fix = "quote cells that hold spaces, or complete the header"
        else:
            fix = f"quote cells that hold {self._layout.delimiter!r}, or complete the header"
        if width == 1:
            fix += f"; if {self.names[0][:40]!r} is a title, remove it"
        raise DataError(
            f"rows must have as many cells as the header, but line {rows.first_line} of "
            f"{self._name} has {count(len(cells), 'cell')} and the header has {width}; {fix}"
        )

    def _check_header(self, rows: NumberedRows) -> None:
        """Names may go over several lines; with delimiters in them too, they are odd."""
        if len(rows.lines) > 1:
            self._suspect(rows)
            if any("\n" in name and self._layout.delimiter in name for name in self.names):
                self._odd_header = self._several[0]

    def _suspect(self, rows: NumberedRows) -> None:
        row = _several(rows)
        refuse_open_quote(row, self._layout.delimiter, self._name)
        self._several.append(row)

    def _refuse_shifted(self, row: Row, rows: NumberedRows) -> None:
        if len(rows.lines) == 1 and self._layout.delimiter != SPACES:
            (line,) = rows.lines
            refuse_shifted_cells(row, line, self._layout.delimiter, self._name, rows.first_line)

    def _tell_several_lines(self) -> None:
        """Refuse rows of several lines that are swallowed ones; say that there are others."""
        if self._several:
            refuse_swallowed_lines(
                self._several, self._clean, self._layout.delimiter, self._name, len(self.names)
            )
            n_rows, first = len(self._several), self._several[0].first_line
            rows = agree(n_rows, "a row that goes", f"{n_rows:,} rows that go")
            where = agree(n_rows, f"in line {first}", f"the first in line {first}")
            self.messages.append(f"{self._name} has {rows} over several lines, {where}")

    def _refuse_open_end(self, rows: NumberedRows) -> None:
        """A tokenizer that is not strict closes the last quote by itself."""
        last = rows.lines_before
        try:
            list(tokenized(last, self._layout.delimiter, strict=True))
        except csv.Error as error:
            if "unexpected end" in str(error):
                raise self._told(str(error), rows.first_line - len(last)) from None

    def _told(self, reason: str, line: int) -> Exception:
        """What the tokenizer means."""
        if "field larger" in reason:
            return DataError(
                f"a cell must have at most {csv.field_size_limit():,} characters, but one in "
                f"line {line} of {self._name} has more; is a quote there never closed?"
            )
        if "unexpected end" in reason:
            return DataError(
                f"a quoted cell must be closed, but a quote that opens in line {line} of "
                f"{self._name} never is; remove or close it"
            )
        return TextAfterQuote(line, self._name)


def _packed(table: list[Row]) -> list[pa.Array]:
    """Rows as columns."""
    columns = zip(*table, strict=True)
    return [pa.array([cell or None for cell in cells], pa.string()) for cells in columns]


def _frame(columns: Sequence[pa.Array | pa.ChunkedArray], names: Sequence[str]) -> pd.DataFrame:
    numbers = [str(number) for number in range(len(columns))]  # names may be anything
    frame: pd.DataFrame = pa.table(columns, names=numbers).to_pandas()
    frame.columns = pd.Index(names)
    return frame


def _several(rows: NumberedRows) -> SeveralLines:
    return SeveralLines(rows.first_line, tuple(rows.lines))
