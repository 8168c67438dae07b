"""How long a run may train, counted from the beginning of its first round."""

from __future__ import annotations

import time
from collections.abc import Collection

from automl.executors.executor import RunFailure


class TimeLimit:
    """One limit for all runs of a place of training.

    Args:
        seconds: that a run may take; None: as long as it likes.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._began_at: dict[int, float] = {}

    def begin(self, run_ids: Collection[int]) -> None:
        """Count the time of these runs from now, of those that had begun from when they did."""
        now = time.monotonic()
        for run_id in run_ids:
            self._began_at.setdefault(run_id, now)

    def forget(self, run_id: int) -> None:
        """A run has ended, or its time has not begun after all."""
        self._began_at.pop(run_id, None)

    def keep_only(self, run_ids: Collection[int]) -> None:
        """Forget all other runs."""
        self._began_at = {run_id: at for run_id, at in self._began_at.items() if run_id in run_ids}

    def passed(self) -> tuple[int, ...]:
        """The runs that have taken longer."""
        if self.seconds is None:
            return ()
        latest = time.monotonic() - self.seconds
        return tuple(run_id for run_id, at in self._began_at.items() if at < latest)

    @property
    def first_end(self) -> float:
        """The `time.monotonic()` at which the limit of the oldest run passes."""
        if self.seconds is None or not self._began_at:
            return float("inf")
        return min(self._began_at.values()) + self.seconds

    def failure(self, run_id: int, place: str = "") -> RunFailure:
        """The failure of a run whose time has passed, and where its worker was, if known."""
        where = f"; its worker was in {place}" if place else ""
        return RunFailure(
            run_id, "timed_out", f"it took more than {self.seconds:g} seconds{where}"
        )
