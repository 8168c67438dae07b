"""Arrays of any shape as they were given: x and y, with valid and test rows of their own.

Where x has three dimensions or more, or is made of a torch Dataset's items, it is an array as a
whole; otherwise x and y are a table (`sources.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.array.items import arrays_of_items, is_torch_dataset
from automl.data.array.values import network_values
from automl.data.arrays import named_arrays, plain_array, target_values
from automl.data.files.file_bytes import shown
from automl.data.files.npz_files import is_npz, read_npz
from automl.data.row_weights import Floats
from automl.data.weight_reading import learn_weights
from automl.errors import ConfigError, DataError
from automl.options.data_options import ColumnOptions, DataOptions, SplitOptions
from automl.wording.counts import agree, count, listing
from automl.wording.option_names import named


@dataclass(frozen=True, slots=True, eq=False)
class ArrayRows:
    """Rows of arrays that belong together.

    Shape:
        x: (N, ...) float32 or int64; y: (N,); weights: (N,), None where rows have none.
    """

    x: NDArray[Any]
    y: pd.Series[Any]
    weights: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RawArrays:
    """Arrays as they were read, and what a person said of them."""

    name: str
    source: str
    parts: Mapping[str, ArrayRows]  # "train", and "valid" and "test" where they came apart
    sources: Mapping[str, str]  # of valid and test rows
    groups: NDArray[Any] | None  # (N,) of the rows that are divided
    splits: SplitOptions


@dataclass(frozen=True, slots=True)
class _Source:
    """A source of arrays, by lower-case names."""

    arrays: Mapping[str, Any]
    name: str
    source: str
    is_items: bool = False


def read_arrays(data: Any, options: DataOptions) -> RawArrays | None:
    """Read arrays of any shape; None where the data are a table.

    Raises:
        DataError: x and y do not fit together, or hold what no network reads.
        ConfigError: an option is of tables alone.
    """
    source = _source(data)
    if source is None or not (source.is_items or _n_dimensions(source.arrays) > 2):
        return None
    _refuse_columns(options)
    parts = {"train": _rows(source.arrays, weight=options.weight)}
    sources = {}
    for role, given in (("valid", options.valid), ("test", options.test)):
        own = _source(given) if given is not None else None
        if given is not None and own is None:
            raise DataError(
                f"{role} rows of arrays must be arrays too: (x, y), a mapping, an .npz file or a "
                f"torch Dataset, but got {type(given).__name__}"
            )
        if own is not None:
            parts[role], sources[role] = _rows(own.arrays, weight=options.weight), own.source
        elif f"x_{role}" in source.arrays and f"y_{role}" in source.arrays:
            parts[role] = _rows(source.arrays, role, options.weight)
            sources[role] = source.source
    _check_shapes(parts)
    _check_target(options.target, parts["train"].y)
    groups = _groups(source.arrays, options.group, len(parts["train"].x))
    return RawArrays(source.name, source.source, parts, sources, groups, options)


def _source(data: Any) -> _Source | None:
    """Arrays by name, from whatever holds them; None: it holds none."""
    if is_torch_dataset(data):
        return _Source(arrays_of_items(data), "data", type(data).__name__, is_items=True)
    if isinstance(data, tuple) and len(data) == 2:
        return _Source({"x": data[0], "y": data[1]}, "data", "arrays")
    if isinstance(data, Mapping):
        return _Source(named_arrays(data, "data"), "data", "arrays")
    if isinstance(data, (str, Path)) and is_npz(Path(data)):
        name = shown(Path(data).name.partition(".")[0])
        return _Source(named_arrays(read_npz(Path(data)), name), name, shown(data))
    return None


def _n_dimensions(arrays: Mapping[str, Any]) -> int:
    return plain_array(arrays["x"], "x").ndim


def _rows(arrays: Mapping[str, Any], role: str = "", weight: str | None = None) -> ArrayRows:
    name = f"x_{role}" if role else "x"
    x = np.asarray(plain_array(arrays[name], name))
    if x.ndim == 1:  # one number per row
        x = x[:, None]
    y = target_values(arrays, role)
    if len(x) != len(y):
        raise DataError(
            f"y must have one value per row of {name}, but there are {len(y):,} and {len(x):,}"
        )
    weights = None if weight is None else _weights(arrays, weight, role, len(x))
    return ArrayRows(network_values(x, name), y, weights)


def _weights(arrays: Mapping[str, Any], weight: str, role: str, n_rows: int) -> Floats:
    """The array of weights of these rows: those of rows that came apart have their ending."""
    name = f"{weight.lower()}_{role}" if role else weight.lower()
    cells = pd.Series(_row_values(arrays, name, "weight", n_rows))
    cells.index = pd.RangeIndex(1, n_rows + 1)
    return learn_weights(name, cells).read(cells)


def _check_shapes(parts: Mapping[str, ArrayRows]) -> None:
    train = parts["train"].x
    for role, rows in parts.items():
        if (rows.x.shape[1:], rows.x.dtype) != (train.shape[1:], train.dtype):
            raise DataError(
                f"{role} rows must be of the shape and type of the others, but they are "
                f"{rows.x.shape[1:]} of {rows.x.dtype}, and the others {train.shape[1:]} of "
                f"{train.dtype}"
            )


def _check_target(target: str | None, y: pd.Series[Any]) -> None:
    if target not in (None, "y", y.name):
        raise DataError(f"{named('target')} of arrays must be y, but got {target!r}; leave it out")


def _row_values(arrays: Mapping[str, Any], name: str, option: str, n_rows: int) -> NDArray[Any]:
    """An array of one value per row that an option names."""
    if name.lower() not in arrays:
        raise DataError(
            f"{named(option)} of arrays must name one of them, but there is no {name!r}; "
            f"there are {', '.join(arrays)}"
        )
    values = np.asarray(plain_array(arrays[name.lower()], name)).reshape(-1)
    if len(values) != n_rows:
        raise DataError(
            f"{named(option)} must name an array of one value per row, but {name!r} has "
            f"{len(values):,} values for {n_rows:,} rows"
        )
    return values


def _groups(arrays: Mapping[str, Any], name: str | None, n_rows: int) -> NDArray[Any] | None:
    if name is None:
        return None
    codes, _ = pd.factorize(_row_values(arrays, name, "group", n_rows))
    if n_empty := int((codes < 0).sum()):
        raise DataError(
            f"every row must have a group, but {name!r} is empty in {count(n_empty, 'row')}; fill "
            f"{agree(n_empty, 'it', 'them')} or group by another array"
        )
    return np.asarray(codes)


def _refuse_columns(options: DataOptions) -> None:
    told = [
        name
        for name in vars(ColumnOptions())
        if getattr(options, name) and name != "keep_missing_class"
    ]
    told += ["time"] if options.time is not None else []
    if told:
        raise ConfigError(
            f"{listing([named(name) for name in told])} must name columns of a table, but the "
            "data are arrays; leave it out"
        )
