"""The time that one call of a search may take."""

from __future__ import annotations

import math
import time


class Clock:
    """Runs from when it is made, or started again, to its timeout."""

    def __init__(self, timeout: float | None) -> None:
        """Start.

        Args:
            timeout: seconds; None: without end.
        """
        self.timeout = timeout
        self.started = time.monotonic()

    def start(self) -> None:
        """Begin anew."""
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.started

    @property
    def deadline(self) -> float | None:
        """When time is up, as `time.monotonic` counts; None: never."""
        return None if self.timeout is None else self.started + self.timeout

    @property
    def seconds_left(self) -> float:
        """Until time is up; infinite where it never is."""
        return math.inf if self.deadline is None else self.deadline - time.monotonic()

    @property
    def is_up(self) -> bool:
        """Whether no time is left."""
        return self.seconds_left <= 0
