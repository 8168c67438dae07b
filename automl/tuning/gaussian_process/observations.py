"""What a search has seen, as the process is told it: few points, on a scale that models well.

Of each trial it is the best loss so far at a few epochs, as a logarithm where all are positive, cut
where it is worse than three trials in four and as far again from them as the best is: how bad the
bad ones are says nothing about the good ones. A trial that failed is as bad as that. Where there
are more points than a bound, those that lead in any epoch stay, and a sample of the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl.tuning.gaussian_process.kernel import Losses
from automl.tuning.policies.policy import TrialView

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """Losses as points, and whose they are.

    Attributes:
        numbers: of the trials, in the sequence of the rows of `losses.cube`.
        best: the lowest value.
        scale: how far a value of 1 is, in logarithms of a loss.
    """

    losses: Losses
    numbers: tuple[int, ...]
    best: float
    scale: float
