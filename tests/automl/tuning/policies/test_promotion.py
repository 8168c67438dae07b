"""Promotion: what is good among its neighbours goes on, and nothing is given up."""

from __future__ import annotations

from automl.tuning.policies.policy import Continue, Judgement, Start, TrialView
from automl.tuning.policies.promotion import Promotion
from tests.contracts import policy_contract
from tests.contracts.policy_contract import Simulation, loss_of, view_of


def test_it_keeps_the_contract() -> None:
    policy_contract.check_policy(lambda: Promotion(20))
    policy_contract.check_failures_are_passed_over(lambda: Promotion(20))


def test_a_quarter_goes_on_at_each_rung_and_the_best_comes_to_the_end() -> None:
    simulation = Simulation(Promotion(20), 64)
    simulation.run(n_slots=4)
    trials = list(simulation.view.trials.values())
    reached = [sum(trial.epoch >= rung for trial in trials) for rung in (1, 4, 16, 20)]
    assert reached[0] == 64
    assert 16 <= reached[1] < 32  # more than a quarter: others looked good when they came
    assert 4 <= reached[2] <= reached[1] // 2
    assert reached[3] >= 1
    best = min(trials, key=lambda trial: loss_of(trial.params, 20))
    assert best.state == "complete"


def test_the_highest_rung_comes_first_and_failures_do_not_count() -> None:
    view = view_of(n_startable=9)
    losses = {0: [0.9, 0.9, 0.9, 0.5], 1: [0.8], 2: [0.7], 3: [0.6], 4: [0.9, 0.9, 0.9, 0.4]}
    for number, curve in losses.items():
        view.trials[number] = TrialView(number, {}, "paused", list(curve))
    policy = Promotion(20)
    assert policy.next(view, 2) == [Start(None), Continue(3)]
    for number in (5, 6):
        view.trials[number] = TrialView(number, {}, "paused", [0.9, 0.9, 0.9, 0.6])
    assert policy.next(view, 2) == [Continue(4), Continue(3)]
    view.trials[4].state = "failed"
    assert policy.next(view, 2) == [Start(None), Continue(3)]


def test_at_last_the_best_of_all_trains_to_its_end() -> None:
    """Of few trials none is among the best quarter of a high rung."""
    simulation = Simulation(Promotion(20), 5)
    simulation.run(n_slots=2)
    trials = simulation.view.trials.values()
    complete = [trial for trial in trials if trial.state == "complete"]
    assert complete == [min(trials, key=lambda trial: min(trial.losses))]


def test_trials_pause_at_each_rung_below_the_end() -> None:
    policy = Promotion(16)
    assert [policy.next_judged(epoch) for epoch in (0, 1, 4, 15)] == [1, 4, None, None]
    assert policy.judge(TrialView(0, {}, losses=[0.5])) is Judgement.PAUSE
