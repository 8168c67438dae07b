"""Parquet files become frames; what they claim to hold is checked before it is unpacked."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from automl.data.files.file_bytes import MAX_UNPACKED_BYTES, refuse_bomb
from automl.data.table.plain_frames import frame_of_arrow
from automl.errors import DataError, reason_of

_CELL_BYTES = 8  # of a number; a run of equal ones takes next to nothing in the file


def is_parquet(content: bytes) -> bool:
    """Whether bytes begin as Parquet does."""
    return content.startswith(b"PAR1")


def parse_parquet(content: bytes, name: str, *, limit: int = MAX_UNPACKED_BYTES) -> pd.DataFrame:
    """Read a Parquet file.

    Raises:
        DataError: a damaged file, one that unpacks to more than the limit, or cells that are no
            single values.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        about = file.metadata
        stored = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
        cells = about.num_rows * about.num_columns
        refuse_bomb(max(stored, cells * _CELL_BYTES), name, limit)
        texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        table = pq.read_table(io.BytesIO(content), read_dictionary=texts)
        table.validate(full=True)
        refuse_bomb(_text_bytes(table), name, limit)
    except DataError:
        raise
    except Exception as error:  # pyarrow raises many kinds for damaged files
        reason = reason_of(error)
        raise DataError(f"{name} must be a Parquet file, but cannot be read: {reason}") from None
    return frame_of_arrow(table, name)


def parquet_pieces(
    path: Path, name: str, rows_at_once: Callable[[int], int]
) -> Iterator[pd.DataFrame]:
    """Read a Parquet file by its row groups, of each some rows at a time.

    Args:
        rows_at_once: at most how many, by the number of columns.

    Raises:
        DataError: as `parse_parquet`; a piece that unpacks to more than its limit is refused.
    """
    try:
        texts = [each.name for each in pq.read_schema(path) if _is_text(each.type)]
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            file_metadata = file.metadata
            for batch in file.iter_batches(rows_at_once(file_metadata.num_columns)):
                table = pa.Table.from_batches([batch])
                table.validate(full=True)
                refuse_bomb(_text_bytes(table), name)
                if len(table):
                    yield frame_of_arrow(table, name)
    except (pa.ArrowException, OSError) as error:
        reason = reason_of(error)
        raise DataError(f"{name} must be a Parquet file, but cannot be read: {reason}") from None


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_large_binary(kind)
    )


def _text_bytes(table: pa.Table) -> int:
    """What the texts of dictionaries take in all rows: in the file each stands once."""
    total = 0
    for column in table.columns:
        for chunk in column.chunks:
            if pa.types.is_dictionary(chunk.type) and _is_text(chunk.type.value_type):
                lengths = pc.binary_length(chunk.dictionary).take(chunk.indices)
                total += pc.sum(lengths.cast(pa.int64())).as_py() or 0
    return total
