"""Predictions as the columns of a table, and that table as a file.

The first column has the target's name, then comes one per class, `probability of VALUE`. A name
that is taken, by the target or by another class of the same text, gets the first number that is
free behind it: `probability of 1 (2)`.

A file of predictions may be predicted into again, so it must be told from a person's own table
(automl/output_files.py says why): by exactly these columns. Of a quantity there is one column
only, which a table of true values may have too; there the numbers decide, since a network's have
all the digits of a 64-bit number, and those that people write down few. Parquet says it itself.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.output_files import FileKind

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
NAME = "a table of predictions"
SIGN = {"written by": "automl predict"}  # among the attributes of a Parquet file's table

READ = 2**20  # characters of a text file that are looked at; a header of 10,000 classes has 300 kB
LOOKED_AT = 20  # rows
MANY_DIGITS = 12  # of a 64-bit number's 15 to 17: those of a network seldom end in so many zeros


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
    return FileKind(NAME, ENDINGS, lambda path: _is_own(path, list(names)))


def predictions_content(columns: Mapping[str, NDArray[Any]], name: str) -> bytes:
    """Columns of predictions as the content of a file of this name."""
    table = pd.DataFrame({_whole(key): _all_whole(values) for key, values in columns.items()})
    buffer = io.BytesIO()
    if name.lower().endswith(".parquet"):
        table.attrs.update(SIGN)
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
        return _is_own_parquet(path)
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        lines = csv.reader(io.StringIO(file.read(READ)), delimiter=_separator(path.name))
    try:
        header = next(lines, [])
        rows = [row for row, _ in zip(lines, range(LOOKED_AT), strict=False)]
    except csv.Error:
        return False
    if header != names:
        return False
    return len(names) > 1 or any(_has_many_digits(row[0]) for row in rows if row)


def _is_own_parquet(path: Path) -> bool:
    try:
        return pd.read_parquet(path, columns=[]).attrs == SIGN
    except Exception:  # whatever its libraries raise: what cannot be read is not our file
        return False


def _has_many_digits(text: str) -> bool:
    digits = re.sub(r"e.*|[^0-9]", "", text.lower()).lstrip("0")
    return len(digits) >= MANY_DIGITS
