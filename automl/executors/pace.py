"""How long a worker needs for what it was told: the estimates of costs, measured against rounds.

The estimates are in proportion at best; a worker may be slower than another, and slower now.
"""

from __future__ import annotations

MEMORY = 0.9
"""What a round counts after the next one: about ten rounds are remembered."""


class Pace:
    """Seconds of training over the seconds that were estimated for it."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._estimated = 0.0

    def note(self, seconds: float, estimated: float) -> None:
        """A round took so long for which so long was estimated."""
        self._seconds = MEMORY * self._seconds + seconds
        self._estimated = MEMORY * self._estimated + estimated

    def seconds(self, estimated: float) -> float | None:
        """What it will take by this pace; None before anything was trained."""
        return estimated * self._seconds / self._estimated if self._estimated else None
