"""Scores of predictions, with bootstrap intervals.

Every score is a function of row weights: the score itself has weight 1 for each row, a
bootstrap resample the number of times each row was drawn; where rows have weights of their own
(`Weighted`) either is times these. So all resamples are computed at once, and a score and its
interval cannot disagree. The numbers agree with scikit-learn's
(tests/automl/training/test_metrics.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from automl.system.threads import one_thread
from automl.training.decisions import Decided, decide
from automl.training.rankings import ManyRowsRanking, Ranking, ranking_of
from automl.wording.scores import HIGHER_IS_BETTER
from storage.records import Task
from storage.score_records import PairedDifference

HUBER_DELTA = 1.0
"""In standard deviations of the target; torch's default, as in training."""

SMALLEST_PROBABILITY = float(np.finfo(np.float32).tiny)
"""A float32 probability that underflowed to 0 is known to be below its smallest number."""

N_RESAMPLES = 1000
"""Percentiles 2.5 and 97.5 then rest on 25 resamples beyond each.

Source: Efron & Tibshirani 1993, section 13.3, asks for 1000 for percentile intervals.
"""

_BLOCK_ELEMENTS = 300_000  # counts at a time: larger blocks leave the cache

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """Targets with what their rows weigh.

    Shape:
        targets: (N,), as in `score`; weights: (N,), above 0, in any unit; None: all are 1.
    """

    targets: ArrayLike
    weights: Floats | None = None


def score(
    predictions: ArrayLike | Decided,
    targets: ArrayLike | Weighted,
    *,
    task: Task,
    loss: str,
    target_scale: float | Floats = 1.0,
    metric: str | None = None,
) -> dict[str, float]:
    """Score predictions: all that is defined on these rows.

    Args:
        predictions: class probabilities, or values in the target's own unit.
        targets: class codes, or values in the target's own unit (`Fold.original_targets`); with
            weights, rows count by these, as by scikit-learn's sample_weight.
        target_scale: of the fold; the loss is in units of the standardized target.
        metric: what people are after. F1 is scored where it is that: of two classes it is that
            of the second one, of several the mean over the classes that occur or are predicted.

    Returns:
        loss, accuracy, balanced_accuracy and roc_auc (of several classes the mean of one
        against the rest), or loss, rmse, mae and r2. What the rows do not define is left out:
        roc_auc where one class only occurs, r2 where all targets are equal.

    Shape:
        predictions: (N, C) for classification, C = 2 for binary, (N,) for regression;
        targets: (N,).
    """
    return _RowScores(predictions, targets, task, loss, target_scale, metric).plain_scores()


