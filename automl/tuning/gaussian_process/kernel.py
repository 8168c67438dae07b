"""What two losses have to do with each other: the covariance of freeze-thaw.

    k = s1^2 M(x, x') M(t, t')  +  s2^2 [same trial] M(t, t')  +  noise [same point]

M is Matern's kernel of smoothness 5/2, x a point of the unit cube with a length for each
parameter, t the epoch as log(epoch) / log(max_epochs). The first term is what configurations have in
common, the second what is a trial's own, for all of its epochs. Trials have many epochs and there
are few epochs, so distances are taken between trials, and between epochs, and looked up.

Source: Swersky et al. 2014, "Freeze-Thaw Bayesian Optimization", arXiv 1406.3896, has the two
levels; a product of kernels over configuration and epoch instead of its exponential decay is of
Klein et al. 2017, "Fast Bayesian Optimization of Machine Learning Hyperparameters on Large
Datasets" (there over the size of the data).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]

_SQRT5 = math.sqrt(5.0)


@dataclass(frozen=True, eq=False, slots=True)
class Losses:
    """Losses that were seen, as points of the process; a trial's are beside each other.

    Attributes:
        cube: where each trial is in the unit cube; (M, A).
        trial: the row in `cube` of each point, ascending; (N,).
        epoch: the epoch of each point; (N,).
        value: standardized; (N,).
    """

    cube: Floats
    trial: Numbers
    epoch: Numbers
    value: Floats

    def __len__(self) -> int:
        return len(self.value)


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


def epoch_distances(max_epochs: int) -> Floats:
    """Between the times t of all epochs, with a row for epoch 0 that nobody asks for."""
    epochs = np.maximum(np.arange(max_epochs + 1), 1)
    times = np.log(epochs) / math.log(max(max_epochs, 2))
    return np.abs(times[:, None] - times)


LASTING = 0.5
LEVEL = 3.0
SLOPE = 1.0


def trend(max_epochs: int) -> Floats:
    """What all curves have in common: covariance between epochs of a level and a slope in t."""
    epochs = np.maximum(np.arange(max_epochs + 1), 1)
    times = np.log(epochs) / math.log(max(max_epochs, 2))
    return LEVEL**2 + SLOPE**2 * np.outer(times, times)
