"""x and y, in whatever holds them, become one frame with the target as its last column.

Frames and Series keep their names and types, tensors leave their device and graph, lists of
rows are read column by column. Rows belong together by their position, whatever an index
says, as everywhere in the scientific stack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from automl.data.files.json_files import frame_of_objects
from automl.data.table.columns import column_name
from automl.data.table.plain_frames import frame_of_arrow, series_of_arrow
from automl.errors import DataError, reason_of

_KEYS = "x and y, or x_train and y_train (and x_test and y_test)"


@dataclass(frozen=True, slots=True)
class ArrayTable:
    """The frame that x and y make, and the one of test rows where there are."""

    frame: pd.DataFrame
    target: str
    test_frame: pd.DataFrame | None = None
    messages: tuple[str, ...] = ()


def table_of_arrays(arrays: Mapping[Any, Any], name: str) -> ArrayTable:
    """Make a table of x and y; extra keys may name classes and features.

    Raises:
        DataError: x or y is missing, they do not fit together, or are no arrays.
    """
    given = named_arrays(arrays, name)
    x, flat = features(given["x"], _texts(given.get("feature_names"), "feature_names"))
    y = target_values(given)
    target = _target_name(x, y)
    test = None
    if "x_test" in given and "y_test" in given:
        test_x, _ = features(given["x_test"], [str(each) for each in x.columns])
        if test_x.shape[1] != x.shape[1]:
            raise DataError(
                f"x_test must have the columns of x, but has {test_x.shape[1]} and x has "
                f"{x.shape[1]}"
            )
        test = _joined(test_x, target_values(given, "test"), target)
    message = f"x is flattened from {flat} to {x.shape[1]} columns"
    return ArrayTable(_joined(x, y, target), target, test, (message,) if flat else ())


def named_arrays(arrays: Mapping[Any, Any], name: str) -> dict[str, Any]:
    """Arrays by lower-case names; those of train rows are called x and y.

    Raises:
        DataError: x or y is missing.
    """
    given = {str(key).lower(): value for key, value in arrays.items()}
    if len(given) < len(arrays):
        raise DataError(
            f"keys of arrays must differ in more than upper and lower case, but {name} has "
            f"{', '.join(map(str, arrays))}"
        )
    if not {"x", "y"} <= given.keys() and {"x_train", "y_train"} <= given.keys():
        given |= {"x": given["x_train"], "y": given["y_train"]}
    if not {"x", "y"} <= given.keys():
        raise DataError(
            f"arrays must have the keys {_KEYS}, but {name} has "
            f"{', '.join(map(str, arrays)) or 'none'}"
        )
    return given


def target_values(given: Mapping[str, Any], role: str = "") -> pd.Series[Any]:
    """The y of arrays as a Series of classes by their names, or of numbers.

    Args:
        role: of rows that came apart: "valid" or "test".
    """
    y = given[f"y_{role}" if role else "y"]
    return labels(y, _texts(given.get("class_names"), "class_names"))


def features(value: Any, names: Sequence[str] = ()) -> tuple[pd.DataFrame, str]:
    """Make a frame of x; the text says from what it was flattened, if it was.

    Args:
        names: of the columns, where x has none and as many.
    """
    x = plain_array(value, "x")
    if isinstance(x, pd.Series):
        x = x.to_frame() if x.name is not None else x.to_numpy()
    flat = ""
    if isinstance(x, pd.DataFrame):
        frame = x.set_axis([column_name(each) for each in x.columns], axis="columns")
    else:
        if x.ndim == 0 or x.size == 0:
            raise DataError(f"x must have rows and columns, but x has shape {x.shape}")
        flat = " x ".join(map(str, x.shape[1:])) if x.ndim > 2 else ""
        frame = _frame_of_rows(x.reshape(len(x), -1))
    has_names = isinstance(x, pd.DataFrame) and not _is_numbered(frame)
    if len(names) == frame.shape[1] and not has_names:
        frame.columns = pd.Index(names)
    return frame.reset_index(drop=True), flat


def _frame_of_rows(x: NDArray[Any]) -> pd.DataFrame:
    try:
        frame = pd.DataFrame(x).infer_objects()
    except (ValueError, TypeError) as error:  # moments beyond all bounds, or without a unit
        raise DataError(f"x and y must hold numbers, texts or dates, but: {error}") from None
    return frame.set_axis(_numbered(frame.shape[1]), axis="columns")


def _is_numbered(frame: pd.DataFrame) -> bool:
    return frame.columns.equals(_numbered(frame.shape[1]))


def _numbered(n_columns: int) -> pd.Index[str]:
    return pd.Index([f"x{i}" for i in range(1, n_columns + 1)])


def labels(value: Any, classes: Sequence[str] = ()) -> pd.Series[Any]:
    """Make a Series of y, with its name where it has one.

    Args:
        classes: names of the classes that y numbers from 0.
    """
    y = plain_array(value, "y")
    if isinstance(y, pd.DataFrame):
        if y.shape[1] != 1:
            raise DataError(f"y must be one column, but has {y.shape[1]}; choose one of them")
        y = y.iloc[:, 0]
    if not isinstance(y, pd.Series):
        if y.ndim not in (1, 2) or y.size != len(y):
            raise DataError(f"y must have one value per row of x, but y has shape {y.shape}")
        y = _frame_of_rows(y.reshape(-1, 1)).iloc[:, 0].rename(None)
    if classes and pd.api.types.is_integer_dtype(y.dtype) and len(y) and y.min() >= 0:
        if y.max() >= len(classes):
            raise DataError(
                f"class_names must name every class, but there are {len(classes)} names and y "
                f"goes up to {y.max()}"
            )
        y = y.map(dict(enumerate(classes)))
    return y.reset_index(drop=True)


def plain_array(value: Any, role: str) -> pd.DataFrame | pd.Series[Any] | NDArray[Any]:
    """Take values out of whatever holds them: tensors, Arrow, polars, lists; frames stay.

    Raises:
        DataError: it holds no array of single values.
    """
    try:
        return _plain_array(value, role)
    except DataError:
        raise
    except Exception as error:  # each kind of array raises its own
        reason = reason_of(error)
        raise DataError(
            f"{role} must be an array of rows of equal length, but a {type(value).__name__} could "
            f"not be made one: {reason}"
        ) from None


def _plain_array(value: Any, role: str) -> pd.DataFrame | pd.Series[Any] | NDArray[Any]:
    if isinstance(value, (pd.DataFrame, pd.Series)):
        return value
    if isinstance(value, (pd.Index, pd.api.extensions.ExtensionArray)):
        return pd.Series(value)
    if hasattr(value, "to_arrow"):  # polars
        name = getattr(value, "name", None)
        value = value.to_arrow()
        if isinstance(name, str) and isinstance(value, (pa.Array, pa.ChunkedArray)):
            return series_of_arrow(value, name, role).rename(name or None)
    if isinstance(value, pa.Table):
        return frame_of_arrow(value, role)
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        return series_of_arrow(value, role, role)
    if hasattr(value, "detach"):  # a tensor of torch, on any device
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        return np.asarray(value.resolve_conj().resolve_neg().numpy())
    if isinstance(value, (list, tuple)):
        return _array_of_list(value, role)
    if hasattr(value, "toarray"):  # sparse matrices of scipy
        value = value.toarray()
    if isinstance(value, np.ma.MaskedArray):
        kind = np.float64 if value.dtype.kind in "biuf" else object
        value = np.where(np.ma.getmaskarray(value), np.nan, value.data.astype(kind))
    return _plain_values(np.asarray(value), role)


def _plain_values(array: NDArray[Any], role: str) -> pd.DataFrame | NDArray[Any]:
    """Records as columns, bytes as texts; what has no plain values is refused."""
    if array.dtype.names and array.ndim == 1:
        return pd.DataFrame.from_records(array)
    if array.dtype.kind == "V":
        raise DataError(f"{role} must hold numbers, texts or dates, but has type {array.dtype}")
    if array.dtype.kind == "S":
        try:
            return np.char.decode(array, "utf-8")
        except UnicodeDecodeError:
            return np.char.decode(array, "latin-1")
    return array


def _array_of_list(value: Sequence[Any], role: str) -> pd.DataFrame | NDArray[Any]:
    """A list of rows keeps a type for each column; NumPy would make texts of all of them."""
    if any(hasattr(each, "detach") for each in value):
        value = [plain_array(each, role) for each in value]
    if value and all(isinstance(row, dict) for row in value):
        return frame_of_objects(value)
    are_rows = bool(value) and all(isinstance(row, (list, tuple)) for row in value)
    if are_rows and not any(isinstance(cell, (list, tuple)) for row in value for cell in row):
        lengths = [len(row) for row in value]
        if len(set(lengths)) > 1:
            odd = next(i for i, length in enumerate(lengths) if length != lengths[0])
            raise DataError(
                f"rows must be of equal length, but row 1 of {role} has {lengths[0]} values and "
                f"row {odd + 1} has {lengths[odd]}"
            )
        frame = pd.DataFrame([list(row) for row in value])
        if {str(dtype) for dtype in frame.dtypes} not in ({"int64"}, {"float64"}, {"bool"}):
            return frame.set_axis(_numbered(frame.shape[1]), axis="columns")
        return frame.to_numpy()
    mixed = {type(cell) for cell in value} - {type(None)}
    if len(mixed) > 1 and str in mixed:
        return np.fromiter(value, dtype=object, count=len(value))
    return _plain_values(np.asarray(value), role)


def _texts(value: Any, role: str) -> list[str]:
    if value is None:
        return []
    array = plain_array(value, role)
    return [str(text) for text in np.asarray(array).reshape(-1).tolist()]


def _target_name(x: pd.DataFrame, y: pd.Series[Any]) -> str:
    """The name that y has, else "y"; never one of x."""
    has_name = y.name is not None and not isinstance(y.name, (int, np.integer))
    own = column_name(y.name) if has_name else ""
    columns = [str(each) for each in x.columns]
    if own in columns:
        column = x.iloc[:, columns.index(own)]
        if len(column) == len(y) and column.astype(str).tolist() == y.astype(str).tolist():
            raise DataError(
                f"x must not hold the target, but its column {own!r} is y itself; drop it from x"
            )
        own = ""
    if not own and "y" in columns:
        raise DataError(
            "a column of x must not be called 'y' where y has no name of its own; rename it, or "
            "give y as a Series with a name"
        )
    return own or "y"


def _joined(x: pd.DataFrame, y: pd.Series[Any], target: str) -> pd.DataFrame:
    if len(x) == 0 or len(x) != len(y):
        raise DataError(
            "y must have one value per row of x and x at least one row, but x has shape "
            f"{x.shape} and y {y.shape}"
        )
    return pd.concat([x, y.rename(target)], axis="columns")
