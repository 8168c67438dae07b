"""How many runs one worker may have at once: fewer after its predecessor was lost."""

from __future__ import annotations

CALM_ROUNDS = 20
"""After so many rounds without a death a worker may have twice as many runs again. A guess:
most runs that are pruned are so within 20 epochs, so these are other runs."""


class Room:
    """The limit on the runs of one worker.

    Attributes:
        max_runs: at first; None: any number.
    """

    def __init__(self, max_runs: int | None = None) -> None:
        self.max_runs = max_runs
        self._n_rounds = 0

    def note_round(self) -> None:
        """A round went well."""
        self._n_rounds += 1

    def left(self, n_runs: int) -> float:
        """How many may join so many."""
        if self.max_runs is None:
            return float("inf")
        most: int = self.max_runs * 2 ** (self._n_rounds // CALM_ROUNDS)
        return max(0, most - n_runs)
