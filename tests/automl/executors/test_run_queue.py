from __future__ import annotations

import time

import pytest

from automl.executors.run_queue import CALM_ROUNDS, RunQueue
from automl.executors.workers.worker import Orders
from tests.contracts.linear_trainer import tiny_run


def queue_of(*run_ids: int, max_runs: int | None = None) -> RunQueue:
    queue = RunQueue(max_runs)
    for run_id in run_ids:
        queue.start(tiny_run(run_id))
    return queue


def test_runs_wait_here_until_a_round_begins():
    queue = queue_of(1, 2)
    assert (queue.runs, queue.in_training) == ((1, 2), set())
    queue.stop(2)
    assert queue.take_orders(None) == Orders(start=(tiny_run(1),))
    assert (queue.waiting, queue.in_training) == ({}, {1})


def test_what_was_decided_since_the_last_round_is_told_once():
    queue = queue_of(1, 2)
    queue.take_orders(None)
    queue.stop(1)
    queue.forget(1)
    assert queue.take_orders(None) == Orders((1,), (1,))
    assert queue.take_orders(None) == Orders()


def test_a_deadline_is_told_in_seconds_from_now():
    assert queue_of().take_orders(time.monotonic() + 5).seconds == pytest.approx(5, abs=0.5)
    assert queue_of().take_orders(time.monotonic() - 5).seconds == 0


def test_no_more_runs_join_than_there_is_room_for_until_rounds_were_calm():
    queue = queue_of(1, 2, 3, 4, 5, max_runs=2)
    queue.take_orders(None)
    assert queue.in_training == {1, 2}
    for _ in range(CALM_ROUNDS):
        queue.end_round()
    queue.take_orders(None)
    assert queue.in_training == {1, 2, 3, 4}


def test_a_run_that_must_be_alone_waits_for_the_others_and_they_for_it():
    queue = queue_of(1)
    queue.take_orders(None)
    queue.start(tiny_run(2), alone=True)
    queue.start(tiny_run(3))
    in_turn = []
    for stopped in (1, 2, 3):
        queue.take_orders(None)
        in_turn.append(set(queue.in_training))
        queue.stop(stopped)
    assert in_turn == [{1}, {2}, {3}]


def test_a_successor_has_the_waiting_runs_and_half_the_room():
    queue = queue_of(1, 2, 3, 4)
    queue.take_orders(None)
    queue.start(tiny_run(5), alone=True)
    successor = queue.successor()
    assert successor.waiting == {5: tiny_run(5)}
    assert (successor.max_runs, successor.alone) == (2, {5})
