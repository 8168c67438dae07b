"""What each trial is worth while it has not ended: the lowest loss of its epochs.

Of several folds the loss of an epoch is their mean. Losses that are no number count as infinite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping


def lowest(losses: Iterable[float]) -> float:
    """The lowest of some losses; infinite where there is none."""
    return min((loss for loss in losses if not math.isnan(loss)), default=math.inf)


class LowestLosses:
    """The lowest loss of each trial, by number.

    Attributes:
        best: the lowest of all.
    """

    def __init__(self, losses: Mapping[int, Iterable[float]]) -> None:
        self._by_number = {number: lowest(each) for number, each in losses.items()}
        self.best = lowest(self._by_number.values())

    def of(self, number: int) -> float:
        """That of a trial; infinite of one without an epoch."""
        return self._by_number.get(number, math.inf)

    def note(self, number: int, losses: Iterable[float]) -> bool:
        """A trial has had more epochs; whether one of them is better than all others."""
        loss = lowest(losses)
        self._by_number[number] = min(loss, self.of(number))
        is_gain = loss < self.best
        self.best = min(loss, self.best)
        return is_gain

    def best_of(self, numbers: Iterable[int]) -> int | None:
        """The trial with the lowest, of several the first."""
        return min(numbers, key=lambda number: (self.of(number), number), default=None)
