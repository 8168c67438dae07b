"""What every policy must do: its decisions are possible, and come to an end."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping

from automl.tuning.policies.policy import (
    Continue,
    Decision,
    Judgement,
    Policy,
    Start,
    TrialView,
    View,
)
from search_spaces import CategoricalParameter, Condition, FloatParameter, SearchSpace
from storage.records import ParameterValue

SPACE = SearchSpace.of(
    "small",
    [
        FloatParameter("learning_rate", 1e-4, 1e-1, log=True),
        CategoricalParameter("optimizer", ("adam", "momentum")),
        FloatParameter("momentum", 0.5, 0.99, when=(Condition.of({"optimizer": ["momentum"]}),)),
    ],
)

MAX_EPOCHS = 20


def view_of(n_startable: int, seed: int = 0, max_epochs: int = MAX_EPOCHS) -> View:
    """A study without trials."""
    return View(SPACE, seed, max_epochs, lambda params: 1.0, n_startable=n_startable)


def drawn(number: int) -> dict[str, ParameterValue]:
    """Params such as Optuna may draw for a trial."""
    rng = random.Random(number)
    params: dict[str, ParameterValue] = {
        "learning_rate": 10 ** rng.uniform(-4, -1),
        "optimizer": rng.choice(("adam", "momentum")),
    }
    if params["optimizer"] == "momentum":
        params["momentum"] = rng.uniform(0.5, 0.99)
    return params


def loss_of(params: Mapping[str, ParameterValue], epoch: int) -> float:
    """Falls with the epochs, the further the nearer the learning rate is to 0.01."""
    distance = abs(math.log10(float(params["learning_rate"])) + 2)
    return 0.1 + 0.2 * distance + 1.0 / (1 + epoch)


class Simulation:
    """A study that a policy decides on, one decision at a time: whoever is chosen trains at once.

    Args:
        fails: which trials fail in their first epoch.
    """

    def __init__(
        self,
        policy: Policy,
        n_trials: int,
        fails: Callable[[Mapping[str, ParameterValue]], bool] = lambda params: False,
    ) -> None:
        self.policy = policy
        self.view = view_of(n_trials)
        self.n_trials = n_trials
        self.n_epochs = 0
        self.decisions: list[Decision] = []
        self._fails = fails

    def run(self, *, n_slots: int = 1, until: int | None = None) -> None:
        """Until the policy has nothing to do, or so many decisions were made."""
        while until is None or len(self.decisions) < until:
            self.view.n_startable = self.n_trials - len(self.view.trials)
            decided = self.policy.next(self.view, n_slots)
            if not decided:
                return
            assert len(decided) <= n_slots
            self.view.turn += len(decided)
            self.decisions += decided
            trials = [self._trial(one) for one in decided]
            assert len({trial.number for trial in trials}) == len(trials)
            assert len(self.view.trials) <= self.n_trials
            for trial in trials:
                self._train(trial)

    def _trial(self, decision: Decision) -> TrialView:
        if isinstance(decision, Continue):
            trial = self.view.trials[decision.number]
            assert trial.state == "paused"
            trial.state = "training"
            return trial
        number = len(self.view.trials)
        params = drawn(number) if decision.params is None else decision.params
        self.view.trials[number] = TrialView(number, params)
        return self.view.trials[number]

    def _train(self, trial: TrialView) -> None:
        if self._fails(trial.params):
            trial.state = "failed"
            return
        while trial.state == "training":
            trial.losses.append(loss_of(trial.params, trial.epoch + 1))
            self.n_epochs += 1
            if trial.epoch == MAX_EPOCHS:
                trial.state = "complete"
            elif self.policy.next_judged(trial.epoch - 1) == trial.epoch:
                judgement = self.policy.judge(trial)
                assert (
                    judgement is Judgement.GO or self.policy.pauses or (judgement is Judgement.END)
                )
                if judgement is not Judgement.GO:
                    trial.state = "paused" if judgement is Judgement.PAUSE else "pruned"


def check_policy(make: Callable[[], Policy]) -> None:
    """A policy comes to its end in any number of slots, and decides the same on the same past."""
    for n_slots in (1, 7):
        simulation = Simulation(make(), 12)
        simulation.run(n_slots=n_slots)
        assert simulation.decisions
        assert len(simulation.view.trials) <= 12
        again = Simulation(make(), 12)
        again.run(n_slots=n_slots)
        assert again.decisions == simulation.decisions
    check_next_judged(make())
    check_going_on(make)
    assert not list(make().next(view_of(0), 3))


def check_next_judged(policy: Policy) -> None:
    """A trial that has trained up to where it is judged is judged there."""
    epoch = policy.next_judged(0)
    while epoch is not None and epoch < MAX_EPOCHS:
        assert all(policy.next_judged(before) == epoch for before in (epoch - 1,))
        following = policy.next_judged(epoch)
        assert following is None or following > epoch
        epoch = following


def check_going_on(make: Callable[[], Policy]) -> None:
    """A policy of another call goes on as the first would have."""
    straight = Simulation(make(), 12)
    straight.run()
    broken = Simulation(make(), 12)
    broken.run(until=len(straight.decisions) // 2)
    belief = broken.policy.belief
    broken.policy = make()
    if belief is not None:
        broken.policy.believe(belief)
    broken.run()
    assert broken.decisions == straight.decisions


def check_failures_are_passed_over(make: Callable[[], Policy]) -> None:
    """What has failed is never gone on with."""
    simulation = Simulation(make(), 12, fails=lambda params: "momentum" in params)
    simulation.run(n_slots=3)
    assert any(trial.state == "failed" for trial in simulation.view.trials.values())


def new_trials(decisions: list[Decision]) -> int:
    """How many of the decisions start a trial."""
    return sum(isinstance(one, Start) for one in decisions)
