"""What is worth knowing about the data before training: one record per finding.

Values only; what is bad is judged in `automl/diagnostics/data_quality.py`. Targets of test
rows are never read here, their features are. Costly checks look at a sample.

    kind                  subject          value
    dropped_column        column           rows without a value, as a share of all
    missing_values        column           rows without a value, as a share of the train rows
    imbalance             rarest class     rows of the commonest class for each row of the rarest
    few_rows_per_class    rarest class     its train rows
    duplicated_rows       "train/test" ... share of the second one's rows with inputs as in train
    conflicting_rows      "train"          share of train rows with equal inputs, other targets
    leakage               column           share of the target's variance that it alone explains
    shift                 "train/test" ... area under the ROC curve of telling the two apart
    outliers              column, target   largest distance from the median, in middle-half widths
    rows_per_input        "train"          train rows for each input of the network
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeRegressor

from automl.data.columns import MISSING_CATEGORY, ColumnPlan
from automl.data.splits import Rows, RowSplit
from automl.data.targets import Target
from storage.records import DataCheckRecord, Json

MAX_SAMPLE = 2000
"""Rows that costly checks look at: an area under a curve of 0.5 is then known to 0.013."""

MAX_COLUMNS = 100
"""Columns that are tried alone for leakage: those most correlated with the target."""

N_TOP = 5
"""Columns reported by the checks that rank them."""

Floats = NDArray[np.float64]


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
        typed: all rows, as `typed_columns` reads them.
        targets: class codes or numbers of all rows; those of test rows are not read.
        time_column: what rows are ordered by, if anything: it differs between splits by intent.
        n_inputs: of the network, after encoding.
    """
    train, valid = split.folds[0]
    codes = _as_numbers(typed)
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
        DataCheckRecord("dropped_column", plan.name, 1.0, {"why": plan.reason, **plan.details})
        for plan in plans
        if plan.kind == "dropped" and plan.reason not in ("asked for", "group")
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


