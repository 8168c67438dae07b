"""Fitting the hyperparameters of the process: the most probable ones, by their gradient.

The logarithms of all have normal priors; what is sought is their maximum a posteriori, from where
the last fit had ended. Derivatives are written out, since they go by trials and by epochs as the
covariance does: those of all lengths are one product of matrices between trials.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.optimize import minimize

from automl.tuning.gaussian_process.kernel import (
    LASTING,
    Hyperparameters,
    Losses,
    distances,
    matern,
    matern_slope,
)

Floats = NDArray[np.float64]

_LENGTH = (0.0, 1.0)
_EPOCH_LENGTH = (0.0, 0.7)
_OWN_EPOCH_LENGTH = (0.0, 0.7)
_COMMON = (0.0, 0.7)
_OWN = (-1.2, 0.7)
_NOISE = (-3.0, 0.7)
"""Mean and standard deviation of the logarithm of each hyperparameter."""

_FARTHEST = 4.0
"""In how many standard deviations of its prior a hyperparameter is sought."""


@dataclass(frozen=True, eq=False, slots=True)
class Prior:
    """Independent normal distributions of all logarithms."""

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, n_parameters: int) -> Prior:
        """For a space of so many parameters: the more there are, the less says each of them."""
        length = (_LENGTH[0] + 0.5 * np.log(max(n_parameters, 1)) - 0.5, _LENGTH[1])
        rest = (_EPOCH_LENGTH, _OWN_EPOCH_LENGTH, _COMMON, _OWN, _NOISE)
        mean, deviation = np.array([length] * n_parameters + list(rest)).T
        return cls(mean, deviation)

    @property
    def most_probable(self) -> Hyperparameters:
        """Where a first fit begins."""
        return Hyperparameters.of_array(self.mean)


class Fit:
    """The posterior density of hyperparameters, given losses.

    Args:
        parameter_of: which parameter each axis of the cube belongs to; (A,).
        epochs: distances between all epochs (`epoch_distances`).
    """

    def __init__(
        self, losses: Losses, parameter_of: NDArray[np.intp], epochs: Floats, prior: Prior, trend: Floats
    ) -> None:
        self._losses, self._parameter_of, self._prior = losses, parameter_of, prior
        self._same = losses.trial[:, None] == losses.trial
        self._begins = np.flatnonzero(np.r_[True, np.diff(losses.trial) > 0])
        self._counts = np.diff(np.r_[self._begins, len(losses)])
        self._used, self._epoch = np.unique(losses.epoch, return_inverse=True)
        self._epochs = epochs[np.ix_(self._used, self._used)]
        self._trend = self._by_epoch(trend[np.ix_(self._used, self._used)])

    def best(self, begin: Hyperparameters, n_steps: int) -> Hyperparameters:
        """The most probable hyperparameters, in at most so many steps from some."""
        low = self._prior.mean - _FARTHEST * self._prior.deviation
        high = self._prior.mean + _FARTHEST * self._prior.deviation
        found = minimize(
            self.cost,
            np.clip(begin.to_array(), low, high),
            jac=True,
            method="L-BFGS-B",
            bounds=np.array([low, high]).T,
            options={"maxiter": n_steps, "maxfun": 2 * n_steps},
        )
        return Hyperparameters.of_array(found.x)

    def cost(self, array: Floats) -> tuple[float, Floats]:
        """The negative logarithm of the density but for a constant, and its gradient."""
        cost, gradient = self._likelihood(Hyperparameters.of_array(array))
        off = (array - self._prior.mean) / self._prior.deviation
        return cost + 0.5 * float(off @ off), gradient + off / self._prior.deviation

    def _likelihood(self, at: Hyperparameters) -> tuple[float, Floats]:
        losses = self._losses
        scaled = losses.cube / np.exp(at.lengths)[self._parameter_of]
        between_trials = distances(scaled, scaled)
        between_epochs = self._epochs / np.exp(at.epoch_length)
        own_epochs = self._epochs / np.exp(at.own_epoch_length)
        common, own, noise = np.exp(2 * np.array([at.common, at.own, at.noise]))

        of_trials = common * self._by_trial(matern(between_trials))
        of_epochs = self._by_epoch(LASTING + (1 - LASTING) * matern(between_epochs))
        of_own = own * self._same * self._by_epoch(matern(own_epochs))
        covariance = of_trials * of_epochs + of_own + self._trend
        covariance.flat[:: len(losses) + 1] += noise
        factor, _ = lapack.dpotrf(covariance, lower=1)
        weights, _ = lapack.dpotrs(factor, losses.value, lower=1)
        cost = 0.5 * losses.value @ weights + np.log(np.diag(factor)).sum()

        inverse, _ = lapack.dpotri(factor, lower=1)
        # What the cost changes by with each covariance; of the inverse only the lower half is there.
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        change = 0.5 * (inverse - np.outer(weights, weights))
        by_trials = self._summed(change * of_epochs)
        with_slope = common * by_trials * matern_slope(between_trials)
        moved = (with_slope.sum(1) @ scaled**2) - (scaled * (with_slope @ scaled)).sum(0)
        lengths = -2.0 * np.bincount(self._parameter_of, moved, len(at.lengths))
        slope = (1 - LASTING) * matern_slope(between_epochs) * between_epochs**2
        own_slope = matern_slope(own_epochs) * own_epochs**2
        rest = [
            -(change * of_trials * self._by_epoch(slope)).sum(),
            -own * (change * self._same * self._by_epoch(own_slope)).sum(),
            2.0 * (change * of_trials * of_epochs).sum(),
            2.0 * (change * of_own).sum(),
            2.0 * noise * np.trace(change),
        ]
        return float(cost), np.concatenate([lengths, rest])

    def _by_trial(self, matrix: Floats) -> Floats:
        """From trials to their points: (M, M) -> (N, N)."""
        return matrix.repeat(self._counts, 0).repeat(self._counts, 1)

    def _by_epoch(self, matrix: Floats) -> Floats:
        """From epochs to points at them: (E, E) -> (N, N)."""
        result: Floats = matrix.take(self._epoch, 0).take(self._epoch, 1)
        return result

    def _summed(self, matrix: Floats) -> Floats:
        """From points to their trials: (N, N) -> (M, M)."""
        rows = np.add.reduceat(matrix, self._begins, 0)
        result: Floats = np.add.reduceat(rows, self._begins, 1)
        return result
