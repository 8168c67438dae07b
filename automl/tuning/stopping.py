"""When a search ends, and why.

    limit             decided by
    n_trials          the order: all trials that were asked for have ended
    max_epochs_total  the order: no further epoch of a trial fits
    target_loss       the order: a trial's validation loss has reached it
    patience_trials   the order: so many trials were tried since the best loss became better
    timeout           the clock
    (nothing to gain) the policy, which proposes nothing more

What the order decides is the same on any number of workers, and after a kill: all that is counted
here comes from what rounds of the virtual order (`order.py`) have reported, and is counted again
from the study where a call goes on. An epoch of a trial is one of each of its folds, and its loss
then is their mean.

Such an end may leave a trial unfinished that is better than all completed ones. It trains on to
where it would be judged next, since how far ahead of the order it is depends on its worker, and is
complete with that (`search.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial, TrialState

from automl.options.option import options_in
from automl.options.search_options import PolicyOptions
from automl.tuning.tally import Tally
from storage.records import Json, StopReason, StopWord

IMPROVED = "improved_after_trials"
"""User attribute of a trial that had the best loss of the study when so many had been tried."""


class Stopping:
    """Counts what limits a search, and says when it has come to an end in the virtual order.

    Args:
        study: as it is stored.
    """

    def __init__(self, limits: PolicyOptions, study: optuna.Study) -> None:
        self._limits = limits
        self._losses: dict[int, float] = {}  # the lowest of each trial
        self._best_loss = math.inf  # of them
        self._tried: set[int] = set()  # trials that have ended, or were paused
        self._n_tried_at_best = 0
        self._enough: int | None = None  # the best trial that has reached the target
        self._n_epochs = 0
        for trial in study.get_trials(deepcopy=False):
            self._count(trial)
        self._n_epochs_before = self._n_epochs

    def _count(self, trial: FrozenTrial) -> None:
        """Count a trial as it is stored."""
        losses = list(trial.intermediate_values.values()) or trial.values or []
        self._n_epochs += max(trial.intermediate_values, default=0)
        self._n_tried_at_best = max(self._n_tried_at_best, trial.user_attrs.get(IMPROVED, 0))
        if trial.state.is_finished():
            self._tried.add(trial.number)
        is_lost = trial.state.name in ("PRUNED", "FAIL")  # it does not complete any more
        for loss in losses:
            self._note_loss(trial.number, loss, is_lost=is_lost)

    def _note_loss(self, number: int, loss: float, *, is_lost: bool = False) -> None:
        self._losses[number] = min(loss, self._losses.get(number, math.inf))
        self._best_loss = min(loss, self._best_loss)
        if not is_lost and self.is_enough(number):
            best = number if self._enough is None else self._enough
            self._enough = min(best, number, key=lambda one: (self._losses[one], one))

    # What the rounds of the order bring

    def note_epoch(self, number: int, loss: float) -> bool:
        """A trial has had one more epoch; True if its loss is the best of all so far."""
        is_best = loss < self._best_loss
        self._n_epochs += 1
        self._note_loss(number, loss)
        if is_best:
            self._n_tried_at_best = self.n_tried
        return is_best

    def note_tried(self, number: int) -> None:
        """A trial has ended, or was paused."""
        self._tried.add(number)

    # What it comes to

    @property
    def n_tried(self) -> int:
        """Trials that have ended or were paused, each counted once."""
        return len(self._tried)

    @property
    def epochs_left(self) -> int | None:
        """Epochs of trials that may still be had; None: as many as are wanted."""
        total = self._limits.max_epochs_total
        return None if total is None else max(0, total - self._n_epochs)

    @property
    def epochs(self) -> tuple[tuple[int, int], ...]:
        """Where they are limited, one pair: epochs that this call has had, and that are left."""
        left = self.epochs_left
        return () if left is None else ((self._n_epochs - self._n_epochs_before, left),)

    def n_startable(self, unfinished: Iterable[int]) -> int | None:
        """Trials that may still begin, so that each has an epoch; None: as many as are wanted.

        Args:
            unfinished: numbers of those that have begun.
        """
        if self.epochs_left is None:
            return None
        return max(0, self.epochs_left - sum(one not in self._losses for one in unfinished))

    def is_enough(self, number: int) -> bool:
        """Whether a trial has reached the loss that was asked for."""
        target = self._limits.target_loss
        return target is not None and self._losses.get(number, math.inf) <= target

    def best_unfinished(self, unfinished: Iterable[int], best_value: float | None) -> int | None:
        """The unfinished trial of the lowest loss, if that is below the best complete value."""
        to_beat = math.inf if best_value is None else best_value
        losses = {number: self._losses.get(number, math.inf) for number in unfinished}
        best = min(losses, key=lambda number: (losses[number], number), default=None)
        return best if best is not None and losses[best] < to_beat else None

    @property
    def reason(self) -> StopReason | None:
        """Why the order ends the search before all trials have ended, if it does."""
        limits, n_since = self._limits, self.n_tried - self._n_tried_at_best
        if (number := self._enough) is not None:
            loss = self._losses[number]
            return self._reason("target_loss", trial_number=number, valid_loss=loss)
        if limits.patience_trials is not None and n_since >= limits.patience_trials:
            return self._reason("patience_trials", n_since=n_since)
        if self.epochs_left == 0:
            return self._reason("max_epochs_total", n_epochs=self._n_epochs)
        return None

    def reason_of_end(self, tally: Tally, *, is_stopped: bool, is_time_up: bool) -> StopReason:
        """Why a search that has ended has done so, as far as no failure did it."""
        if (decided := self.reason) is not None:
            return decided
        if tally.has_all(self._limits.total):
            return self._reason("n_trials")
        if is_stopped:
            return self._reason("interrupted")
        return self._reason("timeout" if is_time_up else "nothing_to_gain")

    def _reason(self, because: StopWord, **reached: Json) -> StopReason:
        limits = {**options_in(self._limits, PolicyOptions), "n_trials": self._limits.total}
        asked: dict[str, Json] = {str(because): limits[because]} if because in limits else {}
        return StopReason(because, {**asked, **reached})


@dataclass(frozen=True, slots=True)
class SoFar:
    """What is there of a study when a call begins.

    Attributes:
        reason: why the order has ended the search already, if it has.
        is_complete: whether nothing of it is left to train.
    """

    tally: Tally
    reason: StopReason | None
    is_complete: bool


def so_far(study: optuna.Study, limits: PolicyOptions) -> SoFar:
    """What is there of a study, for a call with these limits."""
    tally, stopping = Tally.of(study), Stopping(limits, study)
    unfinished = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    numbers = [trial.number for trial in unfinished]
    is_decided = stopping.reason is not None
    is_finished = is_decided and stopping.best_unfinished(numbers, tally.best_value) is None
    return SoFar(tally, stopping.reason, is_finished or tally.has_all(limits.total))
