"""What a person says about columns and rows, checked against the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from automl.data.sources import Table, require_column
from automl.data.splits import RowSplit
from automl.data.table.columns import column_name
from automl.errors import DataError
from automl.options.data_options import ColumnOptions, SplitOptions
from automl.wording.counts import listing
from automl.wording.option_names import named
from storage.records import Json


def split_kind(splits: SplitOptions) -> str:
    """What divides the rows: "group", "time" or "random"."""
    return "group" if splits.group is not None else "time" if splits.time is not None else "random"


def described_split(
    splits: SplitOptions, split: RowSplit, sources: Mapping[str, str]
) -> dict[str, Json]:
    """How the rows are divided, for `StudySettings.split`.

    Args:
        sources: of valid and of test rows, where they came apart from the others.
    """
    return {
        "kind": split_kind(splits),
        "valid_fraction": split.valid_fraction,
        "test_fraction": split.test_fraction,
        "n_folds": len(split.folds),
        "group": splits.group,
        "time": splits.time,
        "valid": sources.get("valid"),
        "test": sources.get("test"),
        "seed": splits.split_seed,
    }


def choose_target(table: Table, target: str | None) -> str:
    """The target's column: the one asked for, else the source's own.

    Raises:
        DataError: there is no such column, or none is named.
    """
    if target is None and table.target is None:
        raise DataError(
            f"a target must be named, one of the columns of {table.name}: "
            f"{', '.join(map(str, table.frame.columns[-5:]))} ...; use {named('target')}"
        )
    name = column_name(table.target if target is None else target)
    require_column(table.frame, name, named("target"))
    return name


def check_columns(frame: pd.DataFrame, target: str, columns: ColumnOptions) -> ColumnOptions:
    """The choices with names as in the frame.

    Raises:
        DataError: a name is no column, is the target, or is named for two kinds.
    """
    kinds: dict[str, Any] = {
        kind: _features(frame, target, getattr(columns, kind), named(kind))
        for kind in ("drop", "categorical", "numeric", "date")
    }
    missing_marks(frame, columns.missing)
    for name in frame.columns:
        roles = [named(kind) for kind, names in kinds.items() if name in names]
        if len(roles) > 1:
            raise DataError(f"a column has one kind, but {name!r} is in {listing(roles)}")
    return replace(columns, **kinds)


def missing_marks(frame: pd.DataFrame, asked: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The marks of missing cells that a person has named, by column.

    Args:
        asked: VALUE for all columns, or COLUMN=VALUE.

    Raises:
        DataError: there is no such column, or no value.
    """
    marks: dict[str, tuple[str, ...]] = {str(name): () for name in frame.columns}
    for text in asked:
        column, separator, value = (part.strip() for part in text.rpartition("="))
        if not value:
            raise DataError(f"{named('missing')} must be VALUE or COLUMN=VALUE, but got {text!r}")
        if separator:
            require_column(frame, column, named("missing"))
        for name in [column] if separator else marks:
            marks[name] += (value,)
    return marks


def check_splits(frame: pd.DataFrame, target: str, splits: SplitOptions) -> SplitOptions:
    """The choices with names as in the frame.

    Raises:
        DataError: a name is no column, or is the target.
    """
    group, time = splits.group, splits.time
    if group is not None:
        (group,) = _features(frame, target, (group,), named("group"))
    if time is not None:
        (time,) = _features(frame, target, (time,), named("time"))
    return replace(splits, group=group, time=time)


def check_weight(frame: pd.DataFrame, target: str, weight: str | None) -> str | None:
    """The column of row weights with its name as in the frame.

    Raises:
        DataError: the name is no column, or is the target.
    """
    return None if weight is None else _features(frame, target, (weight,), named("weight"))[0]


def _features(
    frame: pd.DataFrame, target: str, names: tuple[str, ...], role: str
) -> tuple[str, ...]:
    stripped = tuple(column_name(name) for name in names)
    for name in stripped:
        require_column(frame, name, role)
        if name == target:
            raise DataError(f"{role} must name a feature, but {name!r} is the target")
    return stripped
