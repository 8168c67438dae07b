"""Numbers of the best network's predictions: confusion, ROC, calibration, residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

from automl.report.numbers.trials import Floats, thin

N_CLASSES_SHOWN = 20  # a confusion matrix of more is unreadable; the most frequent are kept
N_ROC_CLASSES = 6  # curves that can be told apart, and the palette's length
N_ROC_POINTS = 200
N_CALIBRATION_BINS = 10
N_SCATTER_POINTS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """How often each class was taken for each.

    Shape:
        counts: (C, C), rows are true classes.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    n_other: int  # rows of classes that are not shown

    @property
    def n_wrong(self) -> int:
        """Rows that are taken for another class."""
        return int(self.counts.sum() - np.trace(self.counts))

    @property
    def shares(self) -> Floats:
        """Row by row, the share of the true class."""
        totals = np.maximum(1, self.counts.sum(axis=1, keepdims=True))
        shares: Floats = self.counts / totals
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """True against false positive rate of one class."""

    label: str
    false_positive_rate: Floats
    true_positive_rate: Floats
    area: float


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Predicted probability against observed frequency, in bins of equal counts."""

    label: str
    predicted: Floats
    observed: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Predicted and true values of a regression, in the target's own unit.

    Shape:
        true, predicted: (N,), thinned to what a figure can show.
    """

    target: str
    true: Floats
    predicted: Floats
    n_omitted: int

    @property
    def frame(self) -> tuple[float, float]:
        """The true values, and half of their span on either side for what is predicted."""
        low, high = float(self.true.min()), float(self.true.max())
        reach = 0.5 * (high - low) or 0.1 * abs(high) or 1.0
        near = self.predicted[(self.predicted >= low - reach) & (self.predicted <= high + reach)]
        margin = 0.08 * reach
        return (
            min([low, *near.tolist()]) - margin,
            max([high, *near.tolist()]) + margin,
        )


@dataclass(frozen=True, slots=True)
class PredictionNumbers:
    """Everything of part 8; the fields that do not fit the task are empty."""

    split: str
    n_rows: int
    confusion: Confusion | None = None
    roc: tuple[Roc, ...] = ()
    calibration: tuple[Calibration, ...] = ()
    residuals: Residuals | None = None


def prediction_numbers(
    predictions: Mapping[str, NDArray[Any]], *, target: str, class_names: Sequence[str]
) -> PredictionNumbers | None:
    """Judge predictions on test rows, or on validation rows where test ones are missing.

    Args:
        predictions: arrays by name, "<split>_targets" and "<split>_predictions".

    Shape:
        targets: (N,) class codes or values; predictions: (N, C) probabilities or (N,) values.
    """
    for split in ("test", "valid"):
        if f"{split}_targets" not in predictions or f"{split}_predictions" not in predictions:
            continue
        true = np.asarray(predictions[f"{split}_targets"])
        predicted = np.asarray(predictions[f"{split}_predictions"])
        if not len(true):
            continue
        if predicted.ndim == 1:
            return PredictionNumbers(
                split, len(true), residuals=_residuals(target, true, predicted)
            )
        return _classification(split, true.astype(np.int64), predicted, class_names)
    return None


def _classification(
    split: str, true: NDArray[np.int64], predicted: Floats, names: Sequence[str]
) -> PredictionNumbers:
    classes = [str(n) for n in names] or [str(code) for code in range(predicted.shape[1])]
    return PredictionNumbers(
        split=split,
        n_rows=len(true),
        confusion=_confusion(true, predicted, classes),
        roc=_roc(true, predicted, classes),
        calibration=_calibration(true, predicted, classes),
    )


def _confusion(true: NDArray[np.int64], predicted: Floats, classes: Sequence[str]) -> Confusion:
    frequency = np.bincount(true, minlength=len(classes))
    shown = np.sort(np.argsort(-frequency, kind="stable")[:N_CLASSES_SHOWN])
    chosen = predicted.argmax(axis=1)
    counts = confusion_matrix(true, chosen, labels=np.arange(len(classes)))
    counts = counts[np.ix_(shown, shown)]
    return Confusion(
        classes=tuple(classes[code] for code in shown),
        counts=counts.astype(np.int64),
        n_other=int(len(true) - counts.sum()),
    )


def _curve_classes(true: NDArray[np.int64], n_classes: int) -> list[int]:
    """Classes that get a curve: the second of two, else the most frequent few."""
    if n_classes == 2:
        codes = [1]
    else:
        order = np.argsort(-np.bincount(true, minlength=n_classes), kind="stable")
        codes = sorted(int(code) for code in order[:N_ROC_CLASSES])
    return [code for code in codes if 0 < (true == code).sum() < len(true)]


def _roc(true: NDArray[np.int64], predicted: Floats, classes: Sequence[str]) -> tuple[Roc, ...]:
    curves = []
    for code in _curve_classes(true, len(classes)):
        false_rate, true_rate, _ = roc_curve(true == code, predicted[:, code])
        kept = thin(len(false_rate), N_ROC_POINTS)
        area = float(roc_auc_score(true == code, predicted[:, code]))
        curves.append(Roc(classes[code], false_rate[kept], true_rate[kept], area))
    return tuple(curves)


def _calibration(
    true: NDArray[np.int64], predicted: Floats, classes: Sequence[str]
) -> tuple[Calibration, ...]:
    curves = []
    for code in _curve_classes(true, len(classes)):
        probabilities = np.clip(predicted[:, code], 0.0, 1.0)
        observed, mean = calibration_curve(
            true == code, probabilities, n_bins=N_CALIBRATION_BINS, strategy="quantile"
        )
        curves.append(Calibration(classes[code], mean, observed))
    return tuple(curves)


def _residuals(target: str, true: Floats, predicted: Floats) -> Residuals:
    kept = thin(len(true), N_SCATTER_POINTS)
    return Residuals(
        target,
        true[kept].astype(np.float64),
        predicted[kept].astype(np.float64),
        len(true) - len(kept),
    )
