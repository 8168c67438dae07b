"""Do the splits differ? And what this question shares with that of `leaks.py`.

Both are answered by trees, from a sample of rows. What is returned is described in `checks.py`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score

from automl.data.splits import Rows
from storage.records import DataCheckRecord, Json

MAX_SAMPLE = 2000
"""Rows that costly checks look at: an area under a curve of 0.5 is then known to 0.013."""


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


def shift(
    codes: pd.DataFrame, train: Rows, other: Rows, subject: str, split_by: str = "random"
) -> list[DataCheckRecord]:
    """How well train rows can be told from others by their inputs; 0.5 is not at all.

    `standard_error` is that of 0.5 for this many rows (Mann & Whitney 1947), a lower bound
    here, since rows that are judged by the same trees are not independent: for inputs of no
    shift the spread over 20 to 60 draws was 1.1 to 1.5 times that.

    Args:
        split_by: what divides the rows, and so may explain a shift: "random", "time", "group"
            or "file".
    """
    if codes.shape[1] == 0 or min(len(train), len(other)) < 20:
        return []
    first, second = sample_rows(train, seed=1), sample_rows(other, seed=2)
    values = codes.iloc[np.concatenate([first, second])].to_numpy()
    labels = np.repeat([0, 1], [len(first), len(second)])
    areas = []  # one for each third: pooled predictions would be biased below 0.5
    importances = np.zeros(values.shape[1])
    for held_out in thirds(labels):
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
        "split_by": split_by,
        "standard_error": float(np.sqrt((len(labels) + 1) / (12 * n_pairs))),
        "columns": {str(codes.columns[i]): float(importances[i]) for i in strongest},
    }
    return [DataCheckRecord("shift", subject, float(np.mean(areas)), details)]


def sample_rows(rows: Rows, seed: int) -> Rows:
    """MAX_SAMPLE of the rows, in ascending order; or all, where there are no more."""
    if len(rows) <= MAX_SAMPLE:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MAX_SAMPLE, replace=False))


def thirds(labels: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
    """Three masks of held-out rows, each label spread over all of them."""
    shuffled = np.random.default_rng(0).permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    third = np.empty(len(labels), dtype=np.int64)
    third[order] = np.arange(len(labels)) % 3
    return [third == k for k in range(3)]
