"""A search without training: a policy decides in the virtual order, a world tells the losses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from automl.tuning.order import Slots, VirtualOrder
from automl.tuning.policies.policy import (
    Continue,
    Judgement,
    Policy,
    Start,
    TrialState,
    TrialView,
    View,
)
from benchmarks.policy_worlds import Floats, Params, World


@dataclass(frozen=True, slots=True)
class Step:
    """Where a search is after an epoch.

    Attributes:
        seconds: of training so far, of all trials together.
        best: the lowest validation loss so far.
    """

    seconds: float
    best: float


class Replay:
    """One search of a world by a policy.

    Args:
        n_slots: trials that advance together.
        counts_time: whether the policy is told what an epoch costs.
        by_turns: whether trials in slots advance by turns, each to where it is judged, instead of
            by epochs.
    """

    def __init__(
        self,
        world: World,
        policy: Policy,
        n_slots: int,
        seed: int,
        *,
        counts_time: bool = False,
        by_turns: bool = False,
    ) -> None:
        self._world, self._policy = world, policy
        self._counts_time, self._by_turns = counts_time, by_turns
        self._order = VirtualOrder(Slots(lambda _: n_slots, lambda _: 0))
        self._taken: set[int] = set()
        self._curves: dict[int, tuple[Floats, Floats]] = {}
        self._random = np.random.default_rng(seed)  # of proposals that are left to others
        self.steps: list[Step] = []
        self.view = View(
            world.space, seed, world.max_epochs, self._cost, n_startable=world.n_trials
        )

    def run(self, budget: float, *, in_seconds: bool = False) -> None:
        """Go on until so many epochs were trained in all, or seconds, or the policy is done."""
        while not self.steps or budget > (
            self.steps[-1].seconds if in_seconds else len(self.steps)
        ):
            self._begin()
            due = self._order.next_round()
            if due is None:
                return
            self._order.advance(due)
            for number in due:
                self._train(self.view.trials[number])
            for number in due:
                self._judge(self.view.trials[number])

    def _begin(self) -> None:
        if (n_free := self._order.n_wanted) == 0:
            return
        for decision in self._policy.next(self.view, n_free):
            if isinstance(decision, Continue):
                trial = self.view.trials[decision.number]
                trial.state = "training"
                self._order.come_back(trial.number, trial.epoch, (self.view.turn, 1))
            else:
                trial = self._start(decision)
                self._order.enter(trial.number, turn=(self.view.turn, 0))
            self._order.come(trial.number, self.view.max_epochs)
            self.view.turn += 1

    def _start(self, decision: Start) -> TrialView:
        params = decision.params or self._world.drawn(self._random)
        params, losses, seconds = self._world.begin(params, self._taken)
        number = len(self.view.trials)
        self._curves[number] = losses, seconds
        self.view.trials[number] = TrialView(number, params)
        self.view.n_startable -= 1
        return self.view.trials[number]

    def _train(self, trial: TrialView) -> None:
        """Another epoch, or all up to where it is judged."""
        end = trial.epoch + 1
        if self._by_turns:
            end = self._policy.next_judged(trial.epoch) or self.view.max_epochs
        losses, seconds = self._curves[trial.number]
        while trial.epoch < min(end, self.view.max_epochs) and (
            not trial.losses or math.isfinite(trial.losses[-1])
        ):
            loss = float(losses[trial.epoch])
            before = float(seconds[trial.epoch - 1]) if trial.epoch else 0.0
            last = self.steps[-1] if self.steps else Step(0.0, math.inf)
            spent = last.seconds + float(seconds[trial.epoch]) - before
            trial.losses.append(loss)
            self.steps.append(Step(spent, loss if loss < last.best else last.best))
        self._order.advance({trial.number: trial.epoch})

    def _judge(self, trial: TrialView) -> None:
        if not math.isfinite(trial.losses[-1]):
            self._leave(trial, "failed")
        elif trial.epoch == self.view.max_epochs:
            self._leave(trial, "complete")
        elif self._policy.next_judged(trial.epoch - 1) == trial.epoch:
            judgement = self._policy.judge(trial)
            if judgement is not Judgement.GO:
                self._leave(trial, "paused" if judgement is Judgement.PAUSE else "pruned")

    def _leave(self, trial: TrialView, state: TrialState) -> None:
        trial.state = state
        self._order.leave(trial.number)

    def _cost(self, params: Params) -> float:
        """Seconds of an epoch."""
        return self._world.seconds_of_epoch(params) if self._counts_time else 1.0
