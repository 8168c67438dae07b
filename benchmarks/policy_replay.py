"""A search without training: a policy decides in the virtual order, a world tells the losses.

In rounds of one epoch it decides what `automl.tune` does (`policy_tune.py`): as many trials are
ready, the policy is asked at the same moments, new trials have their turns before those that go
on, what a trial has had already is moved, and what is left to a sampler is drawn as by
`--sampler random`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl.objectives.trainer import SECONDS
from automl.tuning.limits import drawn_at_random
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
from automl.tuning.seeds import derive_seed
from automl.tuning.stacking import ready
from automl.tuning.untried import Tried
from benchmarks.policy_worlds import Floats, Params, World


@dataclass(frozen=True, slots=True)
class Step:
    """Where a search is after an epoch of a trial.

    Attributes:
        number: of the trial; its epoch and validation loss follow.
        seconds: of training so far, of all trials together.
        best: the lowest validation loss so far.
    """

    number: int
    epoch: int
    loss: float
    seconds: float
    best: float


class Replay:
    """One search of a world by a policy.

    Args:
        n_slots: trials that advance together.
        counts_time: whether the policy is told what an epoch costs.
        by_turns: whether trials in slots advance by turns, each to where it is judged, and none
            are decided ahead; else by epochs, as in a search.
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
        self._order = VirtualOrder(Slots(lambda _: n_slots, (lambda _: 0) if by_turns else ready))
        self._tried, self._taken = Tried(world.space), set[int]()
        self._curves: dict[int, tuple[Floats, Floats]] = {}
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
        n_free, has_slot = self._order.n_wanted, self._order.has_free_slot
        if n_free < self._policy.n_at_once and not (n_free and has_slot):
            return
        decisions = self._policy.next(self.view, n_free)
        for decision in sorted(decisions, key=lambda one: isinstance(one, Continue)):
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
        number = len(self.view.trials)
        seed = derive_seed(self.view.seed, number, "sampler")
        params = decision.params or drawn_at_random(self._world.space, seed)
        if params in self._tried:
            seed = derive_seed(self.view.seed, number, "untried")
            params = self._tried.nearest_untried(params, seed) or params
        params, losses, seconds = self._world.begin(params, self._taken)
        self._tried.add(params)
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
        end = min(end, self.view.max_epochs)
        for epoch in range(trial.epoch + 1, end + 1):
            loss = float(losses[epoch - 1])
            before = float(seconds[epoch - 2]) if epoch > 1 else 0.0
            last = self.steps[-1] if self.steps else Step(0, 0, 0.0, 0.0, math.inf)
            spent = last.seconds + float(seconds[epoch - 1]) - before
            best = loss if loss < last.best else last.best
            self.steps.append(Step(trial.number, epoch, loss, spent, best))
            if not math.isfinite(loss):  # an epoch that is not reported, as in a search
                self._leave(trial, "failed")
                return
            trial.losses.append(loss)
        self._order.advance({trial.number: trial.epoch})

    def _judge(self, trial: TrialView) -> None:
        if trial.state == "failed":
            return
        if trial.epoch == self.view.max_epochs:
            self._leave(trial, "complete")
        elif self._policy.next_judged(trial.epoch - 1) == trial.epoch:
            judgement = self._policy.judge(trial)
            if judgement is not Judgement.GO:
                self._leave(trial, "paused" if judgement is Judgement.PAUSE else "pruned")

    def _leave(self, trial: TrialView, state: TrialState) -> None:
        trial.state = state
        self._order.leave(trial.number)

    def _cost(self, params: Params) -> float:
        """Seconds of an epoch; where time does not count, that of an objective."""
        return self._world.seconds_of_epoch(params) if self._counts_time else SECONDS
