"""How long a run may train, counted from the beginning of its first round.

While a run rests its clock stands still.
"""

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
        self._spent: dict[int, float] = {}  # seconds before its clock last stood still
        self._since: dict[int, float] = {}  # when its clock began to run again

    def begin(self, run_ids: Collection[int]) -> None:
        """Let the clocks of these runs run."""
        if self.seconds is None:
            return
        now = time.monotonic()
        for run_id in run_ids:
            self._since.setdefault(run_id, now)

    def run_only(self, run_ids: Collection[int]) -> None:
        """Let the clocks of these runs run, and those of all others stand still."""
        now = time.monotonic()
        for run_id in [one for one in self._since if one not in run_ids]:
            self._spent[run_id] = self._spent.get(run_id, 0.0) + now - self._since.pop(run_id)
        self.begin(run_ids)

    def forget(self, run_id: int) -> None:
        """A run has ended, or its time has not begun after all."""
        self._since.pop(run_id, None)
        self._spent.pop(run_id, None)

    def passed(self) -> tuple[int, ...]:
        """The runs that have taken longer, of those whose clock runs."""
        if self.seconds is None:
            return ()
        now = time.monotonic()
        return tuple(run_id for run_id in self._since if self._end_of(run_id) < now)

    @property
    def first_end(self) -> float:
        """The `time.monotonic()` at which the first limit passes."""
        return min(map(self._end_of, self._since), default=float("inf"))

    def failure(self, run_id: int, place: str = "") -> RunFailure:
        """The failure of a run whose time has passed, and where its worker was, if known."""
        where = f"; its worker was in {place}" if place else ""
        return RunFailure(
            run_id, "timed_out", f"it took more than {self.seconds:g} seconds{where}"
        )

    def _end_of(self, run_id: int) -> float:
        if self.seconds is None:
            return float("inf")
        return self._since[run_id] - self._spent.get(run_id, 0.0) + self.seconds
