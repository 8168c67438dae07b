"""Fitting the hyperparameters of the process: the most probable ones, by their gradient.

The logarithms of all have normal priors; what is sought is their maximum a posteriori, from where
the last fit had ended. Derivatives are written out, since they go by trials and by epochs as the
covariance does: those of all lengths are one product of matrices between trials.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize

from automl.tuning.gaussian_process.kernel import (
    LASTING,
    Axes,
    Covariance,
    Floats,
    Hyperparameters,
    Points,
    distances,
    matern,
    matern_slope,
)

_LENGTH = (-0.5, 1.0)
_REST = (
    (0.0, 0.7),  # length of t
    (0.0, 0.7),  # length of t in what is a trial's own
    (0.0, 0.7),  # s1
    (-1.2, 0.7),  # s2
    (-3.0, 0.7),  # noise
)
"""Mean and standard deviation of the logarithm of each hyperparameter. Values are standardized,
and the cube's edge and the times of all epochs are 1 long. To the mean of a length half the
logarithm of the number of parameters is added, by which distances grow (Hvarfner et al. 2024,
"Vanilla Bayesian Optimization Performs Great in High Dimensions", arXiv 2402.02229)."""

_FARTHEST = 4.0
"""In how many standard deviations of its prior a hyperparameter is sought."""


@dataclass(frozen=True, eq=False, slots=True)
class Prior:
    """Independent normal distributions of the logarithms of all hyperparameters; (D + 5,)."""

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, n_parameters: int) -> Prior:
        """For a space of so many parameters."""
        length = (_LENGTH[0] + 0.5 * math.log(max(n_parameters, 1)), _LENGTH[1])
        mean, deviation = np.array([length] * n_parameters + list(_REST)).T
        return cls(mean, deviation)


class Fit:
    """How probable hyperparameters are, given losses.

    Args:
        cube: the trials; (M, A).
        points: of the losses, those of a trial beside each other and trials in their sequence.
        values: standardized; (N,).
    """

    def __init__(self, axes: Axes, cube: Floats, points: Points, values: Floats) -> None:
        self._axes, self._cube, self._values = axes, cube, values
        self.prior = Prior.of(int(axes.parameter_of.max(initial=-1)) + 1)
        self._begins = np.flatnonzero(np.diff(points.row, prepend=-1))
        self._counts = np.diff(self._begins, append=len(points))
        self._same = points.row[:, None] == points.row
        self._pairs = points.epoch[:, None] * len(axes.epochs) + points.epoch

    def most_probable(self, begin: Hyperparameters | None, n_steps: int) -> Hyperparameters:
        """The best hyperparameters, in so many steps from some, or from the prior's mean."""
        low = self.prior.mean - _FARTHEST * self.prior.deviation
        high = self.prior.mean + _FARTHEST * self.prior.deviation
        found = minimize(
            self.cost,
            np.clip(self.prior.mean if begin is None else begin.to_array(), low, high),
            jac=True,
            method="L-BFGS-B",
            bounds=np.array([low, high]).T,
            options={"maxiter": n_steps, "maxfun": 2 * n_steps},
        )
        return Hyperparameters.of_array(found.x)

    def cost(self, array: Floats) -> tuple[float, Floats]:
        """The negative logarithm of the density but for a constant, and its gradient."""
        off = (array - self.prior.mean) / self.prior.deviation
        cost, gradient = self._likelihood(Hyperparameters.of_array(array))
        return cost + 0.5 * float(off @ off), gradient + off / self.prior.deviation

    def _likelihood(self, at: Hyperparameters) -> tuple[float, Floats]:
        """Rasmussen and Williams 2006, equations 5.8 and 5.9."""
        covariance = Covariance(self._axes, at)
        scaled = self._cube / covariance.lengths
        between = distances(scaled, scaled)
        nearness = self._of_trials(matern(between))
        common = nearness * covariance.common.take(self._pairs)
        own = self._same * covariance.own.take(self._pairs)
        whole = common + own + covariance.trend.take(self._pairs)
        whole.flat[:: len(whole) + 1] += covariance.noise
        factor, failed = lapack.dpotrf(whole, lower=1)
        if failed:  # numerically not positive: as improbable as can be, and no way leads on
            return 1e10, np.zeros(len(at.to_array()))
        weights, _ = lapack.dpotrs(factor, self._values, lower=1)
        cost = 0.5 * float(self._values @ weights) + float(np.log(np.diag(factor)).sum())

        inverse, _ = lapack.dpotri(factor, lower=1)  # its lower half
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        change = 0.5 * (inverse - np.outer(weights, weights))  # of the cost by each covariance
        by_trials = self._summed(change * covariance.common.take(self._pairs))
        slopes = by_trials * matern_slope(between)
        moved = slopes.sum(1) @ scaled**2 - (scaled * (slopes @ scaled)).sum(0)
        rest = [
            (change * nearness * self._epoch_slope(at.epoch_length, at.common)).sum()
            * (1.0 - LASTING),
            (change * self._same * self._epoch_slope(at.own_epoch_length, at.own)).sum(),
            2.0 * (change * common).sum(),
            2.0 * (change * own).sum(),
            2.0 * covariance.noise * np.trace(change),
        ]
        lengths = -2.0 * np.bincount(self._axes.parameter_of, moved, len(at.lengths))
        return cost, np.concatenate([lengths, rest])

    def _epoch_slope(self, length: float, deviation: float) -> Floats:
        """Matern's kernel between epochs times a variance, by the logarithm of its length."""
        scaled = self._axes.epochs / math.exp(length)
        table = -math.exp(2.0 * deviation) * matern_slope(scaled) * scaled**2
        return table.take(self._pairs)

    def _of_trials(self, matrix: Floats) -> Floats:
        """From trials to their points: (M, M) -> (N, N)."""
        return matrix.repeat(self._counts, 0).repeat(self._counts, 1)

    def _summed(self, matrix: Floats) -> Floats:
        """From points to their trials: (N, N) -> (M, M)."""
        rows = np.add.reduceat(matrix, self._begins, 0)
        result: Floats = np.add.reduceat(rows, self._begins, 1)
        return result
