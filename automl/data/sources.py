"""Where tables come from: files, scikit-learn's own data sets, frames and arrays.

Every source becomes a `Table`: one pandas frame of raw columns with stripped, unique names,
the target among them. What the columns mean is for `columns.py`; text files are read in
`text_files.py`.
"""

from __future__ import annotations

import difflib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.columns import column_name
from automl.data.text_files import read_bytes, read_delimited
from automl.errors import DataError

SKLEARN_NAMES = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
"""The data sets that scikit-learn ships, so that no network is needed."""

_ARRAY_KEYS = "x and y, or x_train and y_train (and x_test and y_test)"


@dataclass(frozen=True, slots=True)
class Table:
    """Raw rows with all their columns, as a source gave them."""

    frame: pd.DataFrame
    name: str  # "titanic" for datasets/titanic.csv.gz
    source: str  # as the person gave it
    target: str | None = None  # where the source itself says so
    test_frame: pd.DataFrame | None = None  # where the source brings its own test rows
    messages: tuple[str, ...] = ()
    has_types: bool = True  # False: cells are texts, as in a text file, whatever they mean
    decimal: str | None = None  # the decimal mark that goes with a text file's delimiter


def read_table(source: Any) -> Table:
    """Read any supported source.

    Raises:
        DataError: the source is missing, damaged, of no known kind, or holds no rows.
    """
    if isinstance(source, pd.DataFrame):
        return _checked(Table(frame=source.copy(deep=False), name="data", source="DataFrame"))
    if isinstance(source, Mapping):
        return _checked(_from_arrays(source, name="data", source="arrays"))
    if isinstance(source, tuple) and len(source) == 2:
        return _checked(_from_arrays({"x": source[0], "y": source[1]}, "data", "arrays"))
    if not isinstance(source, (str, Path)):
        raise DataError(
            "data must be a path, 'sklearn:NAME', a DataFrame, (x, y) or a mapping of arrays, "
            f"but got {type(source).__name__}"
        )
    if str(source).startswith("sklearn:"):
        return _checked(_from_sklearn(str(source)))
    return _checked(_from_file(Path(source), str(source)))


def require_column(frame: pd.DataFrame, column: str, role: str) -> None:
    """Refuse a name that is no column, and suggest the nearest.

    Args:
        role: what the column is wanted for, as the person would write it: "--target".
    """
    names = [str(name) for name in frame.columns]
    if column in names:
        return
    by_lower_case = {name.lower(): name for name in names}
    near = difflib.get_close_matches(column.lower(), by_lower_case, n=1, cutoff=0.6)
    if near:
        hint = f"did you mean {by_lower_case[near[0]]!r}?"
    elif len(names) <= 12:
        hint = f"columns are {', '.join(names)}"
    else:
        hint = f"columns are {', '.join(names[:10])} and {len(names) - 10} more"
    if all(_is_number(name) for name in names):
        hint += " (the first row looks like data: does the file have a header?)"
    raise DataError(f"{role} must name a column, but there is no {column!r}; {hint}")


def _from_file(path: Path, source: str) -> Table:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    kind = suffixes[-1] if suffixes else ""
    name = path.name[: path.name.lower().find(kind)] if kind else path.name
    if path.is_dir():
        raise DataError(f"data must be a file, but {source!r} is a folder")
    if kind == ".npz":
        return _from_arrays(_load_npz(path), name, source)
    if kind in (".parquet", ".pq"):
        return Table(frame=_read_parquet(path), name=name, source=source)
    frame, messages = read_delimited(path)
    decimal = "," if any("delimiter ';'" in line for line in messages) else "."
    return Table(frame, name, source, None, None, tuple(messages), False, decimal)


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(io.BytesIO(read_bytes(path)))
    except DataError:
        raise
    except Exception as error:  # pyarrow raises several kinds for damaged files
        reason = str(error).strip().splitlines()[0]
        raise DataError(
            f"{path.name} must be a Parquet file, but cannot be read: {reason}"
        ) from None


