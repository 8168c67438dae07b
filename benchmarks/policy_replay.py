"""A search without training: a policy decides, the virtual order runs, a world tells the losses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from automl.tuning.order import Slots, VirtualOrder
from automl.tuning.policies.policy import Continue, Judgement, Policy, Start, TrialView, View
from benchmarks.policy_worlds import Floats, Params, World

MOST_TRIALS = 100_000


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
    """

    def __init__(
        self, world: World, policy: Policy, n_slots: int, seed: int, *, counts_time: bool = False
    ) -> None:
        self._world, self._policy, self._counts_time = world, policy, counts_time
        self._order = VirtualOrder(Slots(lambda _: n_slots, lambda _: 0))
        self._taken: set[int] = set()
        self.by_turn = False
        self._curves: dict[int, tuple[Floats, Floats]] = {}
        self.steps: list[Step] = []
        n_epochs = len(world.begin(self._any_params(), set())[1])
        self.view = View(world.space, seed, n_epochs, self._cost, n_startable=MOST_TRIALS)

    def run(self, n_epochs: int) -> None:
        """Go on until so many epochs have been trained in all, or the policy wants nothing more."""
        while len(self.steps) < n_epochs:
            self._begin()
            due = self._order.next_round()
            if due is None:
                return
            self._order.advance(due)
            for number in due:
                trial = self.view.trials[number]
                self._train(trial)
                while self.by_turn and trial.epoch < (self._policy.next_judged(due[number] - 1) or 99) and trial.epoch < self.view.max_epochs and math.isfinite(trial.losses[-1]):
                    self._train(trial)
                    self._order.advance({number: trial.epoch})
            for number in due:
                self._judge(self.view.trials[number])

    def _begin(self) -> None:
        if (n_free := self._order.n_wanted) == 0:
            return
        for decision in self._policy.next(self.view, n_free):
            if isinstance(decision, Continue):
                trial = self.view.trials[decision.number]
                trial.state = "training"
            else:
                trial = self._start(decision)
            self._order.enter(trial.number, trial.epoch)
            self._order.come(trial.number, self.view.max_epochs)
            self.view.turn += 1

    def _start(self, decision: Start) -> TrialView:
        assert decision.params is not None
        params, losses, seconds = self._world.begin(decision.params, self._taken)
        number = len(self.view.trials)
        self._curves[number] = losses, seconds
        trial = TrialView(number, params, cost=self._cost(params, seconds))
        self.view.trials[number] = trial
        self.view.n_startable = MOST_TRIALS - len(self.view.trials)
        return trial

    def _train(self, trial: TrialView) -> None:
        """One more epoch."""
        losses, seconds = self._curves[trial.number]
        loss = float(losses[trial.epoch])
        before = float(seconds[trial.epoch - 1]) if trial.epoch else 0.0
        last = self.steps[-1] if self.steps else Step(0.0, math.inf)
        spent = last.seconds + float(seconds[trial.epoch]) - before
        trial.losses.append(loss)
        self.steps.append(Step(spent, loss if loss < last.best else last.best))

    def _judge(self, trial: TrialView) -> None:
        if not math.isfinite(trial.losses[-1]):
            self._leave(trial, "failed")
            return
        if trial.epoch == self.view.max_epochs:
            self._leave(trial, "complete")
            return
        next_judged = self._policy.next_judged(trial.epoch - 1)
        if next_judged == trial.epoch:
            judgement = self._policy.judge(trial)
            if judgement is not Judgement.GO:
                self._leave(trial, "paused" if judgement is Judgement.PAUSE else "pruned")

    def _leave(self, trial: TrialView, state: str) -> None:
        trial.state = state  # type: ignore[assignment]
        self._order.leave(trial.number)

    def _cost(self, params: Params, seconds: Floats | None = None) -> float:
        if not self._counts_time:
            return 1.0
        if seconds is None:
            _, _, seconds = self._world.begin(params, set())
        return float(seconds[-1]) / len(seconds)

    def _any_params(self) -> Params:
        from automl.tuning.gaussian_process.unit_cube import UnitCube
        import numpy as np
        cube = UnitCube(self._world.space)
        return cube.params(cube.draws(np.full((1, cube.n_parameters), 0.5))[0])
