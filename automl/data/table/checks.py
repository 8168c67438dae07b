"""What is worth knowing about the data before training: one record per finding.

Values only: what is bad is judged in `automl/diagnostics/`. Targets of test rows are never read
here, their features are. Checks that fit models are in `leaks.py` and `probes.py`, others beside
them in `repeated_rows.py` and `possible_groups.py`.

    kind                  subject          value
    dropped_column        column           1; why is in the details
    missing_target        target           rows left out (see `loading.py`)
    missing_values        column           rows without a value, as a share of the train rows
    imbalance             rarest class     rows of the commonest class for each row of the rarest
    few_rows_per_class    rarest class     its train rows
    duplicated_rows       "train/test" ... share of the second one's rows that train has as well
    conflicting_rows      "train"          share of train rows like another, with other targets
    leakage               column(s)        share of the target's variance that it alone explains
    shift                 "train/test" ... area under the ROC curve of telling the two apart
    sentinel              column, target   share of rows with numbers that may mean "missing"
    outliers              column, target   largest distance from the median, in middle-half widths
    possible_group        column           share of test rows whose value train rows have as well
    rows_per_input        "train"          train rows for each input of the network
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.choices import split_kind
from automl.data.splits import RowSplit
from automl.data.table.column_messages import ASKED_FOR, dropped_columns
from automl.data.table.columns import MISSING_CATEGORY, ColumnPlan
from automl.data.table.parts import Part
from automl.data.table.possible_groups import possible_groups
from automl.data.table.probing import LeakSample, Probing, ShiftSample
from automl.data.table.repeated_rows import conflicting_rows, duplicated_rows, raw_rows
from automl.data.table.samples import TreeInputs, sample_rows, tree_inputs
from automl.data.table.sentinels import sentinels
from automl.data.targets import Target
from automl.options.data_options import SplitOptions
from storage.records import DataCheckRecord, Json

N_TOP = 5
"""Columns reported by the checks that rank them."""


def check_data(
    typed: pd.DataFrame,
    targets: NDArray[Any],
    split: RowSplit,
    goal: Target,
    *,
    plans: Sequence[ColumnPlan],
    parts: Mapping[str, Part],
    splits: SplitOptions,
    n_inputs: int,
) -> tuple[DataCheckRecord, ...]:
    """Run every check on the first fold but those that fit models.

    Args:
        typed: all rows, as `read_columns` reads them.
        targets: class codes or numbers of all rows; those of test rows are not read.
        parts: the same rows as they are in their sources.
        n_inputs: of the network, after encoding.
    """
    train = split.folds[0][0]
    rows = raw_rows(parts, plans, splits)
    return (
        *(one for one in dropped_columns(plans) if one.details["why"] not in ASKED_FOR),
        *missing_values(typed.iloc[train]),
        *(rows_per_class(targets[train], goal) if goal.task != "regression" else ()),
        *duplicated_rows(rows, targets, split),
        *conflicting_rows(rows.hashes[train], targets[train]),
        *sentinels(
            typed.iloc[train],
            plans,
            (goal.name, targets[train]) if goal.task == "regression" else None,
        ),
        *outliers(typed.iloc[train], targets[train], goal),
        *(possible_groups(typed, plans, split) if "test" not in parts else ()),
        DataCheckRecord(
            "rows_per_input",
            "train",
            len(train) / n_inputs,
            {"n_rows": len(train), "n_inputs": n_inputs},
        ),
    )


def prepared_probes(
    typed: pd.DataFrame,
    targets: NDArray[Any],
    split: RowSplit,
    goal: Target,
    *,
    plans: Sequence[ColumnPlan],
    parts: Collection[str],
    splits: SplitOptions,
) -> Callable[[], tuple[DataCheckRecord, ...]]:
    """The checks that fit models, with what they look at: samples of the rows.

    Args:
        parts: which rows have sources of their own; for the others see `check_data`.
    """
    inputs = tree_inputs(typed)
    rows = sample_rows(split.folds[0][0], seed=0)
    sources = {output: plan.name for plan in plans for output in plan.outputs}
    leaks = LeakSample(inputs.rows(rows), targets[rows], goal.name, goal.task, sources)
    return Probing(leaks, _shifts(inputs, split, plans, parts, splits)).run


def _shifts(
    inputs: TreeInputs,
    split: RowSplit,
    plans: Sequence[ColumnPlan],
    parts: Collection[str],
    splits: SplitOptions,
) -> list[ShiftSample]:
    """Valid and test rows beside train rows, without the columns that they are ordered by."""
    ordered = {name for plan in plans if plan.name == splits.time for name in plan.outputs}
    unordered = inputs.without(frozenset(ordered))
    train, valid = split.folds[0]
    first, samples = unordered.rows(sample_rows(train, seed=1)), []
    for role, rows in (("valid", valid), ("test", split.test)):
        split_by = "file" if role in parts else split_kind(splits)
        other = unordered.rows(sample_rows(rows, seed=2))
        samples.append(ShiftSample(first, other, f"train/{role}", split_by))
    return samples


def missing_values(train: pd.DataFrame) -> list[DataCheckRecord]:
    """Columns with gaps, the emptiest first, at most 20."""
    shares = (train.isna() | (train == MISSING_CATEGORY)).mean().sort_values(ascending=False)
    return [
        DataCheckRecord("missing_values", str(name), float(share))
        for name, share in shares.head(20).items()
        if share > 0
    ]


def rows_per_class(codes: NDArray[np.int64], goal: Target) -> list[DataCheckRecord]:
    """How unequal classes are, and how few rows the rarest has."""
    counts = np.bincount(codes, minlength=goal.n_classes)
    rarest = goal.class_names[int(counts.argmin())]
    order = np.argsort(counts)[:50]
    details: dict[str, Json] = {
        "commonest": goal.class_names[int(counts.argmax())],
        "train_rows": {goal.class_names[i]: int(counts[i]) for i in order},
        "n_classes": goal.n_classes,
    }
    ratio = float(counts.max() / max(counts.min(), 1))
    return [
        DataCheckRecord("imbalance", rarest, ratio, details),
        DataCheckRecord("few_rows_per_class", rarest, float(counts.min()), details),
    ]


def outliers(train: pd.DataFrame, targets: NDArray[Any], goal: Target) -> list[DataCheckRecord]:
    """Columns with a few values far away, the farthest first.

    Far: beyond 3 middle-half widths (interquartile ranges) from the quartiles, Tukey's outer
    fence. A few: at most 1 % of the rows, else the column is skewed rather than spoilt. Of the
    target it is kept, too, which share of its variance they make.
    """
    columns = {str(n): train[n].to_numpy() for n in train.columns if train[n].dtype.kind == "f"}
    if goal.task == "regression":
        columns[goal.name] = targets
    found = []
    for name, values in columns.items():
        present = values[~np.isnan(values)]
        if len(present) == 0:
            continue
        low, middle, high = np.quantile(present, (0.25, 0.5, 0.75))
        width = high - low
        beyond = (present < low - 3 * width) | (present > high + 3 * width)
        if width == 0 or not 0 < beyond.mean() <= 0.01:
            continue
        farthest = present[np.abs(present - middle).argmax()]
        details: dict[str, Json] = {
            "n_beyond": int(beyond.sum()),
            "farthest": float(farthest),
            "quartiles": [float(low), float(middle), float(high)],
        }
        if goal.task == "regression" and name == goal.name:
            squares = (present - present.mean()) ** 2
            details["variance_share"] = float(squares[beyond].sum() / squares.sum())
        distance = float(abs(farthest - middle) / width)
        found.append(DataCheckRecord("outliers", name, distance, details))
    return sorted(found, key=lambda record: -record.value)[:N_TOP]