@dataclass(frozen=True, slots=True)
class Resampled:
    """Scores of predictions, and the same of each bootstrap resample of the rows.

    Shape:
        draws: (R,) for each score, NaN where a resample does not define it.
    """

    scores: Mapping[str, float]
    draws: Mapping[str, Floats]

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % percentile intervals of each score; none where there is but one row."""
        return {name: _interval(draws) for name, draws in self.draws.items() if _known(draws)}

    def gains(self, other: Resampled) -> dict[str, PairedDifference]:
        """How much better these predictions are than others of the same rows and resamples."""
        return {
            name: _difference(name, self, other)
            for name, draws in self.draws.items()
            if name in other.scores and _known(draws - other.draws[name])
        }


@one_thread()
def resample(
    predictions: Mapping[str, ArrayLike | Decided],
    targets: ArrayLike | Weighted,
    *,
    task: Task,
    loss: str,
    target_scale: float | Floats = 1.0,
    metric: str | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> dict[str, Resampled]:
    """Score several predictions of the same rows, on the same bootstrap resamples.

    So the scores of two can be held against each other, row by row. A resample that lacks a
    class averages over the classes it has.

    Shape:
        As in `score`, of each predictions; target_scale: one for all rows, or (N,).
    """
    each = {
        name: _RowScores(values, targets, task, loss, target_scale, metric)
        for name, values in predictions.items()
    }
    n_rows, own = next((one.n_rows, one.weights) for one in each.values())
    generator = np.random.default_rng(seed)
    block = max(1, _BLOCK_ELEMENTS // n_rows)
    parts: dict[str, list[dict[str, Floats]]] = {name: [] for name in each}
    for start in range(0, n_resamples if n_rows > 1 else 0, block):
        size = min(block, n_resamples - start)
        counts = _resample_counts(generator, size, n_rows)
        drawn = _weighed(counts, own)
        for name, rows in each.items():
            parts[name].append(rows.scores(*drawn))
    return {name: _resampled(rows, parts[name]) for name, rows in each.items()}


@one_thread()
def without_each(
    predictions: Decided,
    targets: ArrayLike | Weighted,
    groups: NDArray[np.intp],
    *,
    task: Task,
    loss: str,
    target_scale: float | Floats = 1.0,
    metric: str,
) -> Floats:
    """A metric of all rows, and of the rows without each group: what a jackknife goes by.

    Args:
        groups: of each row, from 0 on.
        metric: of those that are no mean of the rows' losses: any but the log loss.

    Shape:
        predictions, targets: as in `score`; groups: (N,); result: (G + 1,), NaN where the rows
        that are left do not define the metric.
    """
    rows = _RowScores(predictions, targets, task, loss, target_scale, metric, metric == "roc_auc")
    left = np.ones((int(groups.max()) + 2, rows.n_rows), dtype=np.int32)
    left[groups + 1, np.arange(rows.n_rows)] = 0
    found = rows.scores(*_weighed(left, rows.weights))
    return found.get(metric, np.full(len(left), np.nan))


def _resampled(rows: _RowScores, parts: Sequence[Mapping[str, Floats]]) -> Resampled:
    names = list(parts[0]) if parts else []
    draws = {name: np.concatenate([part[name] for part in parts]) for name in names}
    return Resampled(rows.plain_scores(), draws)


def _known(draws: Floats) -> bool:
    return bool(np.isfinite(draws).any())


def _interval(draws: Floats) -> tuple[float, float]:
    low, high = np.percentile(draws[np.isfinite(draws)], (2.5, 97.5))
    return float(low), float(high)


def _difference(name: str, first: Resampled, second: Resampled) -> PairedDifference:
    sign = 1.0 if name in HIGHER_IS_BETTER else -1.0
    draws = sign * (first.draws[name] - second.draws[name])
    value = sign * (first.scores[name] - second.scores[name])
    return PairedDifference(value, float(np.nanstd(draws)), *_interval(draws))


def _resample_counts(generator: np.random.Generator, n_resamples: int, n_rows: int) -> Counts:
    """How often each row is drawn, (R, N)."""
    drawn = generator.integers(0, n_rows, size=(n_resamples, n_rows), dtype=np.int32)
    counts = [np.bincount(resample, minlength=n_rows) for resample in drawn]
    return np.asarray(counts, dtype=np.int32)


def _weighed(counts: Counts, weights: Floats | None) -> tuple[Counts | Floats, Floats]:
    """How much rows count: for rankings, whole numbers where rows have no weights; and as floats.

    Products of matrices of whole numbers are slow.
    """
    floats = counts.astype(np.float64)
    if weights is None:
        return counts, floats
    floats *= weights
    return floats, floats


def is_of_probabilities(loss: str) -> bool:
    """Whether a loss is of classes' probabilities; else it is of errors."""
    return loss in ("cross_entropy", "binary_cross_entropy")


def row_values(
    predictions: ArrayLike, targets: ArrayLike, *, loss: str, target_scale: float | Floats = 1.0
) -> Floats:
    """What each row's loss follows from, (N,): the probability of its class, or its error.

    The mean of several predictions has the mean of their values. Errors are standardized.
    """
    predicted = np.asarray(predictions, dtype=np.float64)
    if is_of_probabilities(loss):
        codes = np.asarray(targets, dtype=np.int64)
        chosen: Floats = predicted[np.arange(len(codes)), codes]
        return chosen
    return np.asarray((predicted - np.asarray(targets, dtype=np.float64)) / target_scale)


def value_losses(values: Floats, loss: str) -> Floats:
    """The losses of what `row_values` gives, of any shape."""
    if is_of_probabilities(loss):
        losses: Floats = -np.log(np.maximum(values, SMALLEST_PROBABILITY))
        return losses
    if loss == "mean_squared":
        return np.asarray(values**2)
    if loss == "mean_absolute":
        return np.abs(values)
    if loss == "huber":
        size = np.abs(values)
        inner = 0.5 * values**2
        return np.where(size <= HUBER_DELTA, inner, HUBER_DELTA * (size - 0.5 * HUBER_DELTA))
    raise ValueError(f"no such loss: {loss!r}")


def row_losses(
    predictions: ArrayLike, targets: ArrayLike, *, loss: str, target_scale: float | Floats = 1.0
) -> Floats:
    """The plain loss of each row: what training reports the mean of, (N,)."""
    return value_losses(
        row_values(predictions, targets, loss=loss, target_scale=target_scale), loss
    )


