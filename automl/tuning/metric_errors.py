"""How far several networks' predictions are from the best value of a metric, for all at once.

An ensemble is found by thousands of looks at what some thirty networks would predict together, so
what is exact in `training/metrics.py` is counted here: classes' probabilities are sorted into
levels, and how many rows of each class there are at each level gives the area under the ROC curve
and, at every threshold at once, the metrics of decisions. Pure functions of arrays.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.training.decisions import OF_DECISIONS, decision_scores
from storage.records import Task

Floats: TypeAlias = NDArray[np.float64]

N_LEVELS: Final = 1024
"""Of probabilities; rows of one level count as tied. Levels are as wide as each other in
arcsin(sqrt(p)), in which the sampling error of a share is the same everywhere (Bartlett
1947): so rare classes, whose probabilities are all near 0, have as many as others."""

_N_STEPS: Final = 2**16
_GRID = (np.arange(_N_STEPS + 1) + 0.5) / (_N_STEPS + 1)
_LEVELS = np.asarray(2 / np.pi * np.arcsin(np.sqrt(_GRID)) * N_LEVELS, dtype=np.int64)


def metric_errors(predictions: Floats, targets: NDArray[Any], metric: str, task: Task) -> Floats:
    """How bad several networks' predictions are by a metric: lower is better.

    1 minus the metric of those that are shares, of decisions between two classes that at the best
    threshold; of quantities the mean squared error (RMSE and R2 order networks
    alike) or the mean absolute one. 0 for all where the rows do not define it. The log loss is
    none of these: who chooses by it chooses by the loss.

    Args:
        predictions: of networks, as they are told.
        metric: a name in `score_records.METRICS`.
        task: two classes that are learned as several are scored as several.

    Shape:
        predictions: (M, N, C) of classes, (M, N) of quantities; targets: (N,); result: (M,).
    """
    if predictions.ndim == 2:
        errors = predictions - targets
        if metric == "mae":
            return np.asarray(np.abs(errors).mean(axis=1))
        return np.asarray(np.einsum("mn,mn->m", errors, errors) / errors.shape[1])
    if metric == "roc_auc":
        scores = _areas(predictions, targets, task)
    elif task == "binary":
        own, others = _counts(predictions[:, :, 1], targets == 1)
        hits, false_alarms = _from_each_on(own), _from_each_on(others)
        ends = hits[:, :1], false_alarms[:, :1]
        scores = np.asarray(decision_scores(hits, false_alarms, *ends, metric).max(axis=1))
    else:
        scores = _of_several_classes(predictions, targets, metric)
    return np.nan_to_num(1 - scores, nan=0.0)


def _areas(predictions: Floats, targets: NDArray[Any], task: Task) -> Floats:
    """The area under the ROC curve; of several classes the mean of each against the rest."""
    codes = [1] if task == "binary" else np.unique(targets).tolist()
    areas = [_area(predictions[:, :, code], targets == code) for code in codes]
    return np.asarray(np.mean(areas, axis=0))


def _area(probabilities: Floats, is_own: NDArray[np.bool_]) -> Floats:
    own, others = _counts(probabilities, is_own)
    below = np.cumsum(others, axis=1) - others / 2
    pairs = own.sum(axis=1) * others.sum(axis=1)
    wins = np.einsum("ml,ml->m", own, below)
    return np.asarray(np.divide(wins, pairs, out=np.full(len(wins), np.nan), where=pairs > 0))


def _of_several_classes(predictions: Floats, targets: NDArray[Any], metric: str) -> Floats:
    """Of the most probable classes, from how often each class is taken for each."""
    if metric not in OF_DECISIONS:
        raise ValueError(f"no such metric of classes: {metric!r}")
    n, n_classes = len(predictions), predictions.shape[2]
    decided = predictions.argmax(axis=2)
    if metric == "accuracy":
        return np.asarray((decided == targets).mean(axis=1))
    pairs = (np.arange(n)[:, None] * n_classes + targets) * n_classes + decided
    counts = np.bincount(pairs.ravel(), minlength=n * n_classes**2)
    table = counts.reshape(n, n_classes, n_classes).astype(np.float64)  # true, then decided
    hits, own = np.einsum("mcc->mc", table), table.sum(axis=2)
    taken = table.sum(axis=1)
    is_f1 = metric == "f1"
    parts, wholes = (2 * hits, own + taken) if is_f1 else (hits, own)
    each = np.divide(parts, wholes, out=np.zeros_like(hits), where=wholes > 0)
    return np.asarray(each.sum(axis=1) / (wholes > 0).sum(axis=1))


def _counts(probabilities: Floats, is_own: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Rows of a class, and of the others, at each level, (M, N) -> twice (M, N_LEVELS)."""
    n = len(probabilities)
    levels = _LEVELS[(probabilities * _N_STEPS).astype(np.int64)]
    places = levels + N_LEVELS * np.arange(n)[:, None]
    own, others = (
        np.bincount(places[:, rows].ravel(), minlength=n * N_LEVELS).reshape(n, N_LEVELS)
        for rows in (is_own, ~is_own)
    )
    return own.astype(np.float64), others.astype(np.float64)


def _from_each_on(counts: Floats) -> Floats:
    """Rows at each level and above, and none above the last, (M, L) -> (M, L + 1)."""
    sums = np.zeros((len(counts), counts.shape[1] + 1))
    np.cumsum(counts[:, ::-1], axis=1, out=sums[:, -2::-1])
    return sums
