"""What is worth knowing about the data before training: one record per finding.

Values only; what is bad is judged in `automl/diagnostics/data_quality.py`. Targets of test
rows are never read here, their features are. Those that fit models are in `probes.py`.

    kind                  subject          value
    dropped_column        column           1; why is in the details
    missing_target        target           rows left out (see `loading.py`)
    missing_values        column           rows without a value, as a share of the train rows
    imbalance             rarest class     rows of the commonest class for each row of the rarest
    few_rows_per_class    rarest class     its train rows
    duplicated_rows       "train/test" ... share of the second one's rows with inputs as in train
    conflicting_rows      "train"          share of train rows with equal inputs, other targets
    leakage               column           share of the target's variance that it alone explains
    shift                 "train/test" ... area under the ROC curve of telling the two apart
    sentinel              column, target   share of rows with numbers that may mean "missing"
    outliers              column, target   largest distance from the median, in middle-half widths
    rows_per_input        "train"          train rows for each input of the network
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.columns import MISSING_CATEGORY, ColumnPlan
from automl.data.probes import as_numbers, leakage, shift
from automl.data.sentinels import sentinels
from automl.data.splits import RowSplit
from automl.data.targets import Target
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
    time_column: str | None,
    n_inputs: int,
) -> tuple[DataCheckRecord, ...]:
    """Run every check on the first fold.

    Args:
        typed: all rows, as `read_columns` reads them.
        targets: class codes or numbers of all rows; those of test rows are not read.
        time_column: what rows are ordered by, if anything: it differs between splits by intent.
        n_inputs: of the network, after encoding.
    """
    train, valid = split.folds[0]
    codes = as_numbers(typed)
    ordered = [p.outputs for p in plans if p.name == time_column]
    unordered = codes.drop(columns=[name for names in ordered for name in names])
    return (
        *_dropped_columns(plans),
        *missing_values(typed.iloc[train]),
        *(rows_per_class(targets[train], goal) if goal.task != "regression" else ()),
        *duplicated_rows(typed, split),
        *conflicting_rows(typed.iloc[train], targets[train]),
        *leakage(codes.iloc[train], targets[train], goal),
        *shift(unordered, train, valid, "train/valid"),
        *shift(unordered, train, split.test, "train/test"),
        *sentinels(
            typed.iloc[train],
            plans,
            (goal.name, targets[train]) if goal.task == "regression" else None,
        ),
        *outliers(typed.iloc[train], targets[train], goal),
        DataCheckRecord(
            "rows_per_input",
            "train",
            len(train) / n_inputs,
            {"n_rows": len(train), "n_inputs": n_inputs},
        ),
    )


def _dropped_columns(plans: Sequence[ColumnPlan]) -> list[DataCheckRecord]:
    return [
        DataCheckRecord("dropped_column", plan.name, 1.0, {"why": plan.dropped, **plan.details})
        for plan in plans
        if plan.dropped and plan.dropped not in ("asked for", "group")
    ]


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


def duplicated_rows(typed: pd.DataFrame, split: RowSplit) -> list[DataCheckRecord]:
    """Rows whose inputs equal a train row's: in train itself, in valid and in test."""
    hashes = pd.util.hash_pandas_object(typed, index=False).to_numpy()
    train, valid = split.folds[0]
    repeated = len(train) - len(np.unique(hashes[train]))
    counts = {
        "train": (repeated, len(train)),
        "train/valid": (int(np.isin(hashes[valid], hashes[train]).sum()), len(valid)),
        "train/test": (int(np.isin(hashes[split.test], hashes[train]).sum()), len(split.test)),
    }
    return [
        DataCheckRecord(
            "duplicated_rows", where, count / n_rows, {"n_duplicated": count, "n_rows": n_rows}
        )
        for where, (count, n_rows) in counts.items()
        if count
    ]


def conflicting_rows(train: pd.DataFrame, targets: NDArray[Any]) -> list[DataCheckRecord]:
    """Train rows with equal inputs and different targets: no model can fit them all."""
    hashes = pd.util.hash_pandas_object(train, index=False).to_numpy()
    spans = pd.Series(targets).groupby(hashes).agg(["min", "max", "size"])
    n_rows = int(spans.loc[spans["min"] != spans["max"], "size"].sum())
    if not n_rows:
        return []
    return [DataCheckRecord("conflicting_rows", "train", n_rows / len(train), {"n_rows": n_rows})]


def outliers(train: pd.DataFrame, targets: NDArray[Any], goal: Target) -> list[DataCheckRecord]:
    """Columns with a few values far away, the farthest first.

    Far: beyond 3 middle-half widths (interquartile ranges) from the quartiles, Tukey's outer
    fence. A few: at most 1 % of the rows, else the column is skewed rather than spoilt.
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
        distance = float(abs(farthest - middle) / width)
        found.append(DataCheckRecord("outliers", name, distance, details))
    return sorted(found, key=lambda record: -record.value)[:N_TOP]