class _RowScores:
    """What each row brings to the scores; weights come later.

    Products are taken by `dot`: `@` holds the interpreter's lock, and rows of several splits are
    scored in threads (NumPy 2; twice 1.1 s of work took 2.2 s by `@`, 1.2 s by `dot`).

    Shape:
        counts, weights: (R, N), one resample a row, as `_weighed` gives them; every score: (R,).
    """

    def __init__(
        self,
        predictions: ArrayLike | Decided,
        targets: ArrayLike | Weighted,
        task: Task,
        loss: str,
        scale: float | Floats,
        metric: str | None,
        ranks: bool = True,
    ) -> None:
        if not isinstance(predictions, Decided):
            predictions = Decided(predictions, None)
        self.predictions = np.asarray(predictions.predictions, dtype=np.float64)
        given = targets if isinstance(targets, Weighted) else Weighted(targets)
        self.targets, self.weights = np.asarray(given.targets), given.weights
        self.n_rows = len(self.targets)
        self.losses = row_losses(self.predictions, self.targets, loss=loss, target_scale=scale)
        self.is_regression = task == "regression"
        self.rankings: list[Ranking | ManyRowsRanking] = []
        if not self.is_regression:
            decided = decide(self.predictions, predictions.threshold)
            correct = decided == self.targets
            members = self.targets[:, None] == np.unique(self.targets)
            self.members_and_correct = (
                members.astype(np.float64),  # (N, C), of the classes that occur
                (members & correct[:, None]).astype(np.float64),
            )
            self.f1 = _F1(decided, self.targets, task) if metric == "f1" else None
            # Binary: ranking by the second class is ranking by the first, reversed.
            n_classes = self.predictions.shape[1]
            classes = ([1] if n_classes == 2 else range(n_classes)) if ranks else ()
            self.rankings = [
                ranking_of(self.predictions[:, c], self.targets == c, self.weights)
                for c in classes
                if 0 < np.count_nonzero(self.targets == c) < self.n_rows
            ]

    def plain_scores(self) -> dict[str, float]:
        """Of the rows as they are: what they do not define is left out."""
        values = self.scores(*_weighed(np.ones((1, self.n_rows), dtype=np.int32), self.weights))
        return {name: float(value[0]) for name, value in values.items() if np.isfinite(value[0])}

    def scores(self, counts: Counts | Floats, weights: Floats) -> dict[str, Floats]:
        total = weights.sum(axis=1)
        with np.errstate(over="ignore", invalid="ignore"):  # of numbers near float32's end
            scores = {"loss": weights.dot(self.losses) / total}
            if self.is_regression:
                return scores | self._regression(weights, total)
        scores |= self._classification(weights, total)
        if self.rankings:
            areas = np.stack([each.areas(counts, weights) for each in self.rankings], axis=1)
            scores["roc_auc"] = _mean_of_defined(areas)
        return scores

    def _regression(self, weights: Floats, total: Floats) -> dict[str, Floats]:
        targets = self.targets.astype(np.float64)
        errors = self.predictions - targets
        squared = weights.dot(errors**2) / total
        centred = targets - targets.mean()  # about their mean, so that squares lose no digits
        variance = weights.dot(centred**2) / total - (weights.dot(centred) / total) ** 2
        varies = variance > 1e-14 * max(float(np.mean(centred**2)), 1e-300)
        r2 = 1 - np.divide(squared, variance, out=np.full_like(squared, np.nan), where=varies)
        absolute = weights.dot(np.abs(errors)) / total
        return {"rmse": np.sqrt(squared), "mae": absolute, "r2": r2}

    def _classification(self, weights: Floats, total: Floats) -> dict[str, Floats]:
        members, correct = self.members_and_correct
        n_members, n_correct = weights.dot(members), weights.dot(correct)
        recalls = np.divide(
            n_correct, n_members, out=np.full_like(n_correct, np.nan), where=n_members > 0
        )
        scores = {
            "accuracy": n_correct.sum(axis=1) / total,
            "balanced_accuracy": _mean_of_defined(recalls),
        }
        if self.f1 is not None:
            scores["f1"] = self.f1.values(weights)
        return {name: np.minimum(shares, 1.0) for name, shares in scores.items()}  # of rounding


class _F1:
    """Of two classes the F1 of the second, of several the mean of all that occur or are predicted.

    Source: scikit-learn's `f1_score`, of two classes with pos_label=1, of several average="macro".
    """

    def __init__(self, decided: NDArray[np.intp], targets: NDArray[Any], task: Task) -> None:
        codes = np.array([1]) if task == "binary" else np.union1d(decided, targets)
        is_taken, is_own = decided[:, None] == codes, targets[:, None] == codes
        self.hits = (is_taken & is_own).astype(np.float64)  # (N, C), as the next one
        self.either = is_taken.astype(np.float64) + is_own  # 2 where both

    def values(self, weights: Floats) -> Floats:
        """Of each resample, (R, N) -> (R,); NaN where no class of it occurs or is predicted."""
        hits, either = weights.dot(self.hits), weights.dot(self.either)
        each = np.divide(2 * hits, either, out=np.full_like(hits, np.nan), where=either > 0)
        return _mean_of_defined(each)


def _mean_of_defined(values: Floats) -> Floats:
    """Row means over what is no NaN; NaN where nothing is."""
    defined: NDArray[Any] = ~np.isnan(values)
    count = defined.sum(axis=1)
    total = np.where(defined, values, 0.0).sum(axis=1)
    mean: Floats = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return mean
