"""Do the splits differ? And what this question shares with that of `leaks.py`.

Both are answered by trees, from a sample of rows. What is returned is described in `checks.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score

from automl.data.table.samples import TreeInputs
from storage.records import DataCheckRecord, Json


def shift(
    train: TreeInputs, other: TreeInputs, subject: str, split_by: str = "random"
) -> list[DataCheckRecord]:
    """How well train rows can be told from others by their inputs; 0.5 is not at all.

    `standard_error` is that of 0.5 for this many rows (Mann & Whitney 1947), a lower bound
    here, since rows that are judged by the same trees are not independent: for inputs of no
    shift the spread over 20 to 60 draws was 1.1 to 1.5 times that.

    Args:
        split_by: what divides the rows, and so may explain a shift: "random", "time", "group"
            or "file".
    """
    if not train.names or min(len(train), len(other)) < 20:
        return []
    values = np.concatenate([train.values, other.values])
    labels = np.repeat([0, 1], [len(train), len(other)])
    areas = []  # one for each third: pooled predictions would be biased below 0.5
    importances = np.zeros(values.shape[1])
    for held_out in thirds(labels):
        forest = ExtraTreesClassifier(
            n_estimators=20, min_samples_leaf=5, class_weight="balanced", random_state=0
        )
        forest.fit(values[~held_out], labels[~held_out])
        areas.append(roc_auc_score(labels[held_out], forest.predict_proba(values[held_out])[:, 1]))
        importances += forest.feature_importances_ / 3
    n_pairs = len(train) * len(other)
    strongest = np.argsort(-importances)[:3]
    details: dict[str, Json] = {
        "n_rows": [len(train), len(other)],
        "split_by": split_by,
        "standard_error": float(np.sqrt((len(labels) + 1) / (12 * n_pairs))),
        "columns": {train.names[i]: float(importances[i]) for i in strongest},
    }
    return [DataCheckRecord("shift", subject, float(np.mean(areas)), details)]


def thirds(labels: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
    """Three masks of held-out rows, each label spread over all of them."""
    shuffled = np.random.default_rng(0).permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    third = np.empty(len(labels), dtype=np.int64)
    third[order] = np.arange(len(labels)) % 3
    return [third == k for k in range(3)]
