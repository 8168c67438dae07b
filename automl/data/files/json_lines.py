"""JSON lines that are larger than the memory, some rows at a time.

They are read twice by the rules of `json_files.py`: first to learn which columns there are and of
which kinds their values, since a column is typed as a whole; then again, to hand rows on.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from automl.data.files.encodings import encoding_of
from automl.data.files.file_blocks import FileBlocks
from automl.data.files.json_files import flat_objects, kinds_of, typed_cells
from automl.errors import DataError

_LINES_AT_ONCE = 1000

_LONGEST_FIRST_LINE = 1 << 24  # characters; one list of all rows in one line is none of lines


def is_json_lines(blocks: FileBlocks) -> bool:
    """Whether the first line of a text of JSON is a row by itself."""
    stream = blocks.text(encoding_of(blocks, blocks.name))
    try:
        lines = (line for line in iter(lambda: stream.readline(_LONGEST_FIRST_LINE), ""))
        first = next((line for line in lines if line.strip(" \t\r\n\ufeff")), "")
        return isinstance(json.loads(first.strip(" \t\r\n\ufeff,")), dict)
    except (ValueError, RecursionError):
        return False


def json_line_pieces(
    blocks: FileBlocks, rows_at_once: Callable[[int], int]
) -> Iterator[pd.DataFrame]:
    """Read rows that are JSON objects, each in a line, in pieces.

    Args:
        rows_at_once: how many rows a piece has, by the number of columns.

    Raises:
        DataError: as `parse_json`.
    """
    encoding = encoding_of(blocks, blocks.name)
    try:
        kinds: dict[str, set[type]] = {}
        for row in _rows(blocks, encoding):
            for key, value in row.items():
                kinds.setdefault(key, set()).update(kinds_of([value]))
        if not kinds:
            raise DataError(f"{blocks.name} must have rows, but its objects are empty")
        rows = _rows(blocks, encoding)
        while piece := list(itertools.islice(rows, rows_at_once(len(kinds)))):
            yield pd.DataFrame(
                {
                    key: typed_cells([row.get(key) for row in piece], frozenset(of))
                    for key, of in kinds.items()
                }
            )
    except UnicodeError as error:
        raise DataError(
            f"{blocks.name} must be text, but cannot be read as such: {error}"
        ) from None


def _rows(blocks: FileBlocks, encoding: str) -> Iterator[dict[str, Any]]:
    stream, first_line = blocks.text(encoding), 1
    while lines := list(itertools.islice(stream, _LINES_AT_ONCE)):
        yield from flat_objects("".join(lines), blocks.name, first_line)
        first_line += len(lines)
