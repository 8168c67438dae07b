"""What is to be expected of candidates at later epochs, given the losses that were seen.

Candidates are trials that can go on and trials that could be started. While a batch of decisions
is made, and while trials train, their next losses are believed to be what is expected of them
(Kriging believer: Ginsbourger et al. 2010, "Kriging Is Well-Suited to Parallelize
Optimization"). Such a belief moves no expectation; it makes what is near more certain. So it is
one more row of the factor and one product per set of epochs that is looked at (`Outlook`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack

from automl.tuning.gaussian_process.kernel import (
    LASTING,
    Hyperparameters,
    Losses,
    distances,
    matern,
)

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]

NEW = -1
"""In place of a trial's row: a candidate that has not been started."""


@dataclass(eq=False, slots=True)
class Outlook:
    """All candidates, each at one epoch.

    Attributes:
        epoch: of each candidate; (C,).
        mean: what is expected; (C,).
        variance: how uncertain it is, without noise; (C,).
        solved: rows of the factor's inverse times the covariance with each candidate.
    """

    epoch: Numbers
    mean: Floats
    variance: Floats
    solved: list[Floats] = field(default_factory=list)


class Posterior:
    """The process, given losses; of candidates that are named at once.

    Args:
        parameter_of: which parameter each axis of the cube belongs to; (A,).
        epochs: distances between all epochs (`epoch_distances`).
        cube: where the candidates are; (C, A).
        trial: which trial of `losses` each candidate is, or `NEW`; (C,).
    """

    def __init__(
        self,
        losses: Losses,
        at: Hyperparameters,
        parameter_of: Numbers,
        epochs: Floats,
        cube: Floats,
        trial: Numbers,
        trend: Floats,
    ) -> None:
        self._losses, self._trial, self._trend = losses, trial, trend
        self._common, self._own, self._noise = np.exp(2 * np.array([at.common, at.own, at.noise]))
        lengths = np.exp(at.lengths)[parameter_of]
        self._cube = cube / lengths
        known = losses.cube / lengths
        self._between_epochs = LASTING + (1 - LASTING) * matern(epochs / np.exp(at.epoch_length))
        self._own_epochs = matern(epochs / np.exp(at.own_epoch_length))
        self._with_trials = self._common * matern(distances(self._cube, known))
        covariance = self._common * matern(distances(known, known)).take(losses.trial, 0).take(
            losses.trial, 1
        )
        covariance *= self._between_epochs[np.ix_(losses.epoch, losses.epoch)]
        same = losses.trial[:, None] == losses.trial
        covariance += self._own * same * self._own_epochs[np.ix_(losses.epoch, losses.epoch)]
        covariance += trend[np.ix_(losses.epoch, losses.epoch)]
        covariance.flat[:: len(losses) + 1] += self._noise
        self._factor, _ = lapack.dpotrf(covariance, lower=1, clean=1)
        self._weights, _ = lapack.dpotrs(self._factor, losses.value, lower=1)
        self._believed: list[tuple[int, int, Floats]] = []  # candidate, epoch, row of the factor
        self._outlooks: list[Outlook] = []

    def outlook(self, epoch: Numbers) -> Outlook:
        """What is to be expected of all candidates, each at an epoch; it learns what is believed."""
        covariance = self._covariance(np.arange(len(epoch)), epoch)
        solved = blas.dtrsm(1.0, self._factor, covariance.T, lower=1)
        variance = self._common + self._own + self._trend[epoch, epoch] - (solved * solved).sum(0)
        seen = Outlook(epoch, covariance @ self._weights, variance, [solved])
        for place, (candidate, at, row) in enumerate(self._believed):
            self._learn(seen, candidate, at, row, place)
        self._outlooks.append(seen)
        return seen

    def believe(self, candidate: int, epoch: int) -> None:
        """Take the loss of a candidate at an epoch to be what is expected."""
        covariance = self._covariance(np.array([candidate]), np.array([epoch]))
        row = blas.dtrsm(1.0, self._factor, covariance.T, lower=1)[:, 0]
        for other, at, other_row in self._believed:
            between = self._between(np.array([candidate]), np.array([epoch]), other, at)[0]
            n_before = len(other_row) - 1
            row = np.append(row, (between - row[:n_before] @ other_row[:-1]) / other_row[-1])
        rest = self._common + self._own + self._noise + self._trend[epoch, epoch] - row @ row
        row = np.append(row, np.sqrt(max(rest, self._noise)))
        self._believed.append((candidate, epoch, row))
        for seen in self._outlooks:
            self._learn(seen, candidate, epoch, row, len(self._believed) - 1)

    def _learn(self, seen: Outlook, candidate: int, epoch: int, row: Floats, place: int) -> None:
        """Bring one belief into an outlook."""
        n_losses = len(self._losses)
        between = self._between(np.arange(len(seen.epoch)), seen.epoch, candidate, epoch)
        explained = row[:n_losses] @ seen.solved[0]
        for index in range(place):
            explained = explained + row[n_losses + index] * seen.solved[1 + index]
        solved = (between - explained) / row[-1]
        seen.solved.append(solved)
        seen.variance -= solved * solved

    def _covariance(self, candidates: Numbers, epoch: Numbers) -> Floats:
        """Between candidates at epochs and all losses: (C, N)."""
        losses = self._losses
        covariance = self._with_trials[candidates].take(losses.trial, 1)
        covariance *= self._between_epochs[epoch].take(losses.epoch, 1)
        covariance += self._trend[epoch].take(losses.epoch, 1)
        going_on = np.flatnonzero(self._trial[candidates] != NEW)
        same = self._trial[candidates][going_on][:, None] == losses.trial
        rows, columns = np.nonzero(same)
        rows = going_on[rows]
        covariance[rows, columns] += (
            self._own * self._own_epochs[epoch[rows], losses.epoch[columns]]
        )
        return covariance

    def _between(self, candidates: Numbers, epochs: Numbers, other: int, epoch: int) -> Floats:
        """Between candidates, each at an epoch, and another at one: (C,)."""
        near = matern(distances(self._cube[candidates], self._cube[other : other + 1]))[:, 0]
        covariance = self._common * near * self._between_epochs[epochs, epoch] + self._trend[epochs, epoch]
        covariance[candidates == other] += (
            self._own * self._own_epochs[epochs[candidates == other], epoch]
        )
        return np.asarray(covariance, np.float64)
