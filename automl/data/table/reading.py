"""The first half of loading: tables are read, and what a person said of them is checked.

What people mistype, a path or a column's name, is told here. This takes pandas alone, so that
it is told before torch and scikit-learn are imported, which takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automl.data.choices import (
    check_columns,
    check_splits,
    check_weight,
    choose_target,
)
from automl.data.sources import Table
from automl.data.table.parts import read_tables
from automl.options.data_options import ColumnOptions, SplitOptions


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RawTables:
    """Tables as they were read, and a person's choices with names as in their columns."""

    tables: Mapping[str, Table]  # "train", and "valid" and "test" where they came apart
    target: str
    columns: ColumnOptions
    splits: SplitOptions
    weight: str | None = None  # the column of row weights


def read_raw_tables(
    source: Any,
    *,
    target: str | None = None,
    columns: ColumnOptions | None = None,
    splits: SplitOptions | None = None,
    weight: str | None = None,
) -> RawTables:
    """Read the tables and check the names of columns; the arguments are those of `load_dataset`.

    Raises:
        DataError: a table cannot be read, or a name is none of its columns.
    """
    columns, splits = columns or ColumnOptions(), splits or SplitOptions()
    tables = read_tables(source, splits)
    frame = tables["train"].frame
    name = choose_target(tables["train"], target)
    return RawTables(
        tables,
        name,
        check_columns(frame, name, columns),
        check_splits(frame, name, splits),
        check_weight(frame, name, weight),
    )
