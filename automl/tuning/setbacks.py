"""How often a trial's process has died while the trial got no further.

A process that dies may have been killed by a trial it trained, or by anybody else. A trial that
had a new epoch in between has survived where it was before, so that only deaths in a row without
one count: a good trial that trains for hours outlives any number of kills. Nor does the death of a
worker in which other trials trained as well: it may be the fault of any of them. Who is lost so
again and again trains alone (`executors/losses.py`), and then it can be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.records import EpochRecord, RunRecord

LOST_ATTEMPTS_LIMIT = 2
"""A trial that took its worker down twice in a row, alone in it, is not tried again."""

LOST_CALLS_LIMIT = 5
"""Nor is one in training while five calls in a row were killed; workers that had died with it in
these calls are counted too. With workers in processes of their own a trial hardly kills a call,
unless it takes the memory of both."""


@dataclass(frozen=True, slots=True)
class Setbacks:
    """What is remembered of the attempts of one trial.

    Attributes:
        n_lost: attempts in a row that ended with their process, none but the first of them with a
            new epoch.
        n_epochs: of all its runs, the most that an attempt has had.
    """

    n_lost: int = 0
    n_epochs: int = 0

    def after(self, n_epochs: int, *, is_lost: bool) -> Setbacks:
        """With one more attempt.

        Args:
            n_epochs: that its runs had together.
            is_lost: whether it trained while its process died, and may be why.
        """
        n_before = self.n_lost if n_epochs <= self.n_epochs else 0
        return Setbacks(n_before + is_lost, max(self.n_epochs, n_epochs))


def setbacks_of(
    runs: Sequence[RunRecord], epochs: Mapping[int, Sequence[EpochRecord]]
) -> Setbacks:
    """What is stored of the attempts of a trial.

    Args:
        runs: of all attempts and folds.
        epochs: by run.
    """
    found = Setbacks()
    for attempt in sorted({run.attempt for run in runs}):
        of_attempt = [run for run in runs if run.attempt == attempt]
        n_epochs = sum(len(epochs.get(run.run_id, ())) for run in of_attempt)
        found = found.after(n_epochs, is_lost=any(run.cause == "lost" for run in of_attempt))
    return found
