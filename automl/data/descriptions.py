"""What a person is told of loaded data of any kind: task, rows, and rows that repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from automl.data.row_weights import Floats
from automl.data.splits import RowSplit
from automl.data.targets import Target
from automl.wording.counts import agree, count
from storage.records import DataCheckRecord


def describe_repeated_rows(checks: Sequence[DataCheckRecord]) -> Iterator[str]:
    """How many valid and test rows are train rows as well."""
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


def describe_weights(
    name: str, left_out: Mapping[str, int], weights: Floats | None
) -> Iterator[str]:
    """What rows weigh, and how many were left out.

    Args:
        name: of the column.
        left_out: rows of weight 0, by the part they came in.
        weights: of the rows that are left; None: they are equal.

    Source:
        Kish 1965, Survey sampling: (sum w)^2 / sum w^2 rows of equal weight tell as much.
    """
    for role, n in left_out.items():
        if n:
            yield f"{'' if role == 'train' else f'{role} '}rows of weight 0, left out: {n:,}"
    if weights is None:
        yield f"weights by {name}: all rows weigh the same, as without weights"
        return
    relative = weights / weights.max()
    n_even = relative.sum() ** 2 / (relative**2).sum()
    yield (
        f"weights by {name}, {weights.min():g} to {weights.max():g}, scaled to mean 1: "
        f"{count(len(weights), 'row')} tell as much as {n_even:,.0f} of equal weight"
    )


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
