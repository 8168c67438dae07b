"""What is to be expected of trials at later epochs, given the losses that were seen.

While trials train, and while a batch of decisions is made, the next losses of those that were
chosen are believed to be what is expected of them (Kriging believer: Ginsbourger et al. 2010,
"Kriging Is Well-Suited to Parallelize Optimization"). Such a belief moves no expectation; it makes
what is near more certain. So trials in training are points without a value, and each decision of a
batch is one more row of the factor, and a product with it for the epochs that are looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import blas, lapack

from automl.tuning.gaussian_process.kernel import Covariance, Floats, Points, distances, matern

_SMALLEST = 1e-10  # of a variance


@dataclass(eq=False, slots=True)
class Outlook:
    """What is expected of some trials, each at an epoch.

    Attributes:
        mean: (C,).
        variance: without noise; (C,).
        solved: the inverse of the factor times the covariance with these points; (N + B, C),
            whose rows beyond what has been believed so far mean nothing yet.
    """

    points: Points
    mean: Floats
    variance: Floats
    solved: Floats


class Posterior:
    """The process, given losses.

    Args:
        cube: all trials that points may be of; (R, A).
        seen: where losses are.
        values: standardized; (N,).
        training: where the next losses will be, of trials in training.
        n_beliefs: how many more points will be believed.
    """

    def __init__(
        self,
        covariance: Covariance,
        cube: Floats,
        seen: Points,
        values: Floats,
        training: Points,
        n_beliefs: int,
    ) -> None:
        self._covariance = covariance
        self._cube = cube / covariance.lengths
        row = np.concatenate([seen.row, training.row])
        epoch = np.concatenate([seen.epoch, training.epoch])
        self._points = Points(row, epoch)
        used, column = np.unique(row, return_inverse=True)
        self._nearness = matern(distances(self._cube, self._cube[used])).take(column, 1)
        whole = covariance.between(self._nearness[row], self._points, self._points)
        whole.flat[:: len(row) + 1] += covariance.noise
        self._factor, _ = lapack.dpotrf(whole.T, lower=1, clean=1)
        n_seen = len(values)
        self._weights, _ = lapack.dpotrs(self._factor[:n_seen, :n_seen], values, lower=1)
        self._outlook: Outlook | None = None
        self._believed = np.zeros((2, n_beliefs), np.intp)  # rows and epochs
        self._rows = np.zeros((n_beliefs, len(row) + n_beliefs))  # of the factor, of beliefs
        self._n_believed = 0

    def outlook(self, points: Points) -> Outlook:
        """What is to be expected at points; until the next one, it learns what is believed."""
        covariance = self._with_known(points)
        n_known, n_seen, n_believed = len(self._points), len(self._weights), self._n_believed
        solved = np.empty((n_known + len(self._rows), len(points)))
        solved[:n_known] = self._solve(covariance)
        if n_believed:
            known, own = self._factor_rows()
            rest = self._between(points, self._beliefs()).T - known @ solved[:n_known]
            solved[n_known : n_known + n_believed] = blas.dtrsm(1.0, own, rest, lower=1)
        variance = self._covariance.variance(points.epoch)
        variance -= (solved[: n_known + n_believed] ** 2).sum(0)
        mean = covariance[:, :n_seen] @ self._weights
        self._outlook = Outlook(points, mean, np.maximum(variance, _SMALLEST), solved)
        return self._outlook

    def believe(self, row: int, epoch: int) -> None:
        """Take the loss of a trial at an epoch to be what is expected."""
        n_known, n_believed = len(self._points), self._n_believed
        point = Points(np.array([row]), np.array([epoch]))
        factor = self._rows[n_believed]
        factor[:n_known] = self._solve(self._with_known(point))[:, 0]
        if n_believed:
            known, own = self._factor_rows()
            rest = self._between(self._beliefs(), point)[:, 0] - known @ factor[:n_known]
            factor[n_known : n_known + n_believed] = blas.dtrsv(own, rest, lower=1)
        variance = float(self._covariance.variance(point.epoch)[0]) + self._covariance.noise
        rest_variance = max(variance - float(factor @ factor), _SMALLEST)
        factor[n_known + n_believed] = math.sqrt(rest_variance)
        self._believed[:, n_believed] = row, epoch
        self._n_believed += 1
        if self._outlook is not None:
            self._learn(self._outlook, point, factor[: n_known + n_believed + 1])

    def _learn(self, outlook: Outlook, point: Points, factor: Floats) -> None:
        """Bring the last belief into an outlook."""
        before = len(factor) - 1
        solved = self._between(outlook.points, point)[:, 0]
        solved -= factor[:before] @ outlook.solved[:before]
        solved /= factor[before]
        outlook.solved[before] = solved
        outlook.variance = np.maximum(outlook.variance - solved * solved, _SMALLEST)

    def _beliefs(self) -> Points:
        return Points(*self._believed[:, : self._n_believed])

    def _factor_rows(self) -> tuple[Floats, Floats]:
        """The factor's rows of beliefs: by known points (B, N), and by beliefs (B, B)."""
        n_known, n_believed = len(self._points), self._n_believed
        rows = self._rows[:n_believed]
        return rows[:, :n_known], rows[:, n_known : n_known + n_believed]

    def _with_known(self, points: Points) -> Floats:
        """Covariance of points with those of the factor: (C, N)."""
        return self._covariance.between(self._nearness[points.row], points, self._points)

    def _between(self, first: Points, second: Points) -> Floats:
        """Covariance of any points: (C, B)."""
        nearness = matern(distances(self._cube[first.row], self._cube[second.row]))
        return self._covariance.between(nearness, first, second)

    def _solve(self, covariance: Floats) -> Floats:
        """The inverse of the factor times the covariance of points with those known: (N, C)."""
        result: Floats = blas.dtrsm(1.0, self._factor, covariance.T, lower=1)
        return result
