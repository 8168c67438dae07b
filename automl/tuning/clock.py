"""The time that one call may take, from its beginning to the end of all that it does.

A command's clock begins with the command. It knows what work the command has left when the search
has a result, as writing the report; the session adds what scoring takes (`ending_time.py`), and
the search trains by a clock that is up so much earlier.
"""

from __future__ import annotations

import math
import time

LEAST_MOVE = 0.05  # seconds


class Clock:
    """Runs from a beginning to its timeout."""

    def __init__(
        self, timeout: float | None, began: float | None = None, *, afterwards: float = 0.0
    ) -> None:
        """Start.

        Args:
            timeout: seconds from the beginning; None: without end.
            began: when the call began, as `time.monotonic` counts; None: now.
            afterwards: seconds of work that follow the search, on a machine that is free.
        """
        self.timeout = timeout
        self.afterwards = afterwards
        self.began = time.monotonic() if began is None else began

    def move(self, timeout: float) -> None:
        """Let time be up then, unless that is about the same: workers are told of each move."""
        if self.timeout is None or abs(timeout - self.timeout) > LEAST_MOVE:
            self.timeout = timeout

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    @property
    def deadline(self) -> float | None:
        """When time is up, as `time.monotonic` counts; None: never."""
        return None if self.timeout is None else self.began + self.timeout

    @property
    def seconds_left(self) -> float:
        """Until time is up; infinite where it never is."""
        return math.inf if self.deadline is None else self.deadline - time.monotonic()

    @property
    def is_up(self) -> bool:
        """Whether no time is left."""
        return self.seconds_left <= 0


class Interval:
    """Tells, each time that so many seconds have passed, once."""

    def __init__(self, seconds: float) -> None:
        self._clock = Clock(seconds)

    @property
    def has_passed(self) -> bool:
        """Whether it has; if so, the next one begins."""
        if not self._clock.is_up:
            return False
        self._clock = Clock(self._clock.timeout)
        return True
