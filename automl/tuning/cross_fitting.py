"""Which of several ways to choose networks predicts best, where the choice itself is paid for.

Whatever is chosen by some rows looks better on them than it is. So each way chooses by some
folds of the validation rows and is scored on the others, until all rows have been scored by a
choice that has not seen them. What is handed over is then chosen by all rows. Pure functions of
arrays, like `ensembles.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.training.metrics import value_losses
from automl.tuning.ensembles import select_bagged
from storage.score_records import AnswerKind, MetricWorth, PairedDifference

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.intp]
Chooser: TypeAlias = Callable[[Rows], Floats]
"""From the rows that may be looked at to the networks' shares, (M,)."""

N_FOLDS: Final = 5

MOST_ROWS: Final = 5000
"""Validation rows that are chosen by; of more, so many are drawn: 0.2 to 0.35 s of a core for 32
networks."""

MOST_KEPT: Final = 250_000
"""Numbers that are kept of what one network predicts of these rows: where all classes'
probabilities are, of more than 50 classes there are fewer rows. 32 networks take 64 MB."""

NORMAL_95: Final = 1.96
"""Standard errors of a 95 % interval."""

ANY_SIZE: Final = 2**62  # of a network whose parameters nobody has counted: the largest


@dataclass(frozen=True, slots=True)
class CrossFit:
    """A way to choose: what it chooses by all rows, and what it is worth on rows it has not seen.

    Shape:
        shares: (M,); losses: (N,), of each row by a choice that was made without it.
    """

    kind: AnswerKind
    shares: Floats
    losses: Floats
    chosen_loss: float  # the mean over the folds of a choice's loss on the rows it was made by
    metric: MetricWorth | None = None  # of a choice by a metric, see `metric_fitting.py`
    threshold: float | None = None  # by which two classes are decided between; None: 0.5
    is_by_loss: bool = True  # whether the loss has chosen

    @property
    def loss(self) -> float:
        """The mean over the rows."""
        return float(self.losses.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Of the mean, 95 %."""
        margin = NORMAL_95 * _standard_error(self.losses)
        return self.loss - margin, self.loss + margin

    @property
    def luck(self) -> float:
        """How much better a choice looks on the rows it was made by than on others."""
        return self.loss - self.chosen_loss

    def gain_over(self, other: CrossFit) -> PairedDifference:
        """How much lower its loss is than another's, row by row."""
        return paired(other.losses - self.losses)


@dataclass(frozen=True, slots=True)
class Repeated:
    """One of the networks, and what it predicts together with its repetitions by other seeds.

    Shape:
        values: as those of a network that is chosen among.
    """

    number: int
    values: Floats


def most_rows(n_numbers: int = 1) -> int:
    """Validation rows that are chosen by at most.

    Args:
        n_numbers: that are kept of each row.
    """
    return min(MOST_ROWS, max(1, MOST_KEPT // n_numbers))


def paired(differences: Floats) -> PairedDifference:
    """The mean of differences of rows with its 95 % interval.

    Shape:
        differences: (N,), above 0 where the first is better.
    """
    value, error = float(differences.mean()), _standard_error(differences)
    return PairedDifference(value, error, value - NORMAL_95 * error, value + NORMAL_95 * error)


def cross_fit(
    values: Floats,
    loss: str,
    n_parameters: Sequence[int | None],
    seed: int,
    repeated: Repeated | None = None,
    weights: Floats | None = None,
) -> Mapping[AnswerKind, CrossFit]:
    """Each way to choose, by its name; "seeds" where a network was repeated.

    That one chooses as "single" does, and scores the mean with the repetitions where the choice is
    the network that was repeated; another one, which nobody has repeated, alone. So what the mean
    gains is not overestimated.

    Args:
        values: of the networks, see `metrics.row_values`.
        n_parameters: of the networks; None: not known.
        seed: which rows are in which fold, and which in which bag, follow from it.
        weights: of rows, of mean 1; None: all are 1.

    Shape:
        values: (M, N), N at least 2; n_parameters: M of them; weights: (N,).
    """

    def losses_of(values: Floats) -> Floats:
        losses = value_losses(values, loss)
        return losses if weights is None else losses * weights

    def bagged(seen: Rows) -> Floats:
        of_seen = None if weights is None else weights[seen]
        return select_bagged(values[:, seen], loss, seed, weights=of_seen)

    losses = losses_of(values)
    ways: Mapping[AnswerKind, Chooser] = {
        "single": lambda seen: alone(_best(losses[:, seen]), len(values)),
        "ensemble": bagged,
        "smallest": lambda seen: alone(smallest(losses[:, seen], n_parameters), len(values)),
    }
    folds = row_folds(values.shape[1], seed)
    found = {
        kind: _cross_fitted(kind, way, values, losses_of, folds) for kind, way in ways.items()
    }
    if repeated is not None:
        together = values.copy()
        together[repeated.number] = repeated.values
        found["seeds"] = _cross_fitted("seeds", ways["single"], together, losses_of, folds)
    return found


def smallest(losses: Floats, n_parameters: Sequence[int | None]) -> int:
    """The network of the fewest parameters whose loss cannot be told from the best one's.

    That is where the best one's lead over it, row by row, is within 1.96 standard errors; of
    equally small ones the better.

    Shape:
        losses: (M, N); n_parameters: M of them, None: not known, which counts as the largest.
    """
    best = _best(losses)
    sizes = [ANY_SIZE if size is None else size for size in n_parameters]
    equal = [one for one in range(len(losses)) if not paired(losses[one] - losses[best]).is_better]
    return min(equal, key=lambda one: (sizes[one], losses[one].mean(), one))


def alone(number: int, n_networks: int) -> Floats:
    """The shares of one network of several."""
    shares = np.zeros(n_networks)
    shares[number] = 1.0
    return shares


def _best(losses: Floats) -> int:
    return int(np.argmin(losses.mean(axis=1)))


def _cross_fitted(
    kind: AnswerKind,
    choose: Chooser,
    values: Floats,
    losses_of: Callable[[Floats], Floats],
    folds: Sequence[Rows],
) -> CrossFit:
    everything = np.arange(values.shape[1])
    losses = np.empty(values.shape[1])
    of_choices = []
    for others in folds:
        seen = np.setdiff1d(everything, others)
        shares = choose(seen)
        of_all = losses_of(shares @ values)
        losses[others] = of_all[others]
        of_choices.append(float(of_all[seen].mean()))
    return CrossFit(kind, choose(everything), losses, float(np.mean(of_choices)))


def row_folds(n_rows: int, seed: int) -> list[Rows]:
    """The rows of each fold, drawn at random; folds are as large as each other, by one row."""
    shuffled = np.random.default_rng(seed).permutation(n_rows)
    return np.array_split(shuffled, min(N_FOLDS, n_rows))


def _standard_error(values: Floats) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.inf
