"""What two losses have to do with each other: the covariance of freeze-thaw.

    k =  s1^2 M(x, x') E(t, t')        what configurations have in common
       + s2^2 [same trial] M(t, t')    what is a trial's own, for all of its epochs
       + trend(t, t')                  what all curves have in common: a level and a slope
       + noise [same point]

M is Matern's kernel of smoothness 5/2, x a point of the unit cube with a length for each
parameter, t = log(epoch) / log(max_epochs); half of E lasts: E = (1 + M) / 2. Trials have
many epochs and there are few epochs: distances are taken between trials and between epochs.

Source: Swersky et al. 2014, "Freeze-Thaw Bayesian Optimization", arXiv 1406.3896, has the two
levels; products of kernels over configuration and resource instead of its exponential decay are
those of Klein et al. 2017, "Fast Bayesian Optimization of Machine Learning Hyperparameters on
Large Datasets".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]

LASTING = 0.5
"""Which part of what configurations have in common is the same at all epochs, so that what is
bad stays so. Without it, losses at late epochs tend to the mean of those that were seen there,
which are of the best trials."""

LEVEL, SLOPE = 3.0, 1.0
"""Standard deviations of the trend, in those of the values seen: the level is all but free.
Without the slope, what paused trials would come to was expected too high on three development
tasks of LCBench, by 0.5 to 0.8 standard deviations after 520 epochs; with it, by less than 0.2."""

_SQRT5 = math.sqrt(5.0)


@dataclass(frozen=True, eq=False, slots=True)
class Points:
    """Where losses are: at an epoch of a trial.

    Attributes:
        row: of the trial in a matrix of trials in the unit cube; (N,).
        epoch: (N,).
    """

    row: Numbers
    epoch: Numbers

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, eq=False, slots=True)
class Hyperparameters:
    """Logarithms of all that is fitted.

    Attributes:
        lengths: of each parameter of the space; (D,).
        epoch_length: of t, in what configurations have in common.
        own_epoch_length: of t, in what is a trial's own.
        common: s1, a standard deviation, as the next two.
    """

    lengths: Floats
    epoch_length: float
    own_epoch_length: float
    common: float
    own: float
    noise: float

    def to_array(self) -> Floats:
        """All in one; (D + 5,)."""
        rest = [self.epoch_length, self.own_epoch_length, self.common, self.own, self.noise]
        return np.concatenate([self.lengths, rest])

    @classmethod
    def of_array(cls, array: Floats) -> Hyperparameters:
        """What `to_array` had made one."""
        return cls(array[:-5], *map(float, array[-5:]))


@dataclass(frozen=True, eq=False, slots=True)
class Axes:
    """What distances are measured along.

    Attributes:
        parameter_of: which parameter each axis of the cube belongs to, by number; (A,).
        epochs: distances between the times of all epochs from 0 to the last, of which the first
            is as epoch 1; (E, E).
        trend: covariance of the trend between epochs; (E, E).
    """

    parameter_of: Numbers
    epochs: Floats
    trend: Floats

    @classmethod
    def of(cls, parameter_of: Numbers, max_epochs: int) -> Axes:
        """Those of a space with trials of so many epochs."""
        times = np.log(np.maximum(np.arange(max_epochs + 1), 1)) / math.log(max(max_epochs, 2))
        trend = LEVEL**2 + SLOPE**2 * np.outer(times, times)
        return cls(parameter_of, np.abs(times[:, None] - times), trend)


class Covariance:
    """The kernel with its hyperparameters, as tables to look up."""

    def __init__(self, axes: Axes, at: Hyperparameters) -> None:
        common, own, self.noise = np.exp(2.0 * np.array([at.common, at.own, at.noise]))
        self.lengths: Floats = np.exp(at.lengths)[axes.parameter_of]
        lasting = LASTING + (1.0 - LASTING) * matern(axes.epochs / math.exp(at.epoch_length))
        self.common: Floats = common * lasting
        self.own: Floats = own * matern(axes.epochs / math.exp(at.own_epoch_length))
        self.trend = axes.trend

    def variance(self, epoch: Numbers) -> Floats:
        """Of a trial of which nothing has been seen, at epochs, without noise."""
        variance: Floats = self.common[0, 0] + self.own[0, 0] + self.trend[epoch, epoch]
        return variance

    def between(self, nearness: Floats, first: Points, second: Points) -> Floats:
        """Between points, without noise.

        Args:
            nearness: Matern's kernel between the trials of `first` and those of `second`.

        Shape:
            nearness, result: (N, M).
        """
        pairs = first.epoch[:, None] * len(self.trend) + second.epoch
        covariance: Floats = nearness * self.common.take(pairs)
        covariance += self.trend.take(pairs)
        same = np.nonzero(first.row[:, None] == second.row)
        covariance[same] += self.own.take(pairs[same])
        return covariance


def matern(distances: Floats) -> Floats:
    """Matern's kernel of smoothness 5/2 at distances in units of its length."""
    scaled = _SQRT5 * distances
    result: Floats = (1.0 + scaled + scaled * scaled / 3.0) * np.exp(-scaled)
    return result


def matern_slope(distances: Floats) -> Floats:
    """Its derivative by the distance, divided by the distance: finite where that is 0."""
    scaled = _SQRT5 * distances
    result: Floats = (-5.0 / 3.0) * (1.0 + scaled) * np.exp(-scaled)
    return result


def distances(first: Floats, second: Floats) -> Floats:
    """Between all rows of two matrices: (M, A), (N, A) -> (M, N)."""
    squares = (first * first).sum(1)[:, None] + (second * second).sum(1) - 2.0 * first @ second.T
    result: Floats = np.sqrt(np.maximum(squares, 0.0))
    return result
