"""Trials in training, and what the order is told of them."""

from __future__ import annotations

from automl.executors.executor import RunFailure
from automl.tuning.order import VirtualOrder
from automl.tuning.stacking import slots_of
from automl.tuning.trials_in_training import TrialsInTraining
from tests.automl.tuning.test_trial_in_training import record, take, trial_of


def trials_with_slots(n_slots: int) -> TrialsInTraining:
    return TrialsInTraining(VirtualOrder(slots_of(n_slots)))


def test_a_trial_is_found_by_its_runs_while_it_is_there() -> None:
    trials, trial = trials_with_slots(1), trial_of(3, 4)
    trials.add(trial)
    assert trials.of_run(3) is trials.of_run(4) is trials[0] is trial
    assert list(trials.values()) == [trial]
    trials.remove(trial)
    assert trials.of_run(3) is None
    assert not trials
    assert trials.order.n_wanted == 1


def test_the_order_is_told_how_far_a_trial_is() -> None:
    trials, trial = trials_with_slots(1), trial_of(1)
    trials.add(trial)
    assert trials.order.next_round() is None
    take(trial, record(1, 1, 0.9))
    trials.look_at(trial)
    assert trials.order.next_round() == {0: 1}
    trials.order.advance({0: 1})
    trial.failures[1] = RunFailure(1, "crashed", "why")
    trials.look_at(trial)
    assert trials.order.next_round() == {0: 2}


def test_the_next_attempt_of_a_trial_has_its_place_and_needs_new_epochs_only() -> None:
    trials, lost = trials_with_slots(1), trial_of(1)
    trials.add(lost)
    for epoch in (1, 2):
        take(lost, record(1, epoch, 0.9))
    trials.look_at(lost)
    trials.order.advance({0: 1})
    trials.lose(lost)
    again = trial_of(2)
    again.n_reported = 1
    trials.add(again)
    assert trials.of_run(1) is None and trials.of_run(2) is again
    take(again, record(2, 1, 0.9))
    trials.look_at(again)
    assert trials.order.next_round() is None
    take(again, record(2, 2, 0.9))
    trials.look_at(again)
    assert trials.order.next_round() == {0: 2}
