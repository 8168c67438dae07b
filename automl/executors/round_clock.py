"""When one worker has taken too long: to load, for a run, or beyond the end of the search."""

from __future__ import annotations

import time

MINIMUM_GRACE = 1.0
"""Seconds that a round may last beyond a run's time limit before it counts as hanging; twice
the longest round so far is added, since a round that is only long will end by itself."""

FIRST_ROUND_GRACE = 10.0
"""The same for a worker's first round, in which libraries are loaded and kernels compiled:
torch.optim alone loads for 1 to 2 seconds."""

READY_LIMIT = 300.0
"""Seconds in which a worker must be able to train. It took 3 to 10 s on a loaded machine; many
that start at once from a network drive take far longer, and beat all the while."""

ENDING_GRACE = 10.0
"""Seconds that a round may last beyond the search's deadline; the longest round so far is added.
Trainers look at the clock between steps, but not in the middle of an evaluation."""

LONG_ROUND = 60.0
"""Seconds after which a round is said to be long, and again each time that it has lasted twice as
long. Rounds are a tenth of a second, or one epoch where that is longer."""

LONGER_THAN_USUAL = 5.0
"""It is not said of rounds that take up to so many times what the longest so far took."""

MEMORY = 0.98
"""What a round counts for how busy the machine is, after each further one. Rounds of a tenth of a
second are forgotten within some ten seconds, as what a machine does beside changes."""


class RoundClock:
    """The times of one worker's rounds."""

    def __init__(self) -> None:
        self.ready_until = time.monotonic() + READY_LIMIT
        self._n_rounds = 0
        self._longest = 0.0
        self.seconds, self.work = 0.0, 0.0  # of late
        self.begin()

    def begin(self) -> None:
        """A round begins."""
        self._began = time.monotonic()
        self._n_said = 0

    def long_round(self) -> float | None:
        """For how long the present round has lasted, whenever that is to be said; else None."""
        seconds = time.monotonic() - self._began
        longest = max(LONG_ROUND, LONGER_THAN_USUAL * self._longest)
        if seconds < longest * 2**self._n_said:
            return None
        self._n_said += 1
        return seconds

    def note(self, seconds: float, work: float = 0.0) -> None:
        """A round has lasted so long, and had a processor for so much of it."""
        self._n_rounds += 1
        self.seconds = MEMORY * self.seconds + seconds
        self.work = MEMORY * self.work + work
        self._longest = max(self._longest, seconds)

    @property
    def grace(self) -> float:
        """Seconds beyond a run's time limit in which the present round will have ended."""
        return MINIMUM_GRACE + 2 * self._longest if self._n_rounds else FIRST_ROUND_GRACE

    @property
    def ending_grace(self) -> float:
        """Seconds beyond the search's deadline in which it must have."""
        return ENDING_GRACE + self._longest
