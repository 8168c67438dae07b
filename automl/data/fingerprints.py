"""A hash of the content of tables, by which a study knows its data again."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.table.cells import raw_column
from automl.data.table.column_reading import read_numbers
from automl.data.table.number_formats import PLAIN


def fingerprint(*frames: pd.DataFrame | None) -> str:
    """Hash the content of tables: names, cells, order of rows; not the path, format or dtype.

    Numbers are hashed as float64, so that a CSV file and its DataFrame agree. The hash is the
    same in every process and on every machine of either byte order.
    """
    digest = hashlib.blake2b(digest_size=16)
    for frame in frames:
        if frame is None:
            digest.update(b"none")
            continue
        digest.update(repr((len(frame), [str(name) for name in frame.columns])).encode())
        for position in range(frame.shape[1]):
            digest.update(_hash_column(frame.iloc[:, position]))
    return digest.hexdigest()


def plain_cells(values: pd.Series[Any]) -> NDArray[Any]:
    """A column's cells, equal where they are written or stored in different ways.

    Shape:
        result: (N,), float64 where all cells are numbers or empty, else texts.
    """
    raw = raw_column(values)
    numbers = read_numbers(raw, PLAIN) if raw.form == "numbers" else None
    if raw.form == "texts":
        numbers = raw.plain
    if numbers is not None:
        plain: NDArray[Any] = np.where(np.isnan(numbers), np.nan, numbers) + 0.0  # one NaN, one 0
        return plain
    cells = raw.values.dt.strftime("%Y-%m-%dT%H:%M:%S.%f") if raw.form == "moments" else raw.values
    return cells.fillna("").to_numpy(dtype=object)


def _hash_column(values: pd.Series[Any]) -> bytes:
    cells = plain_cells(values)
    if cells.dtype == object:
        return pd.util.hash_array(cells).astype("<u8").tobytes()
    return cells.astype("<f8").tobytes()
