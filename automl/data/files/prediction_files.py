"""Predictions as the columns of a table, and that table as a file.

The first column has the target's name, then comes one per class, `probability of VALUE`. A name
that is taken, by the target or by another class of the same text, gets the first number that is
free behind it: `probability of 1 (2)`.

A file of predictions may be predicted into again, so it must be told from a person's own table
(`automl/system/output_files.py` says why): by exactly these columns. Of a quantity there is one
column only, which a table of true values has too; no text file of one column is replaced then.
A Parquet file has a seal, the hash of its values: pandas carries the attributes of a table over
to what people make of it, and a hash that does not fit tells such tables from those written here.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.system.output_files import FileKind

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
NAME = "a table of predictions"
SEAL = "sha-256 of automl predict"  # among the attributes of a Parquet file's table

READ = 2**20  # characters of a text file that are looked at; a header of 10,000 classes has 300 kB


def prediction_names(target: str, classes: Sequence[Any] | NDArray[Any]) -> tuple[str, ...]:
    """The names of the columns, all different: the target, then the probability of each class."""
    names = [target]
    for value in classes:
        plain = name = f"probability of {value}"
        number = 2
        while name in names:
            name, number = f"{plain} ({number})", number + 1
        names.append(name)
    return tuple(names)


def predictions_kind(names: Sequence[str]) -> FileKind:
    """Files of predictions with columns of these names."""
    unlike = "" if len(names) > 1 else "predictions in one column look like a table of true values"
    return FileKind(NAME, ENDINGS, lambda path: _is_own(path, list(names)), unlike)


def predictions_content(columns: Mapping[str, NDArray[Any]], name: str) -> bytes:
    """Columns of predictions as the content of a file of this name."""
    table = pd.DataFrame({_whole(key): _all_whole(values) for key, values in columns.items()})
    buffer = io.BytesIO()
    if name.lower().endswith(".parquet"):
        table.attrs[SEAL] = _hash(table)
        table.to_parquet(buffer, index=False)
    else:
        table.to_csv(
            buffer,
            index=False,
            sep=_separator(name),
            lineterminator="\n",
            compression="gzip" if name.lower().endswith(".gz") else None,
        )
    return buffer.getvalue()


def _whole(text: str) -> str:
    """Text without half characters, which Python can hold, but no file."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _all_whole(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind != "O":
        return values
    return np.array([_whole(one) if isinstance(one, str) else one for one in values], dtype=object)


def _separator(name: str) -> str:
    return "\t" if ".tsv" in name.lower()[-len(".tsv.gz") :] else ","


def _is_own(path: Path, names: list[str]) -> bool:
    if path.name.lower().endswith(".parquet"):
        return _is_own_parquet(path, names)
    if len(names) == 1:
        return False
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        lines = csv.reader(io.StringIO(file.read(READ)), delimiter=_separator(path.name))
    try:
        return next(lines, []) == [_whole(name) for name in names]
    except csv.Error:
        return False


def _is_own_parquet(path: Path, names: list[str]) -> bool:
    try:
        with path.open("rb") as file:
            if SEAL not in pd.read_parquet(file, columns=[]).attrs:
                return False
            table = pd.read_parquet(file)
    except Exception:  # whatever its libraries raise: what cannot be read is not our file
        return False
    return list(table) == [_whole(name) for name in names] and table.attrs[SEAL] == _hash(table)


def _hash(table: pd.DataFrame) -> str:
    """The hash of a table's values, whatever their types are called."""
    return hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()
