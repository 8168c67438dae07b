"""What a person sees of a search while it runs: one frozen snapshot per round."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.records import ParameterValue

MOST_IN_TRAINING = 0.99
"""The share of a search that is done, at most, while trials train."""


@dataclass(frozen=True, slots=True)
class RunningTrial:
    """A trial in training, as shown in the live table."""

    number: int
    params: Mapping[str, ParameterValue]
    epoch: int
    max_epochs: int
    valid_loss: float | None  # None before the first epoch
    best_valid_loss: float | None


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """Seconds until a search ends."""

    seconds: float
    is_estimate: bool = False  # by the pace so far; else until its time is up


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """Where the search is. Counts are of the whole study, epochs and times of this call."""

    study_name: str
    n_trials: int | None  # the total that is aimed at; None: as many as fit
    n_complete: int
    n_pruned: int
    n_failed: int
    n_paused: int  # now, or when their call ended
    n_tried: int  # trials that have ended, or have paused, each counted once
    running: tuple[RunningTrial, ...]
    best_number: int | None  # where trials pause, of all; else of those that are complete
    best_value: float | None
    best_params: Mapping[str, ParameterValue]
    n_epochs: int
    seconds: float  # since the call began
    time_left: TimeLeft | None  # None where it cannot be told
    pauses: bool = False  # whether its policy lets trials pause, and prunes none
    n_refused: int = 0  # trials whose networks were over a limit
    messages: tuple[str, ...] = ()  # what happened in this round: a new best, a failure

    @property
    def n_ended(self) -> int:
        """Trials that have come to an end, of whatever kind."""
        return self.n_complete + self.n_pruned + self.n_failed + self.n_refused

    @property
    def share(self) -> float:
        """How much of the search is done, by its trials or by its time: whichever is nearer.

        Not all while trials train: where they pause, all may have been tried long before the end.
        """
        by_trials = min(1.0, self.n_tried / self.n_trials) if self.n_trials else 0.0
        if self.running:
            by_trials = min(by_trials, MOST_IN_TRAINING)
        if self.time_left is None:
            return by_trials
        return max(by_trials, self.seconds / max(1e-9, self.seconds + self.time_left.seconds))


def estimate_time_left(
    counts: Sequence[tuple[int, int]], *, seconds: float, limit: float = math.inf
) -> TimeLeft | None:
    """Time until the first of some limits, at the pace of this call, or until time is up.

    None where it cannot be told yet, and where one is reached.

    Args:
        counts: of what is limited, trials or epochs: how many there were since this call began,
            and how many are left, those in training included.
        seconds: since training began.
        limit: seconds until time is up.
    """
    if any(n_left <= 0 for _, n_left in counts):
        return None
    at_pace = min(
        (seconds / n_had * n_left for n_had, n_left in counts if n_had > 0), default=None
    )
    until_timeout = max(limit, 0.0)
    if at_pace is not None and at_pace < until_timeout:
        return TimeLeft(at_pace, is_estimate=True)
    return None if math.isinf(until_timeout) else TimeLeft(until_timeout)
