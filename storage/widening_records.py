"""How a study's space has grown, as frozen dataclasses: records like those of `records.py`.

Only the standard library is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class WideningRecord:
    """A look at the ends of ranges, after so many trials: which ranges are wider from then on."""

    from_trial_number: int
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # low and high


def widened_space(
    space: Mapping[str, Any], widenings: Sequence[WideningRecord]
) -> Mapping[str, Any]:
    """A stored space, with the ranges that it has after some widenings."""
    ranges = {name: ends for one in widenings for name, ends in one.ranges.items()}
    parameters = space.get("parameters")
    if not ranges or not isinstance(parameters, Mapping):
        return space
    changed = {
        name: {**entry, **_ends(entry, *ranges[name])} if name in ranges else entry
        for name, entry in parameters.items()
    }
    return {**space, "parameters": changed}


def _ends(entry: Mapping[str, Any], low: float, high: float) -> dict[str, float]:
    """The ends of a range as the table of its parameter has them."""
    kind = int if entry.get("type") == "int" else float
    return {"low": kind(low), "high": kind(high)}
