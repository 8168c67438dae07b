"""Two questions that trees answer: does a column give the target away, do the splits differ?

Both look at a sample of rows, and at train targets only. What they return is described in
`checks.py`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeRegressor

from automl.data.splits import Rows
from automl.data.targets import Target
from storage.records import DataCheckRecord, Json

MAX_SAMPLE = 2000
"""Rows that costly checks look at: an area under a curve of 0.5 is then known to 0.013."""

MAX_COLUMNS = 100
"""Columns that are tried alone for leakage: those most correlated with the target."""

N_TOP = 5
"""Columns reported for leakage."""

Floats: TypeAlias = NDArray[np.float64]


def as_numbers(typed: pd.DataFrame) -> pd.DataFrame:
    """Typed columns for trees: categories as codes by frequency, gaps below all values."""
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
