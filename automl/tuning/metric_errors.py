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


def metric_errors(
    predictions: Floats,
    targets: NDArray[Any],
    metric: str,
    task: Task,
    weights: Floats | None = None,
) -> Floats:
    """How bad several networks' predictions are by a metric: lower is better.

    1 minus the metric of those that are shares, of decisions between two classes that at the best
    threshold; of quantities the mean squared error (RMSE and R2 order networks
    alike) or the mean absolute one. 0 for all where the rows do not define it. The log loss is
    none of these: who chooses by it chooses by the loss.

    Args:
        predictions: of networks, as they are told.
        metric: a name in `score_records.METRICS`.
        task: two classes that are learned as several are scored as several.
        weights: by which rows count; None: all are 1.

    Shape:
        predictions: (M, N, C) of classes, (M, N) of quantities; targets, weights: (N,); result:
        (M,).
    """
    if predictions.ndim == 2:
        errors = predictions - targets
        if weights is not None:
            size = np.abs(errors) if metric == "mae" else errors**2
            return np.asarray(size.dot(weights) / weights.sum())
        if metric == "mae":
            return np.asarray(np.abs(errors).mean(axis=1))
        return np.asarray(np.einsum("mn,mn->m", errors, errors) / errors.shape[1])
    if metric == "roc_auc":
        scores = _areas(predictions, targets, task, weights)
    elif task == "binary":
        own, others = _counts(predictions[:, :, 1], targets == 1, weights)
        hits, false_alarms = _from_each_on(own), _from_each_on(others)
        ends = hits[:, :1], false_alarms[:, :1]
        scores = np.asarray(decision_scores(hits, false_alarms, *ends, metric).max(axis=1))
    else:
        scores = _of_several_classes(predictions, targets, metric, weights)
    return np.nan_to_num(1 - scores, nan=0.0)


def _areas(
    predictions: Floats, targets: NDArray[Any], task: Task, weights: Floats | None
) -> Floats:
    """The area under the ROC curve; of several classes the mean of each against the rest."""
    codes = [1] if task == "binary" else np.unique(targets).tolist()
    areas = [_area(predictions[:, :, code], targets == code, weights) for code in codes]
    return np.asarray(np.mean(areas, axis=0))


def _area(probabilities: Floats, is_own: NDArray[np.bool_], weights: Floats | None) -> Floats:
    own, others = _counts(probabilities, is_own, weights)
    below = np.cumsum(others, axis=1) - others / 2
    pairs = own.sum(axis=1) * others.sum(axis=1)
    wins = np.einsum("ml,ml->m", own, below)
    return np.asarray(np.divide(wins, pairs, out=np.full(len(wins), np.nan), where=pairs > 0))


def _of_several_classes(
    predictions: Floats, targets: NDArray[Any], metric: str, weights: Floats | None
) -> Floats:
    """Of the most probable classes, from how often each class is taken for each."""
    if metric not in OF_DECISIONS:
        raise ValueError(f"no such metric of classes: {metric!r}")
    n, n_classes = len(predictions), predictions.shape[2]
    decided = predictions.argmax(axis=2)
    if metric == "accuracy":
        return np.average(decided == targets, axis=1, weights=weights)
    pairs = (np.arange(n)[:, None] * n_classes + targets) * n_classes + decided
    of_pairs = None if weights is None else np.tile(weights, n)
    counts = np.bincount(pairs.ravel(), of_pairs, minlength=n * n_classes**2)
    table = counts.reshape(n, n_classes, n_classes).astype(np.float64)  # true, then decided
    hits, own = np.einsum("mcc->mc", table), table.sum(axis=2)
    taken = table.sum(axis=1)
    is_f1 = metric == "f1"
    parts, wholes = (2 * hits, own + taken) if is_f1 else (hits, own)
    each = np.divide(parts, wholes, out=np.zeros_like(hits), where=wholes > 0)
    return np.asarray(each.sum(axis=1) / (wholes > 0).sum(axis=1))


def _counts(
    probabilities: Floats, is_own: NDArray[np.bool_], weights: Floats | None
) -> tuple[Floats, Floats]:
    """Rows of a class, and of the others, at each level, (M, N) -> twice (M, N_LEVELS)."""
    n = len(probabilities)
    levels = _LEVELS[(probabilities * _N_STEPS).astype(np.int64)]
    places = levels + N_LEVELS * np.arange(n)[:, None]

    def counted(rows: NDArray[np.bool_]) -> Floats:
        each = None if weights is None else np.tile(weights[rows], n)
        counts = np.bincount(places[:, rows].ravel(), each, minlength=n * N_LEVELS)
        return counts.reshape(n, N_LEVELS).astype(np.float64)

    return counted(is_own), counted(~is_own)


def _from_each_on(counts: Floats) -> Floats:
    """Rows at each level and above, and none above the last, (M, L) -> (M, L + 1)."""
    sums = np.zeros((len(counts), counts.shape[1] + 1))
    np.cumsum(counts[:, ::-1], axis=1, out=sums[:, -2::-1])
    return sums