def _load_npz(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(io.BytesIO(read_bytes(path)), allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("it holds a single array")
            return {key: archive[key] for key in archive.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path.name} must be an .npz of plain arrays, but: {error}") from None


def _from_arrays(arrays: Mapping[str, Any], name: str, source: str) -> Table:
    """Columns x1, x2, ... and the target "y"; extra keys may name classes and features."""
    given = {key.lower(): np.asarray(value) for key, value in arrays.items()}
    suffix = "" if {"x", "y"} <= given.keys() else "_train"
    if f"x{suffix}" not in given or f"y{suffix}" not in given:
        raise DataError(
            f"arrays must have the keys {_ARRAY_KEYS}, but {name} has "
            f"{', '.join(arrays) or 'none'}"
        )
    names = [str(text) for text in given.get("feature_names", np.array([])).tolist()]
    classes = [str(text) for text in given.get("class_names", np.array([])).tolist()]
    frame = _array_frame(given[f"x{suffix}"], given[f"y{suffix}"], names, classes)
    test = None
    if "x_test" in given and "y_test" in given:
        test = _array_frame(given["x_test"], given["y_test"], names, classes)
    shape = given[f"x{suffix}"].shape
    flat = " x ".join(str(size) for size in shape[1:])
    messages = (f"x is flattened from {flat} to {frame.shape[1] - 1} columns",)
    return Table(frame, name, source, "y", test, messages if len(shape) > 2 else ())


def _array_frame(
    x: NDArray[Any], y: NDArray[Any], names: Sequence[str], classes: Sequence[str]
) -> pd.DataFrame:
    if x.ndim == 0 or len(x) == 0 or y.ndim not in (1, 2) or y.size != len(x):
        raise DataError(
            "y must have one value per row of x and x at least one row, but x has shape "
            f"{x.shape} and y {y.shape}"
        )
    x = x.reshape(len(x), -1)
    if len(names) != x.shape[1]:
        names = [f"x{i}" for i in range(1, x.shape[1] + 1)]
    frame = pd.DataFrame(x, columns=pd.Index(names))
    labels = y.reshape(-1)
    if classes and np.issubdtype(labels.dtype, np.integer) and labels.min() >= 0:
        if labels.max() >= len(classes):
            raise DataError(
                f"class_names must name every class, but there are {len(classes)} names and y "
                f"goes up to {labels.max()}"
            )
        labels = np.asarray(classes, dtype=object)[labels]
    return frame.assign(y=labels)


def _from_sklearn(source: str) -> Table:
    name = source.removeprefix("sklearn:").strip().removeprefix("load_")
    if name not in SKLEARN_NAMES:
        near = difflib.get_close_matches(name, SKLEARN_NAMES, n=1)
        hint = f"did you mean sklearn:{near[0]}?" if near else "choose one of them"
        raise DataError(
            f"sklearn:NAME must be one of {', '.join(SKLEARN_NAMES)}, but got {source!r}; {hint}"
        )
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, f"load_{name}")()
    frame = pd.DataFrame(bunch.data, columns=pd.Index([str(text) for text in bunch.feature_names]))
    if name == "linnerud":
        target = str(bunch.target_names[0])
        message = (f"linnerud has three targets: {target} is used",)
        return Table(
            frame.assign(**{target: bunch.target[:, 0]}), name, source, target, None, message
        )
    labels = bunch.target
    if "target_names" in bunch:
        labels = np.asarray(bunch.target_names)[labels]  # the digits' names are numbers
    return Table(frame.assign(target=labels), name, source, "target")


def _checked(table: Table) -> Table:
    """Names become stripped texts that differ; there are rows."""
    for frame in (table.frame, table.test_frame):
        if frame is None:
            continue
        if frame.empty:
            raise DataError(
                f"{table.name} must have rows and columns, but has shape {frame.shape}"
            )
        frame.columns = pd.Index([column_name(name) for name in frame.columns])
        repeated = frame.columns[frame.columns.duplicated()]
        if len(repeated):
            raise DataError(
                f"column names must differ, but {table.name} has {repeated[0]!r} more than once; "
                "rename or remove all but one"
            )
        frame.index = pd.RangeIndex(1, len(frame) + 1)  # rows as people count them
        _refuse_nested_cells(frame, table.name)
    return table


def _refuse_nested_cells(frame: pd.DataFrame, name: str) -> None:
    for column in frame.columns:
        if frame[column].dtype == object:
            try:
                frame[column].nunique()
            except TypeError:
                raise DataError(
                    f"cells must be single values, but {column!r} of {name} holds lists or other "
                    "nested ones; expand or remove the column"
                ) from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
