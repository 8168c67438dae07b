"""The first half of loading: tables are read, and what a person said of them is checked.

What people mistype, a path or a column's name, is told here. This takes pandas alone, so that
it is told before torch and scikit-learn are imported, which takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automl.data.choices import (
    ColumnChoices,
    SplitChoices,
    check_columns,
    check_splits,
    choose_target,
)
from automl.data.sources import Table
from automl.data.table.parts import read_tables


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RawData:
    """Tables as they were read, and a person's choices with names as in their columns."""

    tables: Mapping[str, Table]  # "train", and "valid" and "test" where they came apart
    target: str
    columns: ColumnChoices
    splits: SplitChoices


def read_raw_data(
    source: Any,
    *,
    target: str | None = None,
    columns: ColumnChoices | None = None,
    splits: SplitChoices | None = None,
) -> RawData:
    """Read the tables and check the names of columns; the arguments are those of `load_dataset`.

    Raises:
        DataError: a table cannot be read, or a name is none of its columns.
    """
    columns, splits = columns or ColumnChoices(), splits or SplitChoices()
    tables = read_tables(source, splits)
    frame = tables["train"].frame
    name = choose_target(tables["train"], target)
    return RawData(
        tables, name, check_columns(frame, name, columns), check_splits(frame, name, splits)
    )
