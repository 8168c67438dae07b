"""Asynchronous successive halving with promotion: nothing is given up, the best go on.

    rungs:  1 -> 4 -> 16 -> ...     a trial pauses at each
    next:   of the highest rung that has one, the best paused trial among its best quarter;
            else a new trial; at last the best of all, until it has ended

A trial that looked bad beside its first neighbours goes on as soon as worse ones have shown that
it is not. New trials are drawn by the study's sampler.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import optuna

from automl.options.search_options import PolicyOptions
from automl.tuning.policies.policy import (
    Continue,
    Decision,
    Judgement,
    Policy,
    Start,
    TrialView,
    View,
)
from automl.tuning.problem import Problem
from automl.tuning.pruners import MIN_RESOURCE, REDUCTION_FACTOR

TAKES = frozenset({"sampler"})


class Promotion(Policy):
    """Promotes one trial in four at each rung.

    Source:
        Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", algorithm 2.
    """

    def __init__(self, max_epochs: int) -> None:
        self._rungs = []
        rung = MIN_RESOURCE
        while rung < max_epochs:
            self._rungs.append(rung)
            rung *= REDUCTION_FACTOR

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        """Promotions first, then new trials."""
        promoted = self._promotable(view)[:n_free] or self._unfinished_best(view)
        n_new = min(n_free - len(promoted), view.n_startable)
        decisions: list[Decision] = [Start(None)] * n_new
        return decisions + [Continue(trial.number) for trial in promoted]

    def judge(self, trial: TrialView) -> Judgement:
        """It pauses: whether it goes on is decided when a slot is free."""
        return Judgement.PAUSE

    def next_judged(self, epoch: int) -> int | None:
        """The next rung."""
        return next((rung for rung in self._rungs if rung > epoch), None)

    def _unfinished_best(self, view: View) -> list[TrialView]:
        """The best of all, once nothing else is left to do: it is to have trained to its end."""
        trials = [trial for trial in view.trials.values() if trial.losses]
        states = {trial.state for trial in view.trials.values()}
        is_over = not view.n_startable and "training" not in states
        best = min(trials, key=lambda one: (min(one.losses), one.number), default=None)
        return [best] if is_over and best is not None and best.can_go_on else []

    def _promotable(self, view: View) -> list[TrialView]:
        """The paused trials to go on with, from the highest rung down, the best first."""
        found = []
        for rung in reversed(self._rungs):
            reached = [
                (_loss(trial, rung), trial.number)
                for trial in view.trials.values()
                if trial.epoch >= rung and trial.state != "failed"
            ]
            for _, number in sorted(reached)[: len(reached) // REDUCTION_FACTOR]:
                trial = view.trials[number]
                if trial.can_go_on and trial.epoch == rung:
                    found.append(trial)
        return found


def _loss(trial: TrialView, epoch: int) -> float:
    loss = trial.losses[epoch - 1]
    return math.inf if math.isnan(loss) else loss


def make_policy(study: optuna.Study, problem: Problem, options: PolicyOptions) -> Policy:
    """The policy of one call."""
    return Promotion(problem.settings.max_epochs)
