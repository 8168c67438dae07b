"""Rows by where they came from: the table to divide, and files of valid or test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.row_weights import Floats
from automl.data.sources import Table, read_table
from automl.data.splits import RowFacts, strata
from automl.data.table.cells import raw_column
from automl.data.table.column_inference import infer_time
from automl.data.table.column_reading import read_moments, read_numbers, refuse_huge
from automl.data.table.columns import ColumnPlan
from automl.data.table.date_formats import days_since_1970
from automl.data.targets import Target, TargetReading
from automl.data.weight_reading import WeightReading, require_some
from automl.errors import DataError
from automl.options.data_options import SplitOptions
from automl.wording.counts import agree, count
from automl.wording.option_names import named

MIN_ROWS = 10
"""Fewer cannot be split into 60/20/20 with two rows to validate and two to test."""

ROLES = ("train", "valid", "test")
"""The table that is divided has the role "train", whatever becomes of its rows."""


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one source, those without a target left out; the index keeps row numbers."""

    features: pd.DataFrame
    targets: pd.Series[Any]
    marks: Mapping[str, int]  # of rows left out: how their missing target is written, how often
    weights: Floats | None = None  # above 0; None: rows have none
    n_of_weight_0: int = 0  # further rows left out

    @property
    def n_without_target(self) -> int:
        """Rows left out."""
        return sum(self.marks.values())


def read_tables(source: Any, splits: SplitOptions) -> dict[str, Table]:
    """The table to divide ("train"), and those that came with rows for one use."""
    tables = {"train": read_table(source)}
    names = list(tables["train"].frame.columns)
    if splits.valid is not None:
        tables["valid"] = read_table(splits.valid, names)
    if splits.test is not None:
        tables["test"] = read_table(splits.test, names)
    elif (own_test := tables["train"].test_frame) is not None:
        tables["test"] = Table(own_test, tables["train"].name, tables["train"].source)
    return tables


def target_column(table: Table, target: str, role: str) -> pd.Series[Any]:
    """The target of a table's rows.

    Raises:
        DataError: the table has no such column.
    """
    if target not in table.frame.columns:
        raise DataError(
            f"the {role} rows must have the target, but {table.source} has no column {target!r}"
        )
    return table.frame[target]


def make_part(
    table: Table, reading: TargetReading, role: str, weighing: WeightReading | None = None
) -> Part:
    """Take the rows that have a target, and a weight above 0 where rows have weights.

    Raises:
        DataError: no row has one, or too few have; or a row's weight is none.
    """
    target = reading.plan.name
    present = ~reading.missing(target_column(table, target, role))
    if not present.any():
        raise DataError(
            f"the target must have values, but {target!r} is missing in every row of "
            f"{table.source}; choose another target"
        )
    left_out = table.frame.loc[~present, target]
    marks = left_out.astype(object).where(left_out.notna(), "").map(str).value_counts()
    rows = table.frame[present]
    weights = None if weighing is None else _weights(rows, weighing, table, role)
    n_with_target = len(rows)
    if weights is not None:
        rows, weights = rows[weights > 0], weights[weights > 0]
    if role == "train" and len(rows) < MIN_ROWS:
        weight = "" if weights is None else " and a weight above 0"
        raise DataError(
            f"a table must have at least {MIN_ROWS} rows with a target{weight}, but "
            f"{table.source} has {len(rows)}"
        )
    return Part(
        rows.drop(columns=target),
        rows[target],
        {str(k): int(n) for k, n in marks.items()},
        weights,
        n_with_target - len(rows),
    )


def _weights(rows: pd.DataFrame, weighing: WeightReading, table: Table, role: str) -> Floats:
    if weighing.name not in rows.columns:
        raise DataError(
            f"the {role} rows must have the column of weights, but {table.source} has no column "
            f"{weighing.name!r}"
        )
    weights = weighing.read(rows[weighing.name], table.decimal)
    require_some(weights, weighing.name, table.source)
    return weights


def encode_targets(
    goal: Target, values: pd.Series[Any], decimal: str | None = None
) -> NDArray[Any]:
    """Class codes or numbers of rows whose target is present.

    Args:
        decimal: the mark of the text file that the rows come from, see `read_columns`.

    Raises:
        DataError: a class or number that the divided table does not have.
    """
    encoded = goal.encode(values, decimal)
    if goal.task == "regression":
        refuse_huge(values, encoded)
    wrong = encoded < 0 if goal.task != "regression" else ~np.isfinite(encoded)
    if wrong.any():
        example = values[wrong].iloc[0]
        rule = "be finite numbers" if goal.task == "regression" else "have the table's classes"
        raise DataError(
            f"targets must {rule}, but {goal.name!r} is {str(example)!r} in row "
            f"{values.index[wrong][0]} of the valid or test rows"
        )
    return encoded


def row_facts(
    parts: Mapping[str, Part],
    goal: Target,
    targets: NDArray[Any],
    splits: SplitOptions,
    plans: Sequence[ColumnPlan],
) -> RowFacts:
    """What the split may look at.

    Args:
        targets: encoded, of all rows.

    Raises:
        DataError: a row without a group, or a time column that is none.
    """
    part = np.concatenate(
        [
            np.full(len(rows.targets), ROLES.index(role), dtype=np.int8)
            for role, rows in parts.items()
        ]
    )
    features = parts["train"].features
    groups = times = None
    others = np.zeros(np.count_nonzero(part))  # in files of their own: never divided
    if splits.group is not None:
        groups = np.append(_groups(features[splits.group]), others).astype(np.int64)
    if splits.time is not None:
        (plan,) = (plan for plan in plans if plan.name == splits.time)
        times = np.append(_moments(features[splits.time], plan), others)
    return RowFacts(strata(targets, goal.task), part, groups, times)


def _groups(values: pd.Series[Any]) -> NDArray[np.int64]:
    groups, _ = pd.factorize(raw_column(values).values)
    n_empty = int((groups < 0).sum())
    if n_empty:
        raise DataError(
            f"every row must have a group, but {values.name!r} is empty in "
            f"{count(n_empty, 'row')}; fill {agree(n_empty, 'it', 'them')} or group by another "
            "column"
        )
    return groups


def _moments(values: pd.Series[Any], plan: ColumnPlan) -> NDArray[np.float64]:
    """A time column as numbers: as they are, or days since 1970."""
    raw = raw_column(values)
    if plan.kind == "categorical":  # few dates among other texts: the others are told
        plan = infer_time(plan.name, values) or plan
    if plan.kind == "date":
        read = days_since_1970(read_moments(raw, plan.dates.pattern))
    else:
        read = read_numbers(raw, plan.numbers)
    unread = ~np.isfinite(read)
    if unread.any():
        row, example = values.index[unread][0], values[unread].iloc[0]
        raise DataError(
            f"{named('time')} must name a column of dates or numbers without gaps, but "
            f"{values.name!r} holds {str(example)!r} in row {row} "
            f"({count(int(unread.sum()), 'such cell')})"
        )
    return read
