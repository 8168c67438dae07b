"""Delimited text that is larger than the memory, some rows at a time.

It is read twice by the rules of `text_files.py`: first to the end, to find what is wrong with
any of its lines and what is to be said of it; then again, and now its rows are handed on. So
nothing is predicted of a table that would be refused had it been read at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from automl.data.files.encodings import encoding_of
from automl.data.files.file_blocks import FileBlocks
from automl.data.files.text_files import Beginning, DelimitedText, LastSum
from automl.data.table.text_columns import TextAfterQuote, TextColumns
from automl.errors import DataError


def text_pieces(
    blocks: FileBlocks, known: Collection[str], rows_at_once: Callable[[int], int]
) -> Iterator[DelimitedText]:
    """Read the rows of a CSV, TSV or similar file in pieces; messages come with the first.

    Args:
        known: names of columns that the table should have, see `column_names`.
        rows_at_once: about how many rows a piece has, by the number of columns.

    Raises:
        DataError: as `parse_delimited`.
    """
    name, encoding = blocks.name, encoding_of(blocks, blocks.name)
    try:
        begun = Beginning.of(blocks.text(encoding), encoding, name, known)
        strict, messages = _survey(blocks, encoding, begun)
        columns = TextColumns(begun.names, begun.layout, name)
        width = len(begun.names)
        for table in columns.tables(
            blocks.text(encoding), strict=strict, cells_at_once=width * rows_at_once(width)
        ):
            yield DelimitedText(columns.frame_of(table), messages, begun.decimal)
            messages = ()
    except UnicodeError as error:
        raise DataError(f"{name} must be text, but it is no {encoding}: {error}") from None


def _survey(blocks: FileBlocks, encoding: str, begun: Beginning) -> tuple[bool, tuple[str, ...]]:
    """Read all rows, and keep none: whether strictly, and what is to be said of them."""
    columns = TextColumns(begun.names, begun.layout, blocks.name)
    strict = True
    try:
        sums = _last_sum(columns, blocks, encoding, strict=True)
    except TextAfterQuote as quote:
        strict = False
        columns = TextColumns(begun.names, begun.layout, blocks.name)
        columns.messages.append(quote.message)
        sums = _last_sum(columns, blocks, encoding, strict=False)
    return strict, (*begun.messages, *columns.messages, *sums.messages(blocks.name))


def _last_sum(columns: TextColumns, blocks: FileBlocks, encoding: str, *, strict: bool) -> LastSum:
    sums, n_rows = LastSum(), 0
    for table in columns.tables(blocks.text(encoding), strict=strict):
        sums.add(row[0] for row in table)
        n_rows += len(table)
    if not n_rows:
        raise columns.no_rows()
    return sums
