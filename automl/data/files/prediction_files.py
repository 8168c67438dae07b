"""Predictions as the columns of a table, and that table as a file, written piece by piece.

The first column has the target's name, then comes one per class, `probability of VALUE`. A name
that is taken, by the target or by another class of the same text, gets the first number that is
free behind it: `probability of 1 (2)`.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from automl.errors import DataError, reason_of
from automl.system.output_files import FileKind

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")

PREDICTIONS = FileKind("a table of predictions", ENDINGS, is_own=None)
"""A person's own table of true values can look just like one."""


def prediction_names(target: str, classes: Sequence[Any] | NDArray[Any]) -> tuple[str, ...]:
    """The names of the columns, all different: the target, then the probability of each class."""
    names = [target]
    for value in classes:
        names.append(_free(f"probability of {value}", names))
    return tuple(names)


def names_beside(kept: Sequence[str], predicted: Sequence[str]) -> tuple[str, ...]:
    """Names of predicted columns, all different, and different from those that are kept.

    One that is taken becomes `NAME (predicted)`, or where that is taken too
    `NAME (predicted) (2)`, with the first number that is free.
    """
    names = list(kept)
    for plain in predicted:
        names.append(_free(f"{plain} (predicted)", names) if plain in names else plain)
    return tuple(names[len(kept) :])


def _free(plain: str, taken: Sequence[str]) -> str:
    """A name that is not taken: the plain one, or with the first free number behind it."""
    name, number = plain, 2
    while name in taken:
        name, number = f"{plain} ({number})", number + 1
    return name


class PredictionWriter:
    """Writes columns of predictions, some rows at a time, in the format of a file's ending.

    Args:
        file: is left open.
        name: of the file: what it ends with says the format.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        lowered = name.lower()
        self._file = file
        self._is_parquet = lowered.endswith(".parquet")
        self._separator = "\t" if ".tsv" in lowered[-len(".tsv.gz") :] else ","
        self._parquet: pq.ParquetWriter | None = None
        self._is_begun = False

    def write(self, columns: Mapping[str, NDArray[Any] | pd.Series[Any]]) -> None:
        """Write the next rows.

        Raises:
            DataError: Parquet cannot hold a column, whose cells are of one type.

        Shape:
            each column: (N,).
        """
        table = pd.DataFrame({_whole(key): _all_whole(values) for key, values in columns.items()})
        if self._is_parquet:
            self._write_parquet(table)
        else:
            text = table.apply(_moments_as_text).to_csv(
                index=False, sep=self._separator, lineterminator="\n", header=not self._is_begun
            )
            self._file.write(text.encode("utf-8"))
        self._is_begun = True

    def _write_parquet(self, table: pd.DataFrame) -> None:
        schema = None if self._parquet is None else self._parquet.schema
        try:
            rows = pa.Table.from_pandas(
                table.apply(_of_one_type), schema=schema, preserve_index=False
            )
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise DataError(
                "a column of Parquet has cells of one type, but one of the rows to predict has "
                f"cells of several ({reason_of(error)}); write a file that ends in .csv"
            ) from None
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(self._file, rows.schema)
        self._parquet.write_table(rows)

    def close(self) -> None:
        """Write what belongs at the end."""
        if self._parquet is not None:
            self._parquet.close()


@contextmanager
def writing_predictions(file: BinaryIO, name: str) -> Iterator[PredictionWriter]:
    """Write predictions into an open file; packed where its name ends in .gz."""
    if not name.lower().endswith(".gz"):
        writer = PredictionWriter(file, name)
        yield writer
        writer.close()
        return
    with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:  # the same bytes at any time
        yield PredictionWriter(packed, name)  # type: ignore[arg-type]


def _whole(text: str) -> str:
    """Text without half characters, which Python can hold, but no file."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _all_whole(values: NDArray[Any] | pd.Series[Any]) -> NDArray[Any] | pd.Series[Any]:
    if values.dtype.kind != "O" or isinstance(values.dtype, pd.CategoricalDtype):
        return values
    return np.array([_whole(one) if isinstance(one, str) else one for one in values], dtype=object)


def _moments_as_text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Moments as ISO 8601 has them: pandas writes a day alone where all of a piece are days."""
    if values.dtype.kind != "M":
        return values
    return values.map(lambda moment: moment.isoformat(), na_action="ignore").astype(object)


def _of_one_type(values: pd.Series[Any]) -> pd.Series[Any]:
    """What could be of another type in another piece, as an empty column is, as texts."""
    if isinstance(values.dtype, pd.CategoricalDtype) or values.dtype.kind == "O":
        is_flag = pd.api.types.infer_dtype(values, skipna=True) == "boolean"
        return values.astype(object).astype("boolean" if is_flag else "string")
    return values
