"""Delimited text of unknown encoding and layout becomes a frame of texts.

Every cell is the text that stands in the file, only empty ones are missing: what "NA", "007"
or "1,5" mean depends on the column (`column_inference.py`). A row that does not have the
header's number of cells is an error that names its line, except for empty cells at its end:
cutting or filling it would be silently wrong. Files without quotes take a shorter way
(`unquoted_text.py`). Encodings are in `encodings.py`, the delimiter and the header in
`layouts.py` and `headers.py`, quotes that swallow lines in `stray_quotes.py`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from automl.data.files.delimited_rows import SPACES, Row, sample_rows
from automl.data.files.encodings import detect_encoding, without_end_mark
from automl.data.files.file_bytes import shown
from automl.data.files.headers import column_names
from automl.data.files.layouts import Layout, find_layout, sample_of
from automl.data.files.unquoted_text import read_unquoted
from automl.data.table.text_columns import TextAfterQuote, TextColumns
from automl.errors import DataError
from automl.wording.counts import agree

_SUM = re.compile(r"(?i)\s*(?:grand |sub)?(?:totals?|sum|summe|gesamt)\b")


@dataclass(frozen=True, slots=True)
class DelimitedText:
    """What a delimited text holds."""

    frame: pd.DataFrame  # of texts
    messages: tuple[str, ...]  # what was detected where it is unusual
    decimal: str  # the mark that goes with the delimiter: where cells end with ";", it is ","


def parse_delimited(content: bytes, name: str, names: Collection[str] = ()) -> DelimitedText:
    """Read the bytes of a CSV, TSV or similar file.

    Args:
        name: of the file, as it is shown.
        names: of columns that the table should have, see `column_names`.

    Raises:
        DataError: not text, no header, rows with other numbers of cells than the header, quotes
            that swallow lines, duplicate column names, or no rows.
    """
    content = without_end_mark(content)
    encoding = detect_encoding(content, name)
    try:
        begun = Beginning.of(_stream(content, encoding), encoding, name, names)
        frame = None
        told: list[str] = []
        if encoding == "utf-8" and begun.header:
            frame = read_unquoted(content, begun.layout, begun.header, begun.names)
        if frame is None:
            frame, told = _read_rows(content, encoding, begun, name)
    except UnicodeError as error:
        raise DataError(f"{name} must be text, but it is no {encoding}: {error}") from None
    first = frame.iloc[:, 0]
    sums = LastSum.among([str(first.iloc[-1])], first.iloc[:-1].fillna(""))
    return DelimitedText(frame, (*begun.messages, *told, *sums.messages(name)), begun.decimal)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the first lines of a text say of all."""

    layout: Layout
    header: Row  # as it stands there; empty where the text has no rows
    names: list[str]
    messages: tuple[str, ...]  # what is unusual
    decimal: str

    @classmethod
    def of(
        cls, stream: Iterable[str], encoding: str, name: str, known: Collection[str]
    ) -> Beginning:
        """Look at the first lines.

        Args:
            known: names of columns that the table should have, see `column_names`.

        Raises:
            DataError: the first row is none of names.
        """
        sample = sample_of(stream)
        layout = find_layout(sample)
        rows = sample_rows(sample[layout.n_skipped :], layout.delimiter)
        names = column_names(rows, layout, name, known)
        header = rows[0] if rows else []
        # What divides nothing is not said, and no sign of a decimal mark.
        delimiter = layout.delimiter if len(header) > 1 else None
        unusual = tuple(_unusual(layout, encoding, delimiter, name))
        return cls(layout, header, names, unusual, "," if delimiter == ";" else ".")


def _read_rows(
    content: bytes, encoding: str, begun: Beginning, name: str
) -> tuple[pd.DataFrame, list[str]]:
    """Read row by row, and say what was odd."""
    columns = TextColumns(begun.names, begun.layout, name)
    try:
        columns.read(_stream(content, encoding), strict=True)
    except TextAfterQuote as quote:
        columns = TextColumns(begun.names, begun.layout, name)
        columns.messages.append(quote.message)
        columns.read(_stream(content, encoding), strict=False)
    return columns.frame(), columns.messages


def _stream(content: bytes, encoding: str) -> io.TextIOWrapper:
    # Line ends of all systems divide lines; those inside quoted cells stay as they are.
    return io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")


def _unusual(layout: Layout, encoding: str, delimiter: str | None, name: str) -> list[str]:
    lines = []
    if encoding not in ("utf-8", "utf-8-sig"):
        lines.append(f"{name} is read as {encoding}")
    if delimiter == SPACES:
        lines.append(f"{name} is read with runs of spaces as the delimiter")
    elif delimiter == ";" or (delimiter == "\t" and ".tsv" not in name.lower()):
        lines.append(f"{name} is read with the delimiter {delimiter!r}")
    if layout.skipped:
        above = agree(layout.n_skipped, "line 1", f"lines 1 to {layout.n_skipped}")
        lines.append(f"{name} is read without {above} above the header: {layout.skipped[:60]!r}")
    return lines


@dataclass(slots=True)
class LastSum:
    """Whether the last row, and no other, begins as a sum does."""

    last: str = ""  # the first cell of the last row
    n_sums: int = 0  # rows that begin so

    @classmethod
    def among(cls, last: Sequence[str], others: Iterable[str]) -> LastSum:
        """Of all rows' first cells."""
        found = cls()
        found.add(others)
        found.add(last)
        return found

    def add(self, cells: Iterable[str]) -> None:
        """Look at the first cells of further rows."""
        for cell in cells:
            self.n_sums += _SUM.match(cell) is not None
            self.last = cell

    def messages(self, name: str) -> list[str]:
        """Say it, where it is so."""
        if self.n_sums != 1 or not _SUM.match(self.last):
            return []
        return [
            f"the last row of {name} begins with {shown(self.last[:40])!r} and is read as a row; "
            "if it is a sum of those above, remove it"
        ]
