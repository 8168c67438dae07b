"""What a person is told of loaded data, and what a study keeps of its split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from automl.data.splits import RowSplit
from automl.data.table.column_messages import column_lines, column_messages
from automl.data.table.columns import ColumnPlan
from automl.data.table.sentinels import sentinel_messages
from automl.data.targets import Target
from automl.wording.counts import agree, count
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
    return [
        describe_task(goal, targets) + hint,
        *(column_lines(goal.reading.plan) if goal.task == "regression" else ()),
        *column_messages(plans),
        *sentinel_messages(checks),
        describe_split(split),
        *_repeated_rows(checks),
    ]


def _repeated_rows(checks: Sequence[DataCheckRecord]) -> Iterator[str]:
    for check in checks:
        n_alike, role = check.details.get("n_duplicated"), check.subject.removeprefix("train/")
        if check.kind == "duplicated_rows" and role != "train" and isinstance(n_alike, int):
            does = agree(n_alike, "equals", "equal")
            yield f"{n_alike:,} of {check.details['n_rows']:,} {role} rows {does} a train row"


def describe_split(split: RowSplit) -> str:
    """How many rows train, validate and test, in one line.

    Folds by time cover the rows between them: each trains on all that lie before its own.
    """
    train, valid = split.folds[0]
    if len(split.folds) == 1:
        rows = count(len(train), "row")
        return f"{rows} to train, {len(valid):,} to validate, {len(split.test):,} to test"
    n_rows = len(np.unique(np.concatenate([rows for fold in split.folds for rows in fold])))
    line = f"{len(split.folds)} folds over {count(n_rows, 'row')}"
    if len(train) + len(valid) < n_rows:
        line += f" in order of time, the first trains on {len(train):,}"
        line += f" and the last on {len(split.folds[-1][0]):,}"
    return f"{line}, {count(len(split.test), 'row')} for the final test"


def describe_task(goal: Target, targets: pd.Series[Any]) -> str:
    """Task and target in one line."""
    if goal.task == "regression":
        values = goal.encode(targets)
        return f"regression of {goal.name}, {values.min():g} to {values.max():g}"
    counts = np.bincount(goal.encode(targets), minlength=goal.n_classes)
    if goal.n_classes > 5:
        fewest, most = int(counts.min()), int(counts.max())
        rows = count(most, "row") if fewest == most else f"{fewest:,} to {count(most, 'row')}"
        return f"classification of {goal.name}: {goal.n_classes} classes of {rows}"
    shown = ", ".join(
        f"{count(int(n_rows), 'row')} of {name}"
        for name, n_rows in zip(goal.class_names, counts, strict=True)
    )
    return f"{goal.task} classification of {goal.name}, {shown}"
