"""Ways to choose networks by a metric, each worth what it scores on rows it has not seen.

The twin of `cross_fitting.py` for metrics that are not means over rows, as the area under the ROC
curve is not: each way chooses by some folds of the validation rows, its networks predict the
others, and what is predicted so of all rows is scored at once. Of two classes the threshold of
decisions is chosen in the same manner, and is kept only where it gains on rows it has not seen.
Of few rows a loss tells more than most metrics: so what the loss would choose is held against what
the metric does, and stays where the metric's choice is not better on rows it has not seen. Pure
functions of arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.training.decisions import OF_DECISIONS, Decided, best_threshold
from automl.training.metrics import Resampled, Weighted, resample, row_losses, row_values
from automl.tuning.cross_fitting import CrossFit, Repeated, Rows, alone, row_folds, smallest
from automl.tuning.ensembles import Measure, bags, mean_shares, select_bagged, select_by
from automl.tuning.metric_errors import metric_errors
from automl.wording.scores import HIGHER_IS_BETTER
from storage.records import Task
from storage.score_records import AnswerKind, MetricWorth, score_of

Floats: TypeAlias = NDArray[np.float64]
Chooser: TypeAlias = Callable[[Rows], Floats]

N_TRIED: Final = 16
"""Of the networks the best by the metric may be a part of an ensemble."""

N_STEPS: Final = 15
N_BAGS: Final = 4
"""Networks that are added, and selections that are averaged: fewer than by a loss, since a look
at a metric takes ten times as long."""

BY_LOSS: Final = " by loss"
"""Ends the name of a way to choose that has a twin which asks the metric."""

BY_METRIC: Final = frozenset({"single", "ensemble"})
OF_LOSS: Final = f"single{BY_LOSS}"
"""The ways that ask the metric, and the one that gives the network of the lowest loss."""

MOST_NUMBERS: Final = 8_000
"""Probabilities of one network that a selection looks at: its rows times their classes."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows that networks are chosen by, and what they are chosen by.

    Shape:
        targets: (N,) class codes or values; target_scale: (N,), each row's fold's; weights: (N,)
        of mean 1, None: all are 1.
    """

    targets: NDArray[Any]
    target_scale: Floats
    task: Task
    loss: str
    metric: str
    weights: Floats | None = None

    @property
    def has_threshold(self) -> bool:
        """Whether it is a metric of decisions between two classes."""
        return self.task == "binary" and self.metric in OF_DECISIONS

    def measure(self, rows: Rows) -> Measure:
        """How bad the mean of networks is on some rows."""
        targets, weights = self.targets[rows], self.weights_of(rows)
        return lambda sums, n: metric_errors(sums / n, targets, self.metric, self.task, weights)

    def weights_of(self, rows: Rows) -> Floats | None:
        """Those of some rows."""
        return None if self.weights is None else self.weights[rows]

    def threshold(self, predicted: Floats, rows: Rows) -> float:
        """The best one on some rows, of what is predicted of all."""
        is_second, weights = self.targets[rows] == 1, self.weights_of(rows)
        return best_threshold(predicted[rows, 1], is_second, self.metric, weights)

    def losses(self, predicted: Floats) -> Floats:
        """The plain loss of each row, times its weight."""
        losses = row_losses(
            predicted, self.targets, loss=self.loss, target_scale=self.target_scale
        )
        return losses if self.weights is None else losses * self.weights

    def values(self, predicted: Floats) -> Floats:
        """What the loss of each row follows from."""
        return row_values(predicted, self.targets, loss=self.loss, target_scale=self.target_scale)

    def resampled(self, predictions: Mapping[str, Any], seed: int) -> Mapping[str, Resampled]:
        """Scores of several predictions on the same resamples."""
        return resample(
            predictions,
            Weighted(self.targets, self.weights),
            task=self.task,
            loss=self.loss,
            target_scale=self.target_scale,
            metric=self.metric,
            seed=seed,
        )


@dataclass(frozen=True, slots=True)
class Chooseable:
    """Networks that are chosen among.

    Attributes:
        n_parameters: None: not known.
        finished: which of them may be chosen alone.
        best: the one that the loss chooses, by all rows of the search; None: by these rows.
        repeated: one of them with its repetitions by other seeds.

    Shape:
        predictions: (M, N, C) or (M, N), N at least 2; n_parameters, finished: M of them.
    """

    predictions: Floats
    n_parameters: Sequence[int | None]
    finished: Sequence[bool]
    best: int | None = None
    repeated: Repeated | None = None


def cross_fit_by_metric(
    networks: Chooseable, judged: Judged, seed: int
) -> Mapping[AnswerKind, CrossFit]:
    """Each way to choose, by its name; "seeds" where a network was repeated.

    "refit" is the network that the loss chooses: a refit of it decides by its threshold.
    What the loss chooses stands where what the metric chooses is not better in it.
    The smallest network as good as the best is still one by the loss: whether two differ is
    known row by row, which a metric such as the area under the ROC curve is not. What was repeated
    is that of the lowest loss: "seeds" chooses by the loss, and scores as `cross_fit` does.

    Args:
        seed: which rows are in which fold, and which in which bag, follow from it.
    """
    predictions, repeated = networks.predictions, networks.repeated
    ways = _ways(networks, judged, seed)
    folds = row_folds(predictions.shape[1], seed)
    best = None if networks.best is None else alone(networks.best, len(predictions))
    fitted = {
        name: _predicted(way, predictions, judged, folds, best if name == OF_LOSS else None)
        for name, way in ways.items()
    }
    if repeated is not None:
        together = predictions.copy()
        together[repeated.number] = repeated.values
        fitted["seeds"] = _predicted(ways[OF_LOSS], together, judged, folds, best)
    told: dict[str, Any] = {name: one.predicted for name, one in fitted.items()}
    if judged.has_threshold:
        told |= {
            f"{name} decided": Decided(one.predicted, one.thresholds)
            for name, one in fitted.items()
        }
    resampled, score = judged.resampled(told, seed), score_of(judged.metric)
    single = _better("single", resampled, score)
    names: Mapping[AnswerKind, str] = {
        "single": single,
        "ensemble": _better("ensemble", resampled, score),
        "smallest": "smallest",
        "refit": OF_LOSS,
        **({} if repeated is None else {"seeds": "seeds"}),
    }
    found: dict[AnswerKind, CrossFit] = {}
    for kind, name in names.items():
        one, worth = fitted[name], _worth(name, single, resampled, score)
        threshold = one.threshold if _is_decided(worth) else None
        losses, is_by_loss = judged.losses(one.predicted), name not in BY_METRIC
        found[kind] = CrossFit(
            kind, one.shares, losses, one.chosen_loss, worth, threshold, is_by_loss
        )
    return found


def _ways(networks: Chooseable, judged: Judged, seed: int) -> Mapping[str, Chooser]:
    """Of each kind of answer, where it is chosen by the metric and where by the loss."""
    predictions, n_parameters = networks.predictions, networks.n_parameters
    n_networks, may_be_alone = len(predictions), np.flatnonzero(networks.finished)
    losses = np.stack([judged.losses(one) for one in predictions])
    values = np.stack([judged.values(one) for one in predictions])

    def best(errors: Floats) -> Floats:
        return alone(int(may_be_alone[np.argmin(errors)]), n_networks)

    return {
        "single": lambda seen: best(judged.measure(seen)(predictions[may_be_alone][:, seen], 1)),
        f"single{BY_LOSS}": lambda seen: best(losses[may_be_alone][:, seen].mean(axis=1)),
        "ensemble": lambda seen: select_by_metric(predictions, judged, seen, seed),
        f"ensemble{BY_LOSS}": lambda seen: select_bagged(
            values[:, seen], judged.loss, seed, weights=judged.weights_of(seen)
        ),
        "smallest": lambda seen: alone(smallest(losses[:, seen], n_parameters), n_networks),
    }


def select_by_metric(predictions: Floats, judged: Judged, seen: Rows, seed: int) -> Floats:
    """The shares that a greedy selection by the metric takes, bagged as in `select_bagged`.

    Shape:
        predictions: (M, N, C) or (M, N); seen: of the N rows; result: (M,), which adds up to 1.
    """
    errors = judged.measure(seen)(predictions[:, seen], 1)
    tried = np.sort(np.argsort(errors, kind="stable")[:N_TRIED])
    n_classes = predictions.shape[2] if predictions.ndim == 3 else 1
    size = max(1, min(-(-len(seen) // 2), MOST_NUMBERS // n_classes))
    of_bags = []
    for bag in bags(len(seen), size, N_BAGS, seed):
        rows = seen[bag]
        values = predictions[tried][:, rows]
        of_bags.append(select_by(values, judged.measure(rows), N_STEPS))
    shares = np.zeros(len(predictions))
    shares[tried] = mean_shares(of_bags)
    return shares


@dataclass(frozen=True, slots=True)
class _Predicted:
    """What a way chooses by all rows, and what its choices predict of rows they have not seen."""

    shares: Floats
    predicted: Floats
    thresholds: Floats  # each row's, by which a choice that has not seen it decides
    threshold: float | None  # that all rows are best decided by
    chosen_loss: float


def _predicted(
    choose: Chooser,
    predictions: Floats,
    judged: Judged,
    folds: Sequence[Rows],
    known: Floats | None = None,
) -> _Predicted:
    """Of a way to choose.

    Args:
        known: the shares that it gives by all rows, where these are but some of them.
    """
    everything = np.arange(predictions.shape[1])
    predicted = np.empty(predictions.shape[1:])
    thresholds = np.full(len(everything), np.nan)
    of_choices = []
    for others in folds:
        seen = np.setdiff1d(everything, others)
        together = np.tensordot(choose(seen), predictions, 1)
        predicted[others] = together[others]
        of_choices.append(float(judged.losses(together)[seen].mean()))
        if judged.has_threshold:
            thresholds[others] = judged.threshold(together, seen)
    shares = choose(everything) if known is None else known
    threshold = None
    if judged.has_threshold:
        threshold = judged.threshold(np.tensordot(shares, predictions, 1), everything)
    return _Predicted(shares, predicted, thresholds, threshold, float(np.mean(of_choices)))


def _better(kind: str, resampled: Mapping[str, Resampled], score: str) -> str:
    """Of two ways that give a kind of answer the one that the metric is better of."""
    told = [_told(name, resampled, score) for name in (kind, f"{kind}{BY_LOSS}")]
    by_metric, by_loss = (None if one is None else one.scores[score] for one in told)
    if by_metric is None or by_loss is None:
        return f"{kind}{BY_LOSS}"
    sign = 1.0 if score in HIGHER_IS_BETTER else -1.0
    return kind if sign * (by_metric - by_loss) > 0 else f"{kind}{BY_LOSS}"


def _worth(
    name: str, single: str, resampled: Mapping[str, Resampled], score: str
) -> MetricWorth | None:
    """Of a way to choose; None where the rows do not define the metric.

    Args:
        single: the way by which one network is chosen, which others are held against.
    """
    told = _told(name, resampled, score)
    if told is None or score not in told.intervals:
        return None
    low, high = told.intervals[score]
    worth = MetricWorth(score, told.scores[score], low, high)
    decided = resampled.get(f"{name} decided")
    if decided is not None:
        gains = decided.gains(resampled[name])
        worth = replace(worth, threshold_gain=gains.get(score))
    alone_told = _told(single, resampled, score)
    if name != single and alone_told is not None:
        worth = replace(worth, gain=told.gains(alone_told).get(score))
    return worth


def _told(name: str, resampled: Mapping[str, Resampled], score: str) -> Resampled | None:
    """By the threshold where that gains, else by the more probable class."""
    plain, decided = resampled[name], resampled.get(f"{name} decided")
    if score not in plain.scores:
        return decided if decided is not None and score in decided.scores else None
    if decided is None or score not in decided.scores:
        return plain
    return decided if decided.scores[score] > plain.scores[score] else plain  # metrics go up


def _is_decided(worth: MetricWorth | None) -> bool:
    gain = None if worth is None else worth.threshold_gain
    return gain is not None and gain.value > 0
