"""Where tables come from: files, scikit-learn's own data sets, frames and arrays.

Every source becomes a `Table`: one pandas frame of raw columns with stripped, unique names,
the target among them. What the columns mean is for `understanding.py`. Each kind of file has a
module of its own: `text_files.py`, `json_files.py`, `arff_files.py`, `parquet_files.py` and
`npz_files.py`; x and y apart are joined in `arrays.py`, and `plain_frames.py` makes the columns of
all plain.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from automl.data.array.items import arrays_of_items, is_torch_dataset
from automl.data.arrays import plain_array, table_of_arrays
from automl.data.files.arff_files import is_arff, parse_arff
from automl.data.files.delimited_rows import is_number
from automl.data.files.file_bytes import read_bytes, shown
from automl.data.files.json_files import is_json, parse_json
from automl.data.files.npz_files import parse_npz
from automl.data.files.parquet_files import is_parquet, parse_parquet
from automl.data.files.text_files import parse_delimited
from automl.data.table.columns import column_name
from automl.data.table.plain_frames import plain_frame
from automl.errors import DataError
from automl.options.values import SKLEARN, SKLEARN_NAMES


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


def read_table(source: Any, names: Collection[str] = ()) -> Table:
    """Read any supported source.

    Args:
        names: of columns that the table should have, by which a text file's header is known.

    Raises:
        DataError: the source is missing, damaged, of no known kind, or holds no rows.
    """
    if isinstance(source, pa.Table) or hasattr(source, "to_arrow"):  # the latter of polars
        source = plain_array(source, "data")
    if is_torch_dataset(source):
        arrays, name = arrays_of_items(source), type(source).__name__
        return _checked(_from_arrays(arrays, name="data", source=name))
    if isinstance(source, pd.DataFrame):
        return _checked(Table(frame=source.copy(deep=False), name="data", source="DataFrame"))
    if isinstance(source, Mapping):
        return _checked(_from_arrays(source, name="data", source="arrays"))
    if isinstance(source, tuple) and len(source) == 2:
        return _checked(_from_arrays({"x": source[0], "y": source[1]}, "data", "arrays"))
    if not isinstance(source, (str, Path)):
        raise DataError(
            "data must be a path, 'sklearn:NAME', a DataFrame, (x, y), a mapping of arrays or a "
            f"torch Dataset, but got {type(source).__name__}"
        )
    if str(source).startswith(SKLEARN):
        return _checked(_from_sklearn(str(source)))
    return _checked(_from_file(Path(source), str(source), names))


def require_column(frame: pd.DataFrame, column: str, role: str) -> None:
    """Refuse a name that is no column, and suggest the nearest.

    Args:
        role: what the column is wanted for: the option as `named` writes it.
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
    if all(is_number(name) for name in names):
        hint += " (the first row looks like data: does the file have a header?)"
    raise DataError(f"{role} must name a column, but there is no {column!r}; {hint}")


def _from_file(path: Path, source: str, names: Collection[str]) -> Table:
    """Read a file; what it begins with says more of its kind than its name."""
    content = read_bytes(path)
    bare, kind = _bare(path), bare_kind(path)
    name, file_name, source = shown(bare.stem), shown(path.name), shown(source)
    if kind == ".npz":
        return _from_arrays(parse_npz(content, file_name), name, source)
    if kind in (".parquet", ".pq") or is_parquet(content):
        return Table(parse_parquet(content, file_name), name, source)
    if kind in (".json", ".jsonl", ".ndjson") or is_json(content):
        return Table(parse_json(content, file_name), name, source)
    if not is_text_kind(kind, content):
        return Table(parse_arff(content, file_name), name, source)
    read = parse_delimited(content, file_name, names)
    return Table(
        read.frame,
        name,
        source,
        messages=read.messages,
        has_types=False,
        decimal=read.decimal,
    )


def _bare(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def bare_kind(path: Path) -> str:
    """The ending of a file's name, without that of gzip."""
    return _bare(path).suffix.lower()


def is_text_kind(kind: str, content: bytes) -> bool:
    """Whether a file is delimited text, by its ending and what it begins with."""
    if kind in (".npz", ".parquet", ".pq", ".json", ".jsonl", ".ndjson", ".arff"):
        return False
    return not (is_parquet(content) or is_json(content) or is_arff(content))


def _from_arrays(arrays: Mapping[Any, Any], name: str, source: str) -> Table:
    made = table_of_arrays(arrays, name)
    return Table(made.frame, name, source, made.target, made.test_frame, made.messages)


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
    """Names become stripped texts that differ, columns plain ones; there are rows."""
    test = table.test_frame
    return replace(
        table,
        frame=checked_frame(table.frame, table.name),
        test_frame=None if test is None else checked_frame(test, table.name),
    )


def checked_frame(frame: pd.DataFrame, name: str, first_row: int = 1) -> pd.DataFrame:
    """The columns of a frame, or of a piece of one, by stripped names that differ, and plain.

    Args:
        first_row: the number of its first row, from 1, as people count them.

    Raises:
        DataError: there are no rows, or two columns of one name.
    """
    if frame.empty:
        raise DataError(f"{name} must have rows and columns, but has shape {frame.shape}")
    frame = frame.set_axis([column_name(each) for each in frame.columns], axis="columns")
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise DataError(
            f"column names must differ, but {name} has {repeated[0]!r} more than once; "
            "rename or remove all but one"
        )
    frame.index = pd.RangeIndex(first_row, first_row + len(frame))
    return plain_frame(frame, name)