def leakage(codes: pd.DataFrame, targets: NDArray[Any], goal: Target) -> list[DataCheckRecord]:
    """The columns that predict the target best alone.

    The value is the cross-validated share of variance that a small tree on this column
    explains, of the target or of its class indicators: 1 is a perfect copy. `others` is the
    same share for many trees on all other columns, given where a column explains 0.8 or more:
    in an easy problem it is about as high, beside a leak it is not.
    """
    rows = _sample(np.arange(len(targets)), seed=0)
    wanted = _indicators(targets[rows], goal)
    values = codes.iloc[rows].to_numpy()
    candidates = _most_correlated(values, wanted)
    leaf = max(5, len(rows) // 100)
    shares = {
        column: _explained(
            DecisionTreeRegressor(max_leaf_nodes=32, min_samples_leaf=leaf, random_state=0),
            values[:, [column]],
            wanted,
        )
        for column in candidates
    }
    records = []
    for column in sorted(shares, key=lambda c: -shares[c])[:N_TOP]:
        details: dict[str, Json] = {"n_rows": len(rows)}
        if shares[column] >= 0.8 and values.shape[1] > 1:
            forest = ExtraTreesRegressor(
                n_estimators=20, min_samples_leaf=3, max_features=0.5, random_state=0
            )
            others = np.delete(values, column, axis=1)
            details["others"] = _explained(forest, others, wanted)
        records.append(
            DataCheckRecord("leakage", str(codes.columns[column]), shares[column], details)
        )
    return records


def shift(codes: pd.DataFrame, train: Rows, other: Rows, subject: str) -> list[DataCheckRecord]:
    """How well train rows can be told from others by their inputs; 0.5 is not at all.

    `standard_error` is that of 0.5 for this many rows (Mann & Whitney 1947), a lower bound
    here, since rows that are judged by the same trees are not independent: for inputs of no
    shift the spread over 20 to 60 draws was 1.1 to 1.5 times that.
    """
    if codes.shape[1] == 0 or min(len(train), len(other)) < 20:
        return []
    first, second = _sample(train, seed=1), _sample(other, seed=2)
    values = codes.iloc[np.concatenate([first, second])].to_numpy()
    labels = np.repeat([0, 1], [len(first), len(second)])
    areas = []  # one for each third: pooled predictions would be biased below 0.5
    importances = np.zeros(values.shape[1])
    for held_out in _thirds(labels):
        forest = ExtraTreesClassifier(
            n_estimators=20, min_samples_leaf=5, class_weight="balanced", random_state=0
        )
        forest.fit(values[~held_out], labels[~held_out])
        areas.append(roc_auc_score(labels[held_out], forest.predict_proba(values[held_out])[:, 1]))
        importances += forest.feature_importances_ / 3
    n_pairs = len(first) * len(second)
    strongest = np.argsort(-importances)[:3]
    details: dict[str, Json] = {
        "n_rows": [len(first), len(second)],
        "standard_error": float(np.sqrt((len(labels) + 1) / (12 * n_pairs))),
        "columns": {str(codes.columns[i]): float(importances[i]) for i in strongest},
    }
    return [DataCheckRecord("shift", subject, float(np.mean(areas)), details)]


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


def _as_numbers(typed: pd.DataFrame) -> pd.DataFrame:
    """Categories as codes by frequency, gaps as a value below all others: enough for trees."""
    columns = {}
    for name in typed.columns:
        values = typed[name]
        if values.dtype.kind == "f":
            lowest = values.min()
            columns[name] = values.fillna((0.0 if np.isnan(lowest) else lowest) - 1).to_numpy()
        else:
            ranks = {category: rank for rank, category in enumerate(values.value_counts().index)}
            columns[name] = values.map(ranks).to_numpy(dtype=np.float64)
    return pd.DataFrame(columns, index=typed.index)


def _sample(rows: Rows, seed: int) -> Rows:
    if len(rows) <= MAX_SAMPLE:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MAX_SAMPLE, replace=False))


def _indicators(targets: NDArray[Any], goal: Target) -> Floats:
    """What trees predict: (N, 1) numbers, or (N, C) indicators of the classes that occur."""
    if goal.task == "regression":
        return targets.astype(np.float64).reshape(-1, 1)
    indicators: Floats = (targets[:, None] == np.unique(targets)).astype(np.float64)
    return indicators


def _most_correlated(values: Floats, wanted: Floats) -> NDArray[np.int64]:
    if values.shape[1] <= MAX_COLUMNS:
        return np.arange(values.shape[1])
    inputs = values - values.mean(axis=0)
    inputs /= np.maximum(inputs.std(axis=0), 1e-12)
    outputs = wanted - wanted.mean(axis=0)
    strength = np.abs(inputs.T @ outputs).max(axis=1)
    return np.argsort(-strength)[:MAX_COLUMNS]


def _explained(model: Any, values: Floats, wanted: Floats) -> float:
    """Cross-validated share of variance, over all outputs together; 0 at least."""
    single = wanted.shape[1] == 1
    predicted = np.empty_like(wanted)
    for held_out in _thirds(wanted.argmax(axis=1)):
        model.fit(values[~held_out], wanted[~held_out, 0] if single else wanted[~held_out])
        predicted[held_out] = model.predict(values[held_out]).reshape(-1, wanted.shape[1])
    total = ((wanted - wanted.mean(axis=0)) ** 2).sum()
    if total == 0:
        return 0.0
    return max(0.0, 1 - float(((wanted - predicted) ** 2).sum() / total))


def _thirds(labels: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
    """Three masks of held-out rows, each label spread over all of them."""
    shuffled = np.random.default_rng(0).permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    third = np.empty(len(labels), dtype=np.int64)
    third[order] = np.arange(len(labels)) % 3
    return [third == k for k in range(3)]
