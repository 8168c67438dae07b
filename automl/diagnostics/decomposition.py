"""Bias and variance by retraining: Domingos' decomposition from predictions of many trainings.

For each row, the main prediction is what the trainings agree on (the mean for squared loss,
the most frequent class for 0-1 loss). Bias is how wrong it is, variance how far single
trainings stray from it. One label per row cannot tell bias from noise, so the two are given
as one number unless the noise is known.
Source: Domingos 2000, A unified bias-variance decomposition, sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from automl.wording.numbers import number, percent
from storage.records import Advice, Diagnosis, Json

N_RESAMPLES = 400
"""Resamples of rows: the ends of a 95 % interval rest on the outer ten of each side."""


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The parts of an expected loss. Intervals: 95 %, over resampled rows."""

    loss: float  # expected over trainings and rows
    bias_and_noise: float
    variance: float  # squared: the spread; 0-1: how often a training leaves the main prediction
    net_variance: float  # what variance adds to the loss; squared: the variance itself
    variance_interval: tuple[float, float]
    n_trainings: int
    n_rows: int


def decompose_squared(
    predictions: np.ndarray,
    targets: np.ndarray,
    noise: float = 0.0,
    weights: np.ndarray | None = None,
) -> Decomposition:
    """Split the mean squared error.

    `noise`, the variance of the targets around their expectation, is taken out of
    `bias_and_noise` where it is known; what is left is the squared bias alone.

    Shape:
        predictions: (M, N), one row per training; targets: (N,); weights: (N,) of mean 1, by
        which rows count, None: all are 1.
    """
    n_trainings, n_rows = _check(predictions, targets)
    variances = _weighed(predictions.var(axis=0, ddof=1), weights)
    # The mean of M trainings still holds a share 1/M of their variance.
    squares = _weighed((predictions.mean(axis=0) - targets) ** 2, weights)
    residuals = squares - variances / n_trainings
    variance = float(variances.mean())
    return Decomposition(
        loss=float(_weighed((predictions - targets) ** 2, weights).mean()),
        bias_and_noise=float(residuals.mean()) - noise,
        variance=variance,
        net_variance=variance,
        variance_interval=_interval(variances, lambda rows: float(rows.mean())),
        n_trainings=n_trainings,
        n_rows=n_rows,
    )


