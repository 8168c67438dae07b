"""Frames from anywhere become frames of plain columns, each value keeping its meaning.

pandas and Arrow have many ways to store the same values. Here dictionaries, decimals, half
floats, periods, bytes and Arrow's own types become what the rest of the data layer knows:
numbers, texts, moments, categories, or objects. Cells that are no single values are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from automl.errors import DataError

_NESTED = (list, tuple, dict, set, frozenset, np.ndarray, pd.Series, pd.DataFrame)


def frame_of_arrow(table: pa.Table, name: str) -> pd.DataFrame:
    """Turn an Arrow table into a frame; an index that pandas stored in it is left out.

    Raises:
        DataError: a column holds nested values, or values of a type that pandas has not.
    """
    index, categorical = _said_by_pandas(table.schema)
    columns = []
    names = []
    for position, column in enumerate(table.column_names):
        if column in index:
            continue
        names.append(column)
        columns.append(
            series_of_arrow(table.column(position), column, name, column in categorical)
        )
    if not columns:
        return pd.DataFrame(index=range(table.num_rows))
    frame = pd.concat(columns, axis="columns")
    frame.columns = pd.Index(names)
    return frame


def _said_by_pandas(schema: pa.Schema) -> tuple[set[str], set[str]]:
    """Columns that were the index of a frame, and those that were categories."""
    try:
        said = schema.pandas_metadata or {}
        columns = said.get("columns", [])
        index = {each for each in said.get("index_columns", []) if isinstance(each, str)}
        kinds = {each["name"]: each["pandas_type"] for each in columns}
    except (ValueError, TypeError, KeyError, AttributeError):  # damaged: the columns say it all
        return set(), set()
    return index, {name for name, kind in kinds.items() if kind == "categorical"}


def series_of_arrow(
    values: pa.ChunkedArray | pa.Array, column: str, name: str, is_categorical: bool = False
) -> pd.Series[Any]:
    """Turn an Arrow column into a Series.

    Args:
        is_categorical: a dictionary is a category, and not only a way to store values.

    Raises:
        DataError: nested values, or values of a type that pandas has not.
    """
    if pa.types.is_run_end_encoded(values.type):
        pieces = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
        values = pa.chunked_array([pc.run_end_decode(piece) for piece in pieces])
    kind = values.type
    if pa.types.is_nested(kind):
        raise DataError(
            f"cells must be single values, but {column!r} of {name} holds {str(kind)[:60]}; "
            "expand or remove the column"
        )
    try:
        if pa.types.is_dictionary(kind) and not is_categorical:
            if pa.types.is_string_view(kind.value_type):  # as polars has; few casts exist
                values = values.cast(pa.dictionary(kind.index_type, pa.string()))
            return series_of_arrow(values.cast(values.type.value_type), column, name)
        if pa.types.is_decimal(kind):
            values = values.cast(pa.float64())
        elif pa.types.is_float16(kind):
            return pd.Series(_as_written(values.to_pandas().to_numpy(np.float16, na_value=np.nan)))
        elif pa.types.is_integer(kind) and values.null_count:
            mapper = {kind: pd.api.types.pandas_dtype(_nullable(kind))}
            whole: pd.Series[Any] = values.to_pandas(types_mapper=mapper.get)
            return whole
        read: pd.Series[Any] = values.to_pandas(date_as_object=False)
    except (pa.ArrowException, ValueError, TypeError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise DataError(
            f"{column!r} of {name} must be numbers, texts or dates, but its type {str(kind)[:60]} "
            f"cannot be read: {reason}"
        ) from None
    return read


def plain_frame(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Make the columns of a frame plain; the frame given stays as it is.

    Raises:
        DataError: a column holds nested or complex values.
    """
    plain = frame.copy(deep=False)
    for position, (column, dtype) in enumerate(zip(frame.columns, frame.dtypes, strict=True)):
        if not has_plain_type(dtype):
            read = _plain(frame.iloc[:, position], str(column), name)
            plain.isetitem(position, read.array)
    return plain


def has_plain_type(dtype: Any) -> bool:
    """Whether columns of this type are plain whatever they hold."""
    if isinstance(dtype, np.dtype):
        return dtype.kind in "biuMm" or dtype in (np.float32, np.float64)
    return isinstance(dtype, (pd.StringDtype, pd.CategoricalDtype))


def _plain(values: pd.Series[Any], column: str, name: str) -> pd.Series[Any]:
    dtype = values.dtype
    if isinstance(dtype, pd.ArrowDtype):
        read = series_of_arrow(pa.chunked_array(pa.array(values)), column, name)
        return _plain(read.set_axis(values.index), column, name)
    if isinstance(dtype, pd.SparseDtype):
        return _plain(pd.Series(np.asarray(values), values.index), column, name)
    if isinstance(dtype, pd.PeriodDtype):
        return pd.Series(pd.PeriodIndex(values).to_timestamp(), values.index)
    if isinstance(dtype, pd.IntervalDtype):
        return values.astype(str).where(values.notna(), None)
    if dtype == np.float16:
        return pd.Series(_as_written(values.to_numpy()), values.index)
    if dtype == np.longdouble:
        return values.astype(np.float64)
    if dtype.kind == "c":
        raise _complex(column, name)
    return _plain_objects(values, column, name) if pd.api.types.is_object_dtype(dtype) else values


def _plain_objects(values: pd.Series[Any], column: str, name: str) -> pd.Series[Any]:
    kinds = set(map(type, values))
    nested = [kind for kind in kinds if issubclass(kind, _NESTED) or not _is_hashable(kind)]
    if nested:
        raise DataError(
            f"cells must be single values, but {column!r} of {name} holds nested ones "
            f"({nested[0].__name__}); expand or remove the column"
        )
    if kinds & {complex, np.complex64, np.complex128}:
        raise _complex(column, name)
    if kinds.isdisjoint(_OBJECTS):
        return values
    return values.map(lambda cell: _OBJECTS.get(type(cell), _as_it_is)(cell))


def _as_written(halves: NDArray[np.float16]) -> NDArray[np.float64]:
    """Floats of half precision as a file would hold them: 0.1, not 0.09998."""
    distinct, codes = np.unique(halves, return_inverse=True)
    written = np.asarray([float(str(value)) for value in distinct], dtype=np.float64)
    return written[codes]


def _is_hashable(kind: type) -> bool:
    """Whether values of a type can be told apart as categories are."""
    return getattr(kind, "__hash__", None) is not None


def _complex(column: str, name: str) -> DataError:
    return DataError(
        f"columns must hold real numbers, but {column!r} of {name} holds complex ones; make two "
        "columns of their real and imaginary parts"
    )


def _as_it_is(cell: Any) -> Any:
    return cell


def _text(cell: bytes) -> str:
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError:
        return cell.decode("latin-1")


_OBJECTS: dict[type, Callable[[Any], Any]] = {
    bytes: _text,
    Decimal: lambda number: np.nan if number.is_nan() else float(number),
    np.float16: lambda half: float(str(half)),
    pd.Period: lambda period: period.to_timestamp(),
}


def _nullable(kind: pa.DataType) -> str:
    """Name for pandas an integer type with missing values: "Int64" for int64."""
    text = str(kind)
    return "UInt" + text[4:] if text.startswith("u") else "Int" + text[3:]
