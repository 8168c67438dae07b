"""Tables that may be larger than the memory: piece by piece, as if they had been read at once.

Text of rows, JSON lines and Parquet are read so where they are large, gzip or not; whatever else
is one piece. A piece has a multiple of as many rows as a network is called with at once, so that
each row is computed beside the same others, to the same bits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from automl.data.files.file_blocks import FileBlocks
from automl.data.files.file_bytes import shown
from automl.data.files.json_files import is_json
from automl.data.files.json_lines import is_json_lines, json_line_pieces
from automl.data.files.parquet_files import is_parquet, parquet_pieces
from automl.data.files.text_pieces import text_pieces
from automl.data.sources import Table, bare_kind, checked_frame, is_text_kind, read_table

LARGE_BYTES = 1 << 26
"""From 64 MiB on, a file is read in pieces."""

LARGE_PACKED_BYTES = 1 << 22
"""The same of gzip and Parquet, which may unpack to many times that."""

CELLS_AT_ONCE = 1 << 20
"""A piece has about so many: some 100 MiB while it is read."""

ROWS_TOGETHER = 2048
"""Rows of a piece are a multiple of these; `training/network.py` takes so many at once."""


def read_pieces(source: Any, names: Collection[str] = ()) -> Iterator[Table]:
    """Read any source that `read_table` reads; what it has to say comes with the first piece.

    Args:
        names: of columns that the table should have, by which a text file's header is known.

    Raises:
        DataError: as `read_table`; also behind the first pieces, where a later one is damaged.
    """
    pieces = _pieces(Path(source), names) if _is_large(source) else None
    if pieces is None:
        yield read_table(source, names=names)
        return
    n_before = 0
    for piece in _cut(pieces):
        frame = checked_frame(piece.frame, piece.name, n_before + 1)
        n_before += len(frame)
        yield replace(piece, frame=frame)
    if not n_before:
        yield read_table(source, names=names)  # which says what is wrong


def rows_at_once(n_columns: int) -> int:
    """How many rows a piece has."""
    return max(1, CELLS_AT_ONCE // max(1, n_columns) // ROWS_TOGETHER) * ROWS_TOGETHER


def _is_large(source: Any) -> bool:
    if not isinstance(source, (str, Path)) or str(source).startswith("sklearn:"):
        return False
    try:
        path = Path(source)
        with path.open("rb") as file:
            is_packed = file.read(4).startswith((b"\x1f\x8b", b"PAR1"))
        return path.stat().st_size >= (LARGE_PACKED_BYTES if is_packed else LARGE_BYTES)
    except (OSError, ValueError):  # `read_table` says what is wrong
        return False


def _pieces(path: Path, names: Collection[str]) -> Iterator[Table] | None:
    """The pieces of a file, of whatever sizes; None where its kind is read at once."""
    blocks, kind = FileBlocks(path), bare_kind(path)
    content = next(blocks(), b"")
    if not any(block.strip(b" \t\r\n\x00") for block in blocks()):
        return None  # empty: `read_table` says so
    name, source = shown(path.name.partition(".")[0]), shown(path)
    with path.open("rb") as file:
        is_plain_parquet = is_parquet(file.read(4))
    if is_plain_parquet:
        frames = parquet_pieces(path, blocks.name, rows_at_once)
        return (Table(frame, name, source) for frame in frames)
    if is_json(content) or kind in (".json", ".jsonl", ".ndjson"):
        if not is_json_lines(blocks):
            return None
        return (Table(frame, name, source) for frame in json_line_pieces(blocks, rows_at_once))
    if not is_text_kind(kind, content):
        return None
    return (
        Table(
            read.frame,
            name,
            source,
            messages=read.messages,
            has_types=False,
            decimal=read.decimal,
        )
        for read in text_pieces(blocks, names, rows_at_once)
    )


def _cut(pieces: Iterator[Table]) -> Iterator[Table]:
    """The same rows in pieces of equal size, but for the last one."""
    held: Table | None = None
    for piece in pieces:
        if held is not None:
            frame = pd.concat([held.frame, piece.frame], ignore_index=True)
            piece = replace(held, frame=frame)
        size = rows_at_once(piece.frame.shape[1])
        held = piece
        while len(held.frame) > size:
            yield replace(held, frame=held.frame.iloc[:size])
            held = replace(held, frame=held.frame.iloc[size:], messages=())
    if held is not None:
        yield held
