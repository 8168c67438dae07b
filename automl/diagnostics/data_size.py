"""Would more rows help, and how much? A power law through losses at growing shares of the rows.

    loss(n) = floor + scale * n ** -exponent

Fitted by weighted least squares over a grid of exponents (for each, floor and scale are
linear), with its uncertainty from refits to losses drawn within their errors.
Source: Hestness et al. 2017, Deep learning scaling is predictable, empirically, section 2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from automl.diagnostics.thresholds import WORTH_MORE_ROWS_SHARE
from automl.wording.numbers import number, percent
from storage.records import Advice, Diagnosis

EXPONENTS = np.linspace(0.1, 2.0, 39)
"""Measured exponents lie between 0.07 and 0.35 in large language and image models and about 1
in the textbook case of few parameters and many rows (Hestness et al. 2017, section 5)."""

N_REFITS = 300
"""The ends of a 95 % interval rest on the outer 7 refits of each side."""

MIN_SIZES = 4
"""Three numbers are fitted: fewer sizes would fit any curve exactly."""


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """A fitted curve of loss over rows, with the refits that show how uncertain it is.

    Shape:
        refits: (R, 3), each row (floor, scale, exponent).
    """

    floor: float
    scale: float
    exponent: float
    refits: np.ndarray

    def loss(self, n_rows: float) -> float:
        """The loss expected at so many rows."""
        return float(self.floor + self.scale * n_rows**-self.exponent)

    def interval(self, n_rows: float) -> tuple[float, float]:
        """95 % of the refits lie between these losses."""
        return _ends(self._refitted(n_rows))

    def gain(self, now: float, then: float) -> tuple[float, tuple[float, float]]:
        """How much lower the loss is at `then` rows than at `now`, with its 95 % interval."""
        return self.loss(now) - self.loss(then), _ends(self._refitted(now) - self._refitted(then))

    def _refitted(self, n_rows: float) -> np.ndarray:
        return np.asarray(self.refits[:, 0] + self.refits[:, 1] * n_rows ** -self.refits[:, 2])


def fit_power_law(
    n_rows: Sequence[float],
    losses: Sequence[float],
    standard_errors: Sequence[float],
) -> PowerLaw:
    """Fit the curve and its uncertainty.

    The standard errors of the losses weigh the points and drive the refits.

    Raises:
        ValueError: fewer than four different sizes.
    """
    if len(set(n_rows)) < MIN_SIZES:
        raise ValueError(f"a fit needs {MIN_SIZES} or more different sizes, got {set(n_rows)}")
    sizes, values = np.asarray(n_rows, float), np.asarray(losses, float)
    errors = np.asarray(standard_errors, float)
    errors = np.maximum(errors, 1e-3 * max(float(np.abs(values).max()), 1e-12))
    floor, scale, exponent = _fit(sizes, values[None], errors)[0]
    fitted = floor + scale * sizes**-exponent
    # Errors that are too small for the misfit are scaled up to it (reduced chi-square).
    misfit = float((((values - fitted) / errors) ** 2).sum()) / max(1, len(values) - 3)
    spread = errors * max(1.0, math.sqrt(misfit))
    drawn = np.random.default_rng(0).standard_normal((N_REFITS, len(values)))
    refits = _fit(sizes, fitted + spread * drawn, errors)
    return PowerLaw(float(floor), float(scale), float(exponent), refits)


def diagnose_data_size(
    law: PowerLaw, n_rows: int, baseline_loss: float, measured: Mapping[int, float]
) -> Diagnosis:
    """Say whether twice the `n_rows` there are would lower the validation loss, and how much.

    `measured` is the mean validation loss by number of rows, kept as evidence.
    """
    gain, (low, high) = law.gain(n_rows, 2 * n_rows)
    helps = low > 0 and gain > WORTH_MORE_ROWS_SHARE * baseline_loss
    if helps:
        words = "More rows would help"
    elif high > WORTH_MORE_ROWS_SHARE * baseline_loss:
        words = "Whether more rows would help is not certain"
    else:
        words = "More rows would help little"
    return Diagnosis(
        kind="data_size",
        severity="info",
        message=(
            f"{words}: with twice the train rows ({2 * n_rows:,}) the validation loss is "
            f"expected to fall from {number(law.loss(n_rows))} by {number(gain, 2)} (95 % "
            f"interval {number(low, 2)} to {number(high, 2)}), "
            f"{percent(max(0.0, gain) / baseline_loss)} of the baseline's. This extrapolates a "
            f"power law beyond the rows there are."
        ),
        evidence={
            "measured": {str(size): loss for size, loss in measured.items()},
            "floor": law.floor,
            "scale": law.scale,
            "exponent": law.exponent,
            "gain": gain,
            "gain_low": low,
            "gain_high": high,
            "n_rows": n_rows,
        },
        advice=(Advice("Get more rows: they are worth more than tuning now."),) if helps else (),
    )


def _fit(sizes: np.ndarray, losses: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """The best exponent of the grid; floor and scale by least squares, neither below zero.

    Shape:
        sizes, errors: (N,); losses: (R, N), one fit for each row; result: (R, 3).
    """
    weights = 1 / errors**2
    candidates = [
        np.stack([*_line(sizes**-power, losses, weights), np.full(len(losses), power)], axis=1)
        for power in EXPONENTS
    ]
    fits = np.stack(candidates)  # (P, R, 3)
    falling = sizes ** -fits[:, :, 2:]  # (P, R, N)
    residuals = losses - fits[:, :, :1] - fits[:, :, 1:2] * falling
    misfits = (weights * residuals**2).sum(axis=2)  # (P, R)
    return np.asarray(fits[misfits.argmin(axis=0), np.arange(len(losses))])


def _line(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted least squares of each row of y: intercepts and slopes, neither below zero.

    Shape:
        x, weights: (N,); y: (R, N); result: (R,) each.
    """
    share = weights / weights.sum()
    mean_x, mean_y = float(share @ x), y @ share
    slope = (y - mean_y[:, None]) @ (share * (x - mean_x)) / float(share @ (x - mean_x) ** 2)
    intercept = mean_y - slope * mean_x
    through_zero = y @ (share * x) / float(share @ x**2)
    intercept, slope = (
        np.where(intercept < 0, 0.0, intercept),
        np.where(intercept < 0, through_zero, slope),
    )
    return np.where(slope < 0, mean_y, intercept), np.maximum(slope, 0.0)


def _ends(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
