"""From probabilities to classes: the most probable one, or the second of two above a threshold.

Of two classes the threshold of 0.5 is right where each error costs the same and probabilities
are true. A metric that weighs errors otherwise, as balanced accuracy and F1 do, has its best
threshold elsewhere; it is found on validation rows. Pure functions of arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]

OF_DECISIONS: Final = frozenset({"accuracy", "balanced_accuracy", "f1"})
"""Metrics of the classes that are decided for; others are of probabilities or values."""

EVEN: Final = 0.5
"""Above it the second of two classes is the more probable one."""


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """Predictions with the threshold that decides between two classes, if there is one.

    Shape:
        predictions: (N, C), or (N,) of quantities; threshold: one for all rows, or (N,).
    """

    predictions: ArrayLike
    threshold: float | Floats | None  # None: the more probable class


def decide(probabilities: Floats, threshold: float | Floats | None = None) -> NDArray[np.intp]:
    """The codes of the classes that are decided for.

    Args:
        threshold: of two classes the second is taken where its probability is above it; None: the
            most probable class.

    Shape:
        probabilities: (N, C); threshold: one for all rows, or (N,); result: (N,).
    """
    if threshold is None:
        return np.asarray(probabilities.argmax(axis=1), dtype=np.intp)
    return np.asarray(probabilities[:, 1] > threshold, dtype=np.intp)


def best_threshold(
    probabilities: Floats,
    is_second: NDArray[np.bool_],
    metric: str,
    weights: Floats | None = None,
) -> float:
    """The threshold by which decisions between two classes score best on these rows.

    Thresholds half-way between neighbouring probabilities are tried, and 0.5; of equally good
    ones the nearest to 0.5 is taken.

    Args:
        probabilities: of the second class.
        is_second: whether a row is of it.
        metric: one of `OF_DECISIONS`.
        weights: of rows; None: all are 1.

    Shape:
        probabilities, is_second, weights: (N,).

    Raises:
        ValueError: the metric is not one of decisions.
    """
    values, places = np.unique(probabilities, return_inverse=True)
    of_second = is_second if weights is None else is_second * weights
    n_own = np.bincount(places, weights=of_second, minlength=len(values)).astype(np.float64)
    n_all = np.bincount(places, weights, minlength=len(values)).astype(np.float64)
    # Above the threshold number i lie the values from number i on: of 0 all, of the last one none.
    hits, taken = _from_each_on(n_own), _from_each_on(n_all)
    scores = decision_scores(hits, taken - hits, n_own.sum(), (n_all - n_own).sum(), metric)
    middles = (values[1:] + values[:-1]) / 2
    thresholds = np.concatenate([[min(values[0] - 1e-9, EVEN)], middles, [max(values[-1], EVEN)]])
    # The cut in which 0.5 lies is at 0.5 itself.
    thresholds[np.searchsorted(values, EVEN, side="right")] = EVEN
    best = np.flatnonzero(scores >= np.nanmax(scores, initial=-np.inf) - 1e-12)
    if not len(best):  # the rows do not define the metric
        return EVEN
    return float(thresholds[best[np.argmin(np.abs(thresholds[best] - EVEN))]])


def decision_scores(
    hits: Floats, false_alarms: Floats, n_second: Any, n_first: Any, metric: str
) -> Floats:
    """The metric of decisions between two classes, from how often each is right.

    Args:
        hits: rows of the second class that are taken for it.
        false_alarms: rows of the first one that are.
        n_second, n_first: rows of each.

    Shape:
        Any, all alike; n_second and n_first may be scalars. NaN where rows do not define it.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        match metric:
            case "accuracy":
                return np.asarray((hits + n_first - false_alarms) / (n_second + n_first))
            case "balanced_accuracy":
                return np.asarray((hits / n_second + 1 - false_alarms / n_first) / 2)
            case "f1":
                return np.asarray(2 * hits / (n_second + hits + false_alarms))
    raise ValueError(f"metric must be one of {', '.join(sorted(OF_DECISIONS))}, not {metric!r}")


def _from_each_on(counts: Floats) -> Floats:
    """Sums of each number and all after it, and 0 at the end, (V,) -> (V + 1,)."""
    return np.concatenate([np.cumsum(counts[::-1])[::-1], [0.0]])
