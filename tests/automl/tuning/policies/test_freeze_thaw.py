"""Freeze-thaw: the contract, failures, costs, and that it searches better than chance."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from automl.tuning.gaussian_process.batch import Batch
from automl.tuning.gaussian_process.models import N_START
from automl.tuning.policies.freeze_thaw import FreezeThaw
from automl.tuning.policies.policy import Continue, Judgement, TrialState, TrialView
from tests.contracts import policy_contract
from tests.contracts.policy_contract import MAX_EPOCHS, Simulation, loss_of, new_trials, view_of


def test_it_keeps_the_contract() -> None:
    policy_contract.check_policy(lambda: FreezeThaw(MAX_EPOCHS))
    policy_contract.check_failures_are_passed_over(lambda: FreezeThaw(MAX_EPOCHS))


def test_trials_pause_at_the_epochs_of_the_grid_and_at_no_others() -> None:
    policy = FreezeThaw(10)
    assert [policy.next_judged(epoch) for epoch in (0, 1, 2, 3, 4, 7, 8, 9, 10)] == [
        *(1, 2, 3, 5, 5, 8, 10, 10, None)
    ]
    assert FreezeThaw(1).next_judged(0) == 1
    assert policy.judge(TrialView(0, {}, losses=[0.5])) is Judgement.PAUSE


def test_a_call_that_goes_on_decides_as_the_first_would_have() -> None:
    """After fits, in several slots; the belief goes through the file as JSON."""
    straight = Simulation(FreezeThaw(MAX_EPOCHS), 60)
    straight.run(n_slots=3, until=90)
    broken = Simulation(FreezeThaw(MAX_EPOCHS), 60)
    broken.run(n_slots=3, until=45)
    stored = json.loads(json.dumps(broken.policy.belief))
    broken.policy = FreezeThaw(MAX_EPOCHS)
    broken.policy.believe(stored)
    broken.run(n_slots=3, until=90)
    assert broken.decisions == straight.decisions
    assert new_trials(straight.decisions) > N_START
    assert new_trials(straight.decisions) < len(straight.decisions)


def test_other_seeds_decide_otherwise() -> None:
    first, second = (FreezeThaw(MAX_EPOCHS).next(view_of(20, seed), 4) for seed in (0, 1))
    assert first != second


def test_the_belief_is_a_new_object_after_a_fit_only() -> None:
    simulation = Simulation(FreezeThaw(MAX_EPOCHS), 60)
    assert simulation.policy.belief is None
    beliefs = []
    for until in range(N_START + 1, N_START + 9):
        simulation.run(until=until)
        beliefs.append(simulation.policy.belief)
    assert len({id(belief) for belief in beliefs}) < len(beliefs)


def test_it_finds_better_trials_than_chance_in_as_many_epochs() -> None:
    """Of three seeds each; the best loss that there is, is 0.1 + 1 / 21."""
    found, by_chance = [], []
    for seed in range(3):
        simulation = Simulation(FreezeThaw(MAX_EPOCHS), 10**6)
        simulation.view.seed = seed
        while simulation.n_epochs < 200:
            simulation.run(n_slots=4, until=len(simulation.decisions) + 4)
        found.append(min(min(trial.losses) for trial in simulation.view.trials.values()))
        drawn = [policy_contract.drawn(100 * seed + number) for number in range(10)]
        by_chance.append(min(loss_of(params, MAX_EPOCHS) for params in drawn))
    least = loss_of({"learning_rate": 0.01}, MAX_EPOCHS)
    assert np.mean(found) - least < 0.25 * (np.mean(by_chance) - least)


def test_where_all_fail_it_goes_on_looking_elsewhere() -> None:
    simulation = Simulation(FreezeThaw(MAX_EPOCHS), 30, lambda params: True)
    simulation.run(n_slots=4)
    assert len(simulation.view.trials) == 30
    rates = [float(trial.params["learning_rate"]) for trial in simulation.view.trials.values()]
    assert len(set(rates)) == 30


def test_a_search_of_few_trials_ends_when_nothing_is_to_be_gained() -> None:
    """Not all are trained to their ends, but one that is as good as the best."""
    simulation = Simulation(FreezeThaw(MAX_EPOCHS), 40)
    simulation.run(n_slots=4)
    trials = simulation.view.trials.values()
    assert simulation.n_epochs < 0.7 * 40 * MAX_EPOCHS
    best = min(loss_of(trial.params, MAX_EPOCHS) for trial in trials)
    assert min(min(trial.losses) for trial in trials) < 1.02 * best


def test_losses_below_zero_are_searched_as_they_are() -> None:
    policy, view = FreezeThaw(MAX_EPOCHS), view_of(5)
    for number in range(14):
        rate = 10 ** (-4 + 3 * number / 14)
        losses = [-1.0 - number, -2.0 - number]
        view.trials[number] = TrialView(number, {"learning_rate": rate, "optimizer": "adam"})
        view.trials[number].losses, view.trials[number].state = losses, "paused"
    decisions = policy.next(view, 6)
    assert len(decisions) == 6
    assert any(isinstance(one, Continue) and one.number > 10 for one in decisions)


def test_no_number_is_enough_to_decide_with() -> None:
    view = view_of(3)
    view.trials[0] = TrialView(0, policy_contract.drawn(0), "training", [math.nan])
    assert len(FreezeThaw(MAX_EPOCHS).next(view, 5)) == 3


def test_late_only_paused_trials_go_on() -> None:
    simulation = Simulation(FreezeThaw(MAX_EPOCHS), 60)
    simulation.run(until=N_START + 6)
    view = simulation.view
    view.is_late = True
    decided = simulation.policy.next(view, 4)
    assert len(decided) == 4
    assert all(isinstance(one, Continue) for one in decided)


def test_late_trials_start_where_none_pauses() -> None:
    view = view_of(20)
    view.is_late = True
    assert new_trials(FreezeThaw(MAX_EPOCHS).next(view, 4)) == 4


@pytest.mark.parametrize("best", [5, 69])
def test_a_search_that_finds_better_trials_is_not_over(
    best: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the process believes; where the best is old, it is believed."""
    monkeypatch.setattr(Batch, "most_improvement", lambda batch: 0.0)
    view = view_of(100)
    view.turn = 32 * 10 - 1
    for number in range(70):
        losses = [0.3] * MAX_EPOCHS if number == best else [0.5 + 0.001 * number]
        state: TrialState = "complete" if number == best else "paused"
        view.trials[number] = TrialView(number, policy_contract.drawn(number), state, losses)
    decided = FreezeThaw(MAX_EPOCHS).next(view, 4)
    assert len(decided) == (0 if best == 5 else 4)
