from __future__ import annotations

import time

import pytest

from automl.executors import free_rounds
from automl.executors.free_rounds import FreeRounds
from automl.executors.guarded_training import GuardedTraining
from automl.executors.workers.worker import Orders
from tests.contracts.linear_trainer import NamingTrainer, tiny_dataset, tiny_run


@pytest.fixture
def rounds() -> FreeRounds:
    return FreeRounds(GuardedTraining(lambda: NamingTrainer(tiny_dataset())))


def test_a_round_is_owed_while_a_run_is_due_and_once_for_each_order(rounds):
    assert not rounds.owes_round
    rounds.take(Orders(start=(tiny_run(1),), limits={1: 2}))
    done = [rounds.train(), rounds.train()]
    assert [(each.n_orders, each.goes_on) for each in done] == [(1, True), (1, False)]
    assert all(each.seconds > 0 for each in done)
    assert not rounds.owes_round
    rounds.take(Orders())
    assert rounds.owes_round
    answer = rounds.train()
    assert (answer.result.epochs, answer.n_orders, answer.seconds) == ((), 2, 0.0)
    assert not rounds.owes_round


class SlowTrainer(NamingTrainer):
    def _train_epoch(self, run):
        time.sleep(0.25)
        return super()._train_epoch(run)


def test_a_round_ends_in_between_where_epochs_take_long_and_the_next_goes_on_from_there(
    monkeypatch,
):
    monkeypatch.setattr(free_rounds, "ROUND_SECONDS", 0.2)
    rounds = FreeRounds(GuardedTraining(lambda: SlowTrainer(tiny_dataset())))
    rounds.take(Orders(start=tuple(tiny_run(run_id) for run_id in range(3))))
    epochs = [rounds.train().result.epochs for _ in range(4)]
    assert [[each.run_id for each in one] for one in epochs] == [[0], [1], [2], [0]]


def test_the_best_weights_of_a_run_come_with_its_last_epoch_unless_they_are_large(
    rounds, monkeypatch
):
    rounds.take(Orders(start=(tiny_run(1, max_epochs=2), tiny_run(2, max_epochs=3))))
    assert [set(rounds.train().weights) for _ in range(2)] == [set(), {1}]
    monkeypatch.setattr(free_rounds, "MOST_BYTES", 3)
    assert rounds.train().weights == {}
