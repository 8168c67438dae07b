"""Where ticks stand and what they say: plain numbers at 1, 2 and 5, powers for decades.

Plotly's own logarithmic ticks mix "10⁻¹", "2" and "5" on one axis. These are the same on
axes that Plotly draws and on those that figures draw themselves.
"""

from __future__ import annotations

import math
from typing import Any

from automl.wording.numbers import number

N_TICKS = 6  # at most, on an axis of about 300 pixels


def log_ticks(low: float, high: float, at_most: int = N_TICKS) -> list[float]:
    """Round numbers between two positive ones, evenly spread on a logarithmic axis."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = [d * 10.0**e for e in range(first, last + 1) for d in digits]
        inside = [t for t in ticks if low * 0.999 <= t <= high * 1.001]
        if len(inside) <= at_most:
            return inside if len(inside) > 2 else linear_ticks(low, high, at_most)
    step = math.ceil((last - first + 1) / at_most)
    decades = [10.0**e for e in range(first, last + 1) if e % step == 0]
    return [t for t in decades if low * 0.999 <= t <= high * 1.001]


def linear_ticks(low: float, high: float, at_most: int = N_TICKS) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    span = high - low
    if span <= 0:
        return [low]
    magnitude = 10.0 ** math.floor(math.log10(span / at_most))
    step = next(m * magnitude for m in (1, 2, 5, 10, 20) if span / (m * magnitude) < at_most)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def tick_text(value: float) -> str:
    """A tick's number: "0.02", "300", "10⁻⁵" (as Plotly's superscript)."""
    if value and (abs(value) < 1e-3 or abs(value) >= 1e5):
        exponent = math.floor(math.log10(abs(value)) + 1e-9)
        digits = value / 10.0**exponent
        factor = "" if abs(digits - 1) < 1e-9 else f"{digits:.3g}·"
        return f"{factor}10<sup>{exponent}</sup>".replace("-", "−")
    return number(value)


def log_layout(low: float, high: float) -> dict[str, Any]:
    """A logarithmic axis over the range, given in the values themselves."""
    values = log_ticks(low, high)
    return {
        "type": "log",
        "range": [math.log10(low), math.log10(high)],
        "tickvals": values,
        "ticktext": [tick_text(value) for value in values],
    }


def log_bar(low: float, high: float) -> dict[str, Any]:
    """Ticks of a colour bar whose colours are logarithms to base ten."""
    values = log_ticks(low, high, 5)
    return {
        "tickvals": [math.log10(value) for value in values],
        "ticktext": [tick_text(value) for value in values],
    }
