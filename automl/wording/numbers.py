"""Numbers as people read them: as many digits as they deserve, percent for shares.

Every message is put together with these, so that the same quantity looks the same in the
terminal, the report and the dashboard.
"""

from __future__ import annotations

import math

LARGEST_WRITTEN_OUT = 1e12
"""Sums of money, populations and the like are read with all their digits."""


def number(value: float, digits: int = 3) -> str:
    """Round to significant digits: 0.0123, 1.23, 123, 22,064, 1.2e-06."""
    if not math.isfinite(value):
        return "infinite" if math.isinf(value) else "not a number"
    if value == 0:
        return "0"
    if 10**digits - 0.5 <= abs(value) < LARGEST_WRITTEN_OUT:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def number_or_dash(value: float | None) -> str:
    """A number in a cell of a table: a sign where it is infinite, a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return number(value)


def percent(share: float) -> str:
    """A share as percent: two digits below 10 %, whole percents above."""
    value = 100 * share
    if not math.isfinite(value):
        return number(value)
    if value == 0 or abs(value) >= 10:
        return f"{value:.0f} %"
    return f"{value:.1f} %" if abs(value) >= 0.95 else f"{value:.2g} %"


def brief_time(seconds: float) -> str:
    """A time below some seconds, as of one call: "85 us", "2 ms", "1.25 s"."""
    if not math.isfinite(seconds):
        return "–"
    scale, unit = next(
        (one for one in ((1e-6, "us"), (1e-3, "ms")) if seconds < 999.5 * one[0]), (1.0, "s")
    )
    return f"{number(seconds / scale)} {unit}"


def duration(seconds: float) -> str:
    """Seconds as a person says them: "0.4 s", "3 min 20 s", "2 h 5 min"."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def size(n_bytes: int) -> str:
    """Bytes in units of 10^3, 10^6 or 10^9: "40k", "3.2M", "2.5G"; what is below 50 is "0.0k".

    The unit is that of the rounded number: there is no "1000k".
    """
    if n_bytes == 0:
        return "0M"
    for scale, unit in ((1e3, "k"), (1e6, "M")):
        if n_bytes < 9.95 * scale:
            return f"{n_bytes / scale:.1f}{unit}"
        if n_bytes < 999.5 * scale:
            return f"{n_bytes / scale:.0f}{unit}"
    return f"{n_bytes / 1e9:.1f}G"
