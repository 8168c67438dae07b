"""Numbers that a hyperparameter can take: an interval, open or closed, whole or real."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeGuard


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is an int or a float; True and False are neither."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Numbers:
    """An interval of numbers."""

    low: float = -math.inf
    high: float = math.inf
    low_is_open: bool = False
    high_is_open: bool = False
    whole: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_is_open else value >= self.low
        below = value < self.high if self.high_is_open else value <= self.high
        return above and below and math.isfinite(value) and (not self.whole or value % 1 == 0)

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        if math.isinf(self.low):
            return kind
        low = f"{'above' if self.low_is_open else 'from'} {self.low:g}"
        if math.isinf(self.high):
            return f"{kind} {low}" + ("" if self.low_is_open else " upwards")
        return f"{kind} {low} {'to below' if self.high_is_open else 'to'} {self.high:g}"


FRACTION: Final = Numbers(0, 1)
FRACTION_BELOW_1: Final = Numbers(0, 1, high_is_open=True)
ABOVE_0: Final = Numbers(0, low_is_open=True)
COUNT: Final = Numbers(1, whole=True)