def _weighed(of_rows: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """What rows bring to a mean, times what they weigh: (..., N)."""
    return of_rows if weights is None else of_rows * weights


def decompose_zero_one(
    predictions: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None
) -> Decomposition:
    """Split the error rate.

    On rows where the main prediction is wrong, variance can only help: `net_variance` counts
    it as negative there.

    Shape:
        predictions: (M, N) class codes, one row per training; targets: (N,) class codes; weights:
        as in `decompose_squared`.
    """
    n_trainings, n_rows = _check(predictions, targets)
    main = main_classes(predictions)
    strays = _weighed((predictions != main).mean(axis=0), weights)
    wrong = _weighed(main != targets, weights).mean()
    loss = float(_weighed(predictions != targets, weights).mean())
    return Decomposition(
        loss=loss,
        bias_and_noise=float(wrong),
        variance=float(strays.mean()),
        net_variance=loss - float(wrong),
        variance_interval=_interval(strays, lambda rows: float(rows.mean())),
        n_trainings=n_trainings,
        n_rows=n_rows,
    )


def variance_of_halves(
    first: np.ndarray, second: np.ndarray, weights: np.ndarray | None = None
) -> tuple[float, tuple[float, float]]:
    """The variance of trainings on half the rows, from pairs on disjoint halves.

    Two trainings that share no row are independent given the rows' distribution, so half
    their mean squared difference is the variance, without bias.

    Shape:
        first, second: (M, N) predictions; row i of both comes from one division in halves;
        weights: as in `decompose_squared`.
    """
    per_row = _weighed(((first - second) ** 2).mean(axis=0) / 2, weights)
    return float(per_row.mean()), _interval(per_row, lambda rows: float(rows.mean()))


def main_classes(predictions: np.ndarray) -> np.ndarray:
    """The most frequent class of each row; the lowest code where several are.

    Shape:
        predictions: (M, N) class codes -> (N,).
    """
    classes = np.unique(predictions)
    votes = np.stack([(predictions == code).sum(axis=0) for code in classes])
    return np.asarray(classes[votes.argmax(axis=0)])


def diagnose_decomposition(
    bootstraps: Decomposition,
    halves: tuple[float, tuple[float, float]] | None,
    *,
    trial_number: int,
    task: str,
) -> Diagnosis:
    """Word a decomposition: bias and noise as one number, variance with its interval.

    It has no advice yet, which depends on the trial's verdict (`advise_decomposition`).
    `halves` is the variance at half the rows with its interval (`variance_of_halves`).
    """
    is_regression = task == "regression"
    unit = "squared error (standardized target)" if is_regression else "error rate"
    show: Callable[[float], str] = number if is_regression else percent
    low, high = bootstraps.variance_interval
    interval = f"95 % interval {show(low)} to {show(high)}"
    strays = (
        f" ({interval})."
        if is_regression
        else f": a single training differs from what most of them say on "
        f"{show(bootstraps.variance)} of the rows ({interval})."
    )
    words = (
        f"Trial {trial_number} was retrained {bootstraps.n_trainings} times, each time on rows "
        f"drawn with replacement from its train rows. The mean {unit} on validation rows, "
        f"{show(bootstraps.loss)}, is the sum of {show(bootstraps.bias_and_noise)} from bias and "
        f"noise together (one label per row cannot tell them apart) and "
        f"{show(bootstraps.net_variance)} from variance{strays}"
    )
    evidence: dict[str, Json] = {
        "loss": bootstraps.loss,
        "bias_and_noise": bootstraps.bias_and_noise,
        "variance": bootstraps.variance,
        "net_variance": bootstraps.net_variance,
        "variance_interval": list(bootstraps.variance_interval),
        "n_trainings": bootstraps.n_trainings,
    }
    if halves:
        variance, (half_low, half_high) = halves
        words += (
            f" Trained on disjoint halves, at half the rows, variance is {show(variance)} "
            f"({show(half_low)} to {show(half_high)})."
        )
        evidence |= {
            "variance_at_half": variance,
            "variance_at_half_interval": [half_low, half_high],
        }
    return Diagnosis(
        kind="decomposition",
        severity="info",
        message=words,
        evidence=evidence,
        trial_number=trial_number,
    )


def advise_decomposition(evidence: Mapping[str, Json], *, is_biased: bool) -> tuple[Advice, ...]:
    """What to do about the larger part.

    Bias and noise are one number, so whether capacity can lower it is for the verdict on the
    trial's curve to say.

    Args:
        evidence: of a decomposition.
        is_biased: the verdict is that the trial does not fit its own train rows.
    """
    variance, rest = evidence["net_variance"], evidence["bias_and_noise"]
    if isinstance(variance, float) and isinstance(rest, float) and variance > rest:
        return (Advice("Variance is the larger part: regularize, average networks, or get rows."),)
    if is_biased:
        text = "Bias and noise are the larger part: begin with the advice on the network's fit."
    else:
        text = (
            "Bias and noise are the larger part, and no bias was found: what is left is noise, or "
            "bias that no model compared here shows. Columns that tell more about the target may "
            "lower it; a larger network is not likely to."
        )
    return (Advice(text),)


def _check(predictions: np.ndarray, targets: np.ndarray) -> tuple[int, int]:
    if predictions.ndim != 2 or predictions.shape[1:] != targets.shape:
        raise ValueError(
            f"predictions must be (M, N) and targets (N,), got {predictions.shape} and "
            f"{targets.shape}"
        )
    if len(predictions) < 2:
        raise ValueError("variance needs at least two trainings, got one")
    return int(predictions.shape[0]), int(predictions.shape[1])


def _interval(
    per_row: np.ndarray, statistic: Callable[[np.ndarray], float]
) -> tuple[float, float]:
    """95 % of the statistic over resampled rows."""
    generator = np.random.default_rng(0)
    n_rows = len(per_row)
    draws = [statistic(per_row[generator.integers(0, n_rows, n_rows)]) for _ in range(N_RESAMPLES)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
