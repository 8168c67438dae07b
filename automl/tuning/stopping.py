"""When a search ends, and why.

    limit             decided by
    n_trials          the order: all trials that were asked for have ended, or pause for good
    max_epochs_total  the order: no further epoch of a trial fits
    target_loss       the order: a trial's validation loss has reached it
    patience_trials   the order: so many trials were tried since the best loss became better
    timeout           the clock
    (nothing to gain) the policy, which decides for nothing more

What the order decides is the same on any number of workers, and after a kill: all that is counted
here comes from the rounds of the virtual order (`order.py`), and is counted again from the study
where a call goes on. An epoch of a trial is one of each of its folds, and its loss then is their
mean. A trial has been tried once it has ended or paused.

An unfinished trial that is better than all complete ones when a search ends (`standing.py`) is to
be complete: `finishing.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import optuna

from automl.options.option import options_in
from automl.options.search_options import EndOptions
from automl.tuning.policies.policy import TrialState, View
from automl.tuning.problem import Problem
from automl.tuning.standing import Standing
from automl.tuning.study_view import has_been_tried, view_of
from automl.tuning.tally import Tally
from storage.call_records import Reached, StopReason, StopWord

TRIED_AT_BEST = "automl:n_tried_at_best"
"""System attribute of a study: trials that had been tried after the round with its best loss."""


class Stopping:
    """Says when the limits of a search are reached in the virtual order.

    Args:
        view: the study, as the policy sees it.
        n_tried_at_best: trials that had been tried after the round with the best loss.
        have_paused: trials that pause, or have gone on after a pause, and so were tried before.

    Attributes:
        standing: what each trial is worth.
        n_epochs: of trials, that the order has had in all calls.
        before: how many epochs and trials tried there were as the call began.
    """

    def __init__(
        self,
        limits: EndOptions,
        view: View,
        n_tried_at_best: int = 0,
        have_paused: Iterable[int] = (),
    ) -> None:
        self._limits = limits
        self._view = view
        self._n_tried_at_best = n_tried_at_best
        trials = view.trials.values()
        self.standing = Standing(view)
        self._tried = {trial.number for trial in trials if trial.state != "training"}
        self._tried.update(have_paused)
        self._has_gained = False  # in the round that is carried out
        self._is_used_up = False  # nothing more is to be decided
        self._enough: int | None = None  # the best trial that has reached the target
        for trial in trials:
            self._note_target(trial.number)
        self.n_epochs = 0
        self.count_epochs()
        self.before = self.n_epochs, self.n_tried

    # What the rounds of the order bring

    def note_epoch(self, number: int) -> None:
        """The view has one more epoch of a trial."""
        self.n_epochs += 1
        if self.standing.note(number, self._view.trials[number].losses[-1:]):
            self._has_gained = True
        self._note_target(number)

    def note_state(self, number: int, state: TrialState) -> None:
        """A trial pauses, goes on, or has ended."""
        if state != "training":
            self._tried.add(number)
        self.standing.look_at(number)

    def take_over(self, number: int, *, is_tried: bool) -> None:
        """The view has a trial of another coordinator as it is by now."""
        if self.standing.note(number, self._view.trials[number].losses):
            self._has_gained = True
        if is_tried:
            self._tried.add(number)
        self._note_target(number)

    def end_round(self) -> int | None:
        """All epochs and states of a round have been noted.

        Returns:
            If it has brought the best loss of all, how many trials have been tried by now.
        """
        if not self._has_gained:
            return None
        self._n_tried_at_best, self._has_gained = self.n_tried, False
        return self.n_tried

    def count_epochs(self) -> None:
        """Count again: the view may have trials of other coordinators that it had not."""
        self.n_epochs = sum(trial.epoch for trial in self._view.trials.values())

    def note_nothing_left(self) -> None:
        """The policy decides for nothing more, or the time that is left is for the best trial."""
        self._is_used_up = True

    def _note_target(self, number: int) -> None:
        if self.is_enough(number):
            numbers = [number] if self._enough is None else [number, self._enough]
            self._enough = self.standing.best_of(numbers)

    # What it comes to

    @property
    def n_tried(self) -> int:
        """Trials that have been tried, each counted once."""
        return len(self._tried)

    @property
    def epochs_left(self) -> int | None:
        """Epochs of trials that may still be had; None: as many as are wanted."""
        total = self._limits.max_epochs_total
        return None if total is None else max(0, total - self.n_epochs)

    @property
    def epoch_counts(self) -> list[tuple[int, int]]:
        """Of epochs in all, where they are limited: how many since the call began, and left."""
        left = self.epochs_left
        return [] if left is None else [(self.n_epochs - self.before[0], left)]

    @property
    def trial_counts(self) -> list[tuple[int, int]]:
        """Likewise of trials tried."""
        total = self._limits.total
        return [] if total is None else [(self.n_tried - self.before[1], total - self.n_tried)]

    @property
    def part_left(self) -> float:
        """Which part of all epochs is left; where they are not limited, all."""
        left = self.epochs_left
        return 1.0 if left is None else left / max(left + self.n_epochs, 1)

    def most_startable(self, n_free: int) -> int:
        """How many trials may start, of so many, so that each has an epoch of those left."""
        if (left := self.epochs_left) is None:
            return n_free
        begun = [one for one in self._view.trials.values() if one.state == "training"]
        return min(n_free, max(0, left - sum(not trial.losses for trial in begun)))

    def limit(self, epoch: int, judged: int | None, n_slots: int) -> int | None:
        """Up to which epoch a trial may train, of which the order has had some; None: to its end.

        Up to where it is judged next, but towards the end of all epochs not far ahead of what it
        can have of them.
        """
        if (left := self.epochs_left) is None:
            return judged
        last = epoch + max(1, math.ceil(left / n_slots))
        return last if judged is None else min(judged, last)

    def is_enough(self, number: int) -> bool:
        """Whether a trial has reached the loss that was asked for, and can be complete."""
        trial, target = self._view.trials[number], self._limits.target_loss
        is_lost = trial.state in ("pruned", "failed")
        return target is not None and not is_lost and self.standing.of(number) <= target

    @property
    def reason(self) -> StopReason | None:
        """Why the order ends the search before all trials have ended, if it does."""
        patience, n_since = self._limits.patience_trials, self.n_tried - self._n_tried_at_best
        if (number := self._enough) is not None:
            loss = self.standing.of(number)
            return self._reason("target_loss", trial_number=number, valid_loss=loss)
        if patience is not None and n_since >= patience:
            return self._reason("patience_trials", n_since=n_since)
        if self.epochs_left == 0:
            return self._reason("max_epochs_total", n_epochs=self.n_epochs)
        return None

    @property
    def is_over(self) -> bool:
        """Whether the order has ended the search: by a limit, or since nothing is left to do."""
        return self._is_used_up or self.reason is not None

    def reason_of_end(
        self,
        tally: Tally,
        *,
        is_stopped: bool,
        is_time_up: bool,
        unfinished: tuple[int, float] | None = None,
    ) -> StopReason:
        """Why a search that has ended has done so, as far as no failure did it.

        Args:
            unfinished: a trial that could not be complete, and its loss, better than all others.
        """
        total = self._limits.total
        if (decided := self.reason) is not None:
            return decided
        left: dict[str, Reached] = {}
        if unfinished is not None:
            left = dict(zip(("unfinished_trial", "unfinished_loss"), unfinished, strict=True))
        if is_stopped:
            return self._reason("interrupted", **left)
        if is_time_up and not tally.has_all(total):
            return self._reason("timeout", **left)
        is_full = total is not None and tally.n_asked >= total
        return self._reason("n_trials" if is_full else "nothing_to_gain")

    def _reason(self, because: StopWord, **reached: Reached) -> StopReason:
        limits = {**options_in(self._limits, EndOptions), "n_trials": self._limits.total}
        asked: dict[str, Reached] = {str(because): limits[because]} if because in limits else {}
        return StopReason(because, {**asked, **reached})


def stopping_of(study: optuna.Study, limits: EndOptions, view: View) -> Stopping:
    """The limits of a call that goes on with a study as it is stored."""
    found = study._storage.get_study_system_attrs(study._study_id).get(TRIED_AT_BEST)
    trials = study.get_trials(deepcopy=False)
    have_paused = [trial.number for trial in trials if has_been_tried(trial)]
    return Stopping(limits, view, found if isinstance(found, int) else 0, have_paused)


@dataclass(frozen=True, slots=True)
class SoFar:
    """What is there of a study when a call begins.

    Attributes:
        n_tried: trials that have ended, or have paused.
        reason: why the order has ended the search already, if it has.
        is_complete: whether nothing of it is left to train.
    """

    tally: Tally
    n_tried: int
    reason: StopReason | None
    is_complete: bool


def so_far(study: optuna.Study, problem: Problem, limits: EndOptions) -> SoFar:
    """What is there of a study, for a call with these limits."""
    tally, stopping = Tally.of(study), stopping_of(study, limits, view_of(study, problem))
    is_over = stopping.reason is not None or tally.has_all(limits.total)
    is_finished = stopping.standing.best_unfinished(tally.best_value) is None
    return SoFar(tally, stopping.n_tried, stopping.reason, is_over and is_finished)
