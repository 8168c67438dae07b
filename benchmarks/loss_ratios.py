"""Ratios of losses, in which searches are compared: geometric means, so logarithms.

A loss of exactly 0 has no logarithm. A search that found one is no search without a loss: to leave
it out would leave out the tables on which one side, or both, were at their best. It counts as
`LEAST_LOSS`, and so does whatever is lower: two such losses are equal, and one of them is better
than another loss by a ratio that is finite, and rather too near 1 than too far from it.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import t as student

LEAST_LOSS = 2.0**-24
"""The least cross-entropy of a row that single precision tells from 0: that of the largest
probability below 1, which is half a unit of the last place of 1 away."""


def log_loss(loss: float) -> float:
    """The logarithm of a loss from 0 on."""
    return math.log(max(loss, LEAST_LOSS))


def log_ratio(one: float, other: float) -> float:
    """The logarithm of one loss over another: below 0, the first is the better."""
    return log_loss(one) - log_loss(other)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A geometric mean and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float


def mean_ratio(logs: Sequence[float]) -> Ratio:
    """Of the logarithms of ratios, with Student's t; of one the interval is unbounded.

    Of none the mean is no number.
    """
    mean, reach = statistics.fmean(logs) if logs else math.nan, math.inf
    if len(logs) > 1:
        reach = float(student.ppf(0.975, len(logs) - 1)) * statistics.stdev(logs)
        reach /= math.sqrt(len(logs))
    low = math.exp(mean - reach) if math.isfinite(reach) else 0.0
    return Ratio(math.exp(mean), low, math.exp(mean + reach) if reach < 100 else math.inf)
