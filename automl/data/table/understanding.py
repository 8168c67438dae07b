"""What tables mean: the target, what each column is, and every row read by that.

Both are learned from the table that is divided, and from it alone. Valid and test rows from
files of their own are read like rows to predict: what cannot be read of them is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.choices import missing_marks
from automl.data.reading_notes import refuse_unreadable
from automl.data.row_weights import Floats, joined_weights
from automl.data.table.cells import raw_column
from automl.data.table.column_inference import infer_columns, usual_decimal
from automl.data.table.column_reading import read_columns
from automl.data.table.columns import ColumnPlan
from automl.data.table.parts import Part, encode_targets, make_part
from automl.data.table.reading import RawTables
from automl.data.table.typed_rows import ReadColumns
from automl.data.targets import Target, infer_target, learn_target
from automl.data.weight_reading import WeightReading, learn_weights
from automl.errors import DataError
from automl.wording.option_names import named
from storage.records import Task


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Understood:
    """Tables whose every cell has been read."""

    goal: Target
    plans: tuple[ColumnPlan, ...]
    parts: Mapping[str, Part]  # raw rows, by role
    typed: pd.DataFrame  # all rows, one part after the other
    targets: NDArray[Any]  # of all rows: class codes or numbers
    unread: tuple[str, ...]  # what could not be read of valid and test rows
    weights: Floats | None  # of all rows; None where all weigh the same


def understand(raw: RawTables, *, task: Task | None, loss: str | None) -> Understood:
    """Learn what target and columns are, and read all rows by it.

    Raises:
        DataError, ConfigError: as for `load_dataset`.
    """
    train, columns = raw.tables["train"], raw.columns
    marks = missing_marks(train.frame, columns.missing)
    names = train.frame.columns
    reading = learn_target(
        raw.target,
        train.frame[raw.target],
        has_types=train.has_types,
        missing=marks[raw.target],
        keep_missing_class=columns.keep_missing_class,
        decimal=train.decimal,
        usual=lambda: usual_decimal(raw_column(train.frame[name]) for name in names),
    )
    weighing = _learned_weighing(raw)
    parts = {role: make_part(table, reading, role, weighing) for role, table in raw.tables.items()}
    goal = infer_target(reading, parts["train"].targets, task, loss)
    plans = _plan_columns(parts["train"].features, raw, marks, train.decimal)
    decimals = {role: table.decimal for role, table in raw.tables.items()}
    read = {
        role: read_columns(part.features, plans, decimals[role]) for role, part in parts.items()
    }
    unread = _unread_messages(read)
    targets = [encode_targets(goal, part.targets, decimals[role]) for role, part in parts.items()]
    return Understood(
        goal=goal,
        plans=plans,
        parts=parts,
        typed=pd.concat([each.typed for each in read.values()]),
        targets=np.concatenate(targets),
        unread=unread,
        weights=joined_weights(part.weights for part in parts.values()),
    )


def _learned_weighing(raw: RawTables) -> WeightReading | None:
    if raw.weight is None:
        return None
    train = raw.tables["train"]
    return learn_weights(raw.weight, train.frame[raw.weight], decimal=train.decimal)


def _plan_columns(
    features: pd.DataFrame,
    raw: RawTables,
    marks: Mapping[str, tuple[str, ...]],
    decimal: str | None,
) -> tuple[ColumnPlan, ...]:
    columns = raw.columns
    left_out = dict.fromkeys(columns.drop, "asked for")
    if raw.weight is not None:
        left_out[raw.weight] = "weight"
    if raw.splits.group is not None:
        left_out[raw.splits.group] = "group"
    plans = tuple(
        replace(plan, dropped=left_out[plan.name]) if plan.name in left_out else plan
        for plan in infer_columns(
            features,
            categorical=columns.categorical,
            numeric=columns.numeric,
            date=columns.date,
            missing=marks,
            decimal=decimal,
        )
    )
    if not plans:
        raise DataError("a table must have columns beside the target, but it has none")
    if all(plan.dropped for plan in plans):
        reasons = sorted({plan.dropped for plan in plans})
        raise DataError(
            "at least one column must vary and be usable as input, but every column beside the "
            f"target is dropped as {' or '.join(reasons)}; bring other columns, or "
            f"keep one with {named('categorical')} or {named('numeric')}"
        )
    return plans


def _unread_messages(read: Mapping[str, ReadColumns]) -> tuple[str, ...]:
    """What was not understood of valid and test rows, which are read by the train rows' plans.

    Raises:
        DataError: most of a column.
    """
    lines = []
    for role, columns in read.items():
        if role != "train":  # its cells are told with the plans
            refuse_unreadable(columns.unread, f"the {role} rows")
            lines += [f"{role} rows: {cells}" for cells in columns.unread]
    return tuple(lines)
