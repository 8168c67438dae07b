"""What a pool remembers of workers that have ended: whether to go on, and with whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from automl.errors import TrainingError

MAX_FAILED_STARTS = 3
"""So many workers in a row may die before they can train; then something is broken."""

LOSSES_IN_COMPANY = 2
"""A trial that was lost so often trains alone: it shall not take innocent ones with it again."""


class Losses:
    """Failed starts in a row, and how often each trial was lost with a worker."""

    def __init__(self) -> None:
        self._n_failed_starts = 0
        self._n_losses: Counter[int] = Counter()  # by trial number

    def note_start(self) -> None:
        """A worker can train."""
        self._n_failed_starts = 0

    def note_failed_start(self, message: str) -> None:
        """A worker has ended before it could train.

        Raises:
            TrainingError: workers do so again and again.
        """
        self._n_failed_starts += 1
        if self._n_failed_starts >= MAX_FAILED_STARTS:
            raise TrainingError(f"worker processes cannot start: {message}")

    def note_lost(self, trial_numbers: Iterable[int]) -> None:
        """A worker has ended with runs of these trials in training; once for all of their runs."""
        self._n_losses.update(set(trial_numbers))

    def must_be_alone(self, trial_number: int) -> bool:
        """Whether a trial was lost so often that it may be what ends the workers."""
        return self._n_losses[trial_number] >= LOSSES_IN_COMPANY
