"""What a person is told of loaded data, and what a study keeps of its split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from automl.data.column_messages import column_lines, column_messages
from automl.data.columns import ColumnPlan
from automl.data.sentinels import sentinel_messages
from automl.data.splits import RowSplit
from automl.data.targets import Target
from storage.records import DataCheckRecord


def describe(
    goal: Target,
    targets: pd.Series[Any],
    plans: Sequence[ColumnPlan],
    split: RowSplit,
    *,
    checks: Sequence[DataCheckRecord],
    is_inferred: bool,
) -> list[str]:
    """Lines on task, columns and rows, for a person to check before minutes are spent.

    Args:
        targets: of the rows that are divided.
        is_inferred: whether the task is a guess.
    """
    hint = " (--task overrides)" if is_inferred else ""
    repeated = [
        f"{check.details['n_duplicated']} of {check.details['n_rows']} {name} rows have the same "
        "inputs as a train row"
        for check in checks
        for name in ("valid", "test")
        if check.kind == "duplicated_rows" and check.subject == f"train/{name}"
    ]
    return [
        describe_task(goal, targets) + hint,
        *(column_lines(goal.reading.plan) if goal.task == "regression" else ()),
        *column_messages(plans),
        *sentinel_messages(checks),
        describe_split(split),
        *repeated,
    ]


def describe_split(split: RowSplit) -> str:
    """How many rows train, validate and test, in one line.

    Folds by time cover the rows between them: each trains on all that lie before its own.
    """
    train, valid = split.folds[0]
    if len(split.folds) == 1:
        return f"{len(train)} rows to train, {len(valid)} to validate, {len(split.test)} to test"
    n_rows = len(np.unique(np.concatenate([rows for fold in split.folds for rows in fold])))
    line = f"{len(split.folds)} folds over {n_rows} rows"
    if len(train) + len(valid) < n_rows:
        line += f" in order of time, the first trains on {len(train)}"
        line += f" and the last on {len(split.folds[-1][0])}"
    return f"{line}, {len(split.test)} rows for the final test"


def describe_task(goal: Target, targets: pd.Series[Any]) -> str:
    """Task and target in one line."""
    if goal.task == "regression":
        values = goal.encode(targets)
        return f"regression of {goal.name}, {values.min():g} to {values.max():g}"
    counts = np.bincount(goal.encode(targets), minlength=goal.n_classes)
    if goal.n_classes > 5:
        return (
            f"classification of {goal.name}: {goal.n_classes} classes of {counts.min()} to "
            f"{counts.max()} rows"
        )
    shown = ", ".join(
        f"{count} rows of {name}" for name, count in zip(goal.class_names, counts, strict=True)
    )
    return f"{goal.task} classification of {goal.name}, {shown}"
