"""Targets of a regression that a network is trained towards in another unit.

A curve maps standardized targets to what is learned, and outputs back: it is fitted to the train
rows of a fold, rises everywhere, and consists of straight pieces between knots, so that one way
there and one way back serve every transform. Beyond the first and the last knot, which lie at
the least and the largest train target, it goes straight on: whatever a network puts out has a
value, and far outputs have no exploding ones. What is learned has mean 0 and deviation 1 on the
train rows; losses are measured on the way back (`readout.py`), so that trials can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from automl.data.dataset import Dataset
from automl.training.batches import own_targets
from automl.training.config import RunConfig

Floats = NDArray[np.float64]

MOST_PIECES: Final = 64
"""With so many an exponential curve is met to a relative 1e-3 or so: their chords' error is
(width of a piece in the logarithm)^2 / 8."""

MOST_LEVELS: Final = 1024
"""Values that the skewness is computed of: that many quantiles, of fewer rows all."""

SHIFTS: Final = (1e-9, 1e3)
"""Shifts of the logarithm, in ranges of the targets, between which one is looked for."""

HALVINGS: Final = 60


@dataclass(frozen=True, slots=True)
class TargetCurve:
    """A rising curve of straight pieces.

    Attributes:
        learned: what a network is to put out at each knot, rising, at least two.
        values: the standardized targets there, rising, equally many.
    """

    learned: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def is_rising(self) -> bool:
        """Whether it is a curve: what was read from a file may be anything."""
        both = [np.asarray(knots) for knots in (self.learned, self.values)]
        rises = all(np.isfinite(one).all() and (np.diff(one) > 0).all() for one in both)
        return len(self.learned) == len(self.values) >= 2 and rises

    def to_learn(self, targets: Tensor) -> Tensor:
        """What a network is trained towards, of standardized targets; both (N,), float64 out."""
        return _through(self._pieces(self.values, self.learned), targets.double())

    def back(self, outputs: Tensor) -> Tensor:
        """The standardized values of outputs, of any shape. What is not finite stays so."""
        return _through(self.pieces.to(outputs), outputs)

    @property
    def pieces(self) -> Tensor:
        """The way back: where each piece starts, its value there, its slope, (3, P) float64."""
        return self._pieces(self.learned, self.values)

    @staticmethod
    def _pieces(starts: tuple[float, ...], values: tuple[float, ...]) -> Tensor:
        x, y = (torch.tensor(each, dtype=torch.float64) for each in (starts, values))
        return torch.stack([x[:-1], y[:-1], y.diff() / x.diff()])


def _through(pieces: Tensor, at: Tensor) -> Tensor:
    starts, values, slopes = pieces.to(at.device)
    piece = torch.searchsorted(starts[1:].contiguous(), at.contiguous(), right=True)
    reached: Tensor = values[piece] + slopes[piece] * (at - starts[piece])
    return reached


def target_curve(run: RunConfig, dataset: Dataset) -> TargetCurve | None:
    """The curve of a run's target transform; None: it learns the target as it is.

    It is fitted to the rows that the run trains on: where these are a part of the fold's train
    rows, the run knows nothing of the others.
    """
    if dataset.task != "regression":
        return None
    targets = own_targets(run.rows, dataset.folds[run.fold].train.targets)
    return fitted_curve(run.training.target_transform, targets)


def fitted_curve(transform: str, targets: Tensor) -> TargetCurve | None:
    """The curve of a transform, fitted to train targets; None where it changes nothing.

    Args:
        transform: "none"; "log", see `_log_knots`; "quantile", see `_quantile_knots`.

    Shape:
        targets: (N,), standardized.
    """
    if transform == "none":
        return None
    held = targets.double().cpu().numpy()
    distinct, counts = np.unique(held, return_counts=True)
    knots = _KNOTS[transform](distinct, counts) if len(distinct) > 1 else None
    if knots is None:
        return None
    values, learned = knots
    reached = np.interp(distinct, values, learned)
    mean = np.average(reached, weights=counts)
    deviation = np.sqrt(np.average((reached - mean) ** 2, weights=counts))
    standardized = (learned - mean) / deviation
    return TargetCurve(tuple(standardized.tolist()), tuple(values.tolist()))


def _log_knots(distinct: Floats, counts: NDArray[Any]) -> tuple[Floats, Floats] | None:
    """log(y - min + shift), with the shift by which it is not skewed any more.

    None where the targets are not skewed to the right: there is nothing that a logarithm could
    set right. A nearly symmetric target gets a large shift, so that the curve is nearly straight.

    Source:
        The two-parameter transform of Box and Cox 1964, section 2, at power 0; a shift of zero
        skewness instead of greatest likelihood, which has none where the shift goes to 0.
    """
    ends = np.cumsum(counts)
    n_levels = min(MOST_LEVELS, int(ends[-1]))
    ranks = (np.arange(n_levels) + 0.5) / n_levels * ends[-1]
    levels = distinct[np.searchsorted(ends, ranks, side="right")] - distinct[0]
    if _skewness(levels) <= 0:
        return None
    width = float(distinct[-1] - distinct[0])
    low, high = np.log(np.asarray(SHIFTS) * width)
    for _ in range(HALVINGS):  # the larger the shift, the more skewed to the right
        middle = (low + high) / 2
        is_skewed = _skewness(np.log1p(levels / np.exp(middle))) > 0
        low, high = (low, middle) if is_skewed else (middle, high)
    shift = float(np.exp(low))
    learned = np.linspace(0.0, np.log1p(width / shift), MOST_PIECES + 1)
    values = distinct[0] + shift * np.expm1(learned)
    values[-1] = distinct[-1]
    return values, learned


def _skewness(values: Floats) -> float:
    """The third standardized moment; 0 of values that are all alike."""
    centred = values - values.mean()
    variance = float(np.mean(centred**2))
    return float(np.mean(centred**3)) / variance**1.5 if variance > 0 else 0.0


def _quantile_knots(distinct: Floats, counts: NDArray[Any]) -> tuple[Floats, Floats]:
    """Normal scores of ranks: as many rows lie below a target as a normal variable has below it.

    The k-th of n rows has the score of (k - 1/2) / n, equal ones that of their mean rank. Of
    many different targets those at about equal distances of their scores are the knots.

    Source:
        Hazen's plotting positions, as in Blom 1958 with alpha 1/2.
    """
    ranks = np.cumsum(counts) - counts / 2
    scores: Floats = torch.special.ndtri(torch.from_numpy(ranks / counts.sum())).numpy()
    if len(distinct) > MOST_PIECES + 1:
        wanted = np.linspace(scores[0], scores[-1], MOST_PIECES + 1)
        found = np.searchsorted(
            scores, wanted[:-1]
        )  # the last one by its place: it may be rounded
        chosen = np.unique(np.append(found, len(scores) - 1))
        distinct, scores = distinct[chosen], scores[chosen]
    return distinct, scores


_KNOTS: Final[dict[str, Callable[[Floats, NDArray[Any]], tuple[Floats, Floats] | None]]] = {
    "log": _log_knots,
    "quantile": _quantile_knots,
}
