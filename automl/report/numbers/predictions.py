"""The best network's predictions beside the truth, and which classes get a curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.report.numbers.trials import Floats, thin
from automl.wording.counts import count
from automl.wording.numbers import number

N_CURVES = 6  # that can be told apart, and the palette's length
N_SCATTER_POINTS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class JudgedRows:
    """Rows that the network has not seen, with what it predicts.

    Shape:
        true: (N,) class codes or values; predicted: (N, C) probabilities or (N,) values in the
        target's own unit.
    """

    split: str
    target: str
    class_names: tuple[str, ...]  # empty for a regression
    true: NDArray[Any]
    predicted: Floats
    threshold: float | None = None  # by which two classes are decided between; None: 0.5

    @property
    def n_rows(self) -> int:
        """How many they are."""
        return len(self.true)

    @property
    def is_regression(self) -> bool:
        """Whether values are predicted, and not probabilities of classes."""
        return self.predicted.ndim == 1

    @property
    def classes_of_curves(self) -> dict[int, str]:
        """Names by code: the second of two classes, else the most frequent few."""
        n_classes = len(self.class_names)
        if n_classes == 2:
            codes = [1]
        else:
            order = np.argsort(-np.bincount(self.true, minlength=n_classes), kind="stable")
            codes = sorted(int(code) for code in order[: min(N_CURVES, n_classes)])
        return {
            code: self.class_names[code]
            for code in codes
            if 0 < (self.true == code).sum() < self.n_rows
        }


def judged_rows(
    predictions: Mapping[str, NDArray[Any]],
    target: str,
    class_names: Sequence[str],
    threshold: float | None = None,
) -> JudgedRows | None:
    """Test rows, or validation rows where test ones are missing; None without any.

    Args:
        predictions: arrays by name, "<split>_targets" and "<split>_predictions".
        threshold: of the answer, see `JudgedRows`.
    """
    for split in ("test", "valid"):
        true = np.asarray(predictions.get(f"{split}_targets", ()))
        predicted = np.asarray(predictions.get(f"{split}_predictions", ()))
        if not len(true) or not len(predicted):
            continue
        if predicted.ndim == 1:
            return JudgedRows(split, target, (), true, predicted)
        names = [str(n) for n in class_names] or [str(c) for c in range(predicted.shape[1])]
        codes = true.astype(np.int64)
        return JudgedRows(split, target, tuple(names), codes, predicted, threshold)
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Predicted and true values of a regression, in the target's own unit.

    Shape:
        true, predicted: (N,), thinned to what a figure can show.
    """

    target: str
    true: Floats
    predicted: Floats

    @property
    def frame(self) -> tuple[float, float]:
        """The true values, and half of their span on either side for what is predicted."""
        low, high = float(self.true.min()), float(self.true.max())
        reach = 0.5 * (high - low) or 0.1 * abs(high) or 1.0
        near = self.predicted[(self.predicted >= low - reach) & (self.predicted <= high + reach)]
        margin = 0.08 * reach
        return min([low, *near.tolist()]) - margin, max([high, *near.tolist()]) + margin

    @property
    def outside(self) -> str:
        """How many predictions the frame leaves outside, in words; empty where it has all."""
        low, high = self.frame
        finite = self.predicted[np.isfinite(self.predicted)]
        n_far = int(((finite < low) | (finite > high)).sum())
        return f"{count(n_far, 'prediction')} outside the frame." if n_far else ""

    @property
    def in_words(self) -> str:
        """Spread and mean of the errors."""
        errors = self.true - self.predicted
        mean, spread, largest = errors.mean(), errors.std(), np.abs(errors).max()
        return (
            f"Errors of {count(len(errors), 'row')}: mean {number(float(mean))}, standard "
            f"deviation {number(float(spread))}, largest {number(float(largest))}."
        )


def residuals(judged: JudgedRows | None) -> Residuals | None:
    """What a regression's figures show; None of a classifier."""
    if judged is None or not judged.is_regression:
        return None
    kept = thin(judged.n_rows, N_SCATTER_POINTS)
    true, predicted = judged.true[kept], judged.predicted[kept]
    return Residuals(judged.target, true.astype(np.float64), predicted.astype(np.float64))
