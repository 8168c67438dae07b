"""What a person sees of a search while it runs: one frozen snapshot per round."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from storage.records import ParameterValue


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
class SearchProgress:
    """Where the search is. Counts are of the whole study, epochs and times of this call."""

    study_name: str
    n_trials: int  # the total that is aimed at
    n_complete: int
    n_pruned: int
    n_failed: int
    n_paused: int
    running: tuple[RunningTrial, ...]
    best_number: int | None  # where trials pause, of all; else of those that are complete
    best_value: float | None
    best_params: Mapping[str, ParameterValue]
    n_epochs: int
    seconds: float  # since the call began
    seconds_left: float | None  # None until it can be told
    n_refused: int = 0  # trials whose networks were over a limit
    messages: tuple[str, ...] = ()  # what happened in this round: a new best, a failure

    @property
    def n_ended(self) -> int:
        """Trials that have come to an end, of whatever kind."""
        return self.n_complete + self.n_pruned + self.n_failed + self.n_refused

    @property
    def n_settled(self) -> int:
        """Trials that are not in training now: they have ended, or pause."""
        return self.n_ended + self.n_paused


def estimate_seconds_left(
    *, n_ended: int, n_left: int, seconds: float, limit: float = math.inf
) -> float | None:
    """Time until the last trial has ended, at the pace of this call, or until time is up.

    None where it cannot be told yet, and where all have ended.

    Args:
        n_ended: trials that ended in this call.
        n_left: trials still to end, running ones included.
        seconds: since training began.
        limit: seconds until time is up.
    """
    if n_left <= 0:
        return None
    at_this_pace = seconds / n_ended * n_left if n_ended else None
    if math.isinf(limit):
        return at_this_pace
    limit = max(limit, 0.0)
    return limit if at_this_pace is None else min(at_this_pace, limit)
