"""Who is best of a study: what each trial is worth, and which unfinished ones are ahead.

A trial is worth the lowest loss of its epochs. Of several folds the loss of an epoch is their
mean. Losses that are no number count as infinite. Whether an unfinished trial is better than all
complete ones is asked in every round, of studies with thousands of trials: so those few
are kept apart, as trials change.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from automl.tuning.policies.policy import TrialState, View

UNFINISHED = frozenset[TrialState]({"training", "paused"})


def lowest(losses: Iterable[float]) -> float:
    """The lowest of some losses; infinite where there is none."""
    return min((loss for loss in losses if not math.isnan(loss)), default=math.inf)


class Standing:
    """What the trials of a study are worth, by number; `note` and `look_at` keep it true.

    Attributes:
        best: the lowest loss of all.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._losses = {one.number: lowest(one.losses) for one in view.trials.values()}
        self.best = lowest(self._losses.values())
        self._best_complete = math.inf
        self._ahead: set[int] = set()  # those that were when they were last looked at
        for number in view.trials:
            self.look_at(number)

    def of(self, number: int) -> float:
        """What a trial is worth; infinite without an epoch."""
        return self._losses.get(number, math.inf)

    def note(self, number: int, losses: Iterable[float]) -> bool:
        """A trial has had more epochs; whether one of them is better than all others."""
        loss = lowest(losses)
        self._losses[number] = min(loss, self.of(number))
        is_gain = loss < self.best
        self.best = min(loss, self.best)
        self.look_at(number)
        return is_gain

    def look_at(self, number: int) -> None:
        """A trial has another state."""
        state = self._view.trials[number].state
        if state == "complete":
            self._best_complete = min(self._best_complete, self.of(number))
        elif self._is_ahead(number):
            self._ahead.add(number)

    def best_of(self, numbers: Iterable[int]) -> int | None:
        """The trial with the lowest loss, of several the first."""
        return min(numbers, key=lambda number: (self.of(number), number), default=None)

    @property
    def ahead(self) -> Sequence[int]:
        """The unfinished trials, of all coordinators, that are better than all complete ones."""
        self._ahead = set(filter(self._is_ahead, self._ahead))
        return sorted(self._ahead)

    def best_unfinished(
        self, best_value: float | None, among: Mapping[int, Sequence[float]] | None = None
    ) -> tuple[int, float] | None:
        """The unfinished trial of the lowest loss, and that loss.

        None where it is not below the best complete value, other coordinators' included.

        Args:
            best_value: of the complete trials that this coordinator told, or found as it began.
            among: these only, with losses of epochs that the order has not had yet; None: all, as
                the order has them.
        """
        if among is None:
            among = dict.fromkeys(self.ahead, ())
        losses = ((min(self.of(number), lowest(more)), number) for number, more in among.items())
        loss, number = min(losses, default=(math.inf, -1))
        to_beat = self._best_complete
        if best_value is not None:
            to_beat = min(to_beat, best_value)
        return (number, loss) if loss < to_beat else None

    def _is_ahead(self, number: int) -> bool:
        is_unfinished = self._view.trials[number].state in UNFINISHED
        return is_unfinished and self.of(number) < self._best_complete
