from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from automl.executors.executor import RoundResult, RunFailure
from automl.executors.shared_dataset import SharedDataset
from automl.executors.workers.process import (
    CALM_ROUNDS,
    FIRST_ROUND_GRACE,
    MINIMUM_GRACE,
    READY_LIMIT,
    State,
    WorkerProcess,
)
from automl.executors.workers.process_messages import Ready, RoundDone, Setup
from tests.contracts.executor_contract import LINEAR
from tests.contracts.linear_trainer import tiny_dataset, tiny_run

MakeWorker = Callable[..., WorkerProcess]


@pytest.fixture
def make_worker() -> Iterator[MakeWorker]:
    """Workers that are killed before they are ready: these tests look at this side only."""
    shared = SharedDataset.of(tiny_dataset())
    workers = []

    def make(*, trial_timeout: float | None = None, max_runs: int | None = None) -> WorkerProcess:
        setup = Setup(shared, LINEAR, "cpu", trial_timeout, None)
        workers.append(WorkerProcess(setup, max_runs=max_runs))
        return workers[-1]

    yield make
    for worker in workers:
        worker.end()
    shared.close()


def queue(worker: WorkerProcess, *run_ids: int) -> None:
    worker.to_start.update({run_id: tiny_run(run_id) for run_id in run_ids})


def test_runs_wait_here_until_a_round_begins(make_worker):
    worker = make_worker()
    queue(worker, 1, 2)
    assert (worker.runs, worker.in_training) == ((1, 2), set())
    worker.stop(2)
    worker.begin_round(None)
    assert (worker.to_start, worker.in_training) == ({}, {1})
    assert worker.state is State.TRAINING


def test_no_more_runs_join_than_there_is_room_for_until_rounds_were_calm(make_worker):
    worker = make_worker(max_runs=2)
    queue(worker, 1, 2, 3, 4, 5)
    worker.begin_round(None)
    assert worker.in_training == {1, 2}
    for _ in range(CALM_ROUNDS):
        worker.end_round(RoundDone(RoundResult(), ()))
    worker.begin_round(None)
    assert worker.in_training == {1, 2, 3, 4}


def test_a_run_that_must_be_alone_waits_for_the_others_and_they_for_it(make_worker):
    worker = make_worker()
    queue(worker, 1)
    worker.begin_round(None)
    queue(worker, 2, 3)
    worker.alone.add(2)
    worker.begin_round(None)
    assert worker.in_training == {1}
    worker.stop(1)
    worker.begin_round(None)
    assert worker.in_training == {2}
    worker.begin_round(None)
    assert worker.in_training == {2}
    worker.stop(2)
    worker.begin_round(None)
    assert worker.in_training == {3}


def test_a_successor_has_the_waiting_runs_and_half_the_room(make_worker):
    worker = make_worker()
    queue(worker, 1, 2, 3, 4)
    worker.begin_round(None)
    queue(worker, 5)
    successor = worker.successor()
    successor.end()
    assert successor.to_start == {5: tiny_run(5)}
    assert successor.max_runs == 2


def test_a_round_hangs_some_time_after_the_oldest_run_should_have_ended(make_worker):
    worker = make_worker(trial_timeout=10.0)
    assert worker.hangs_at() == pytest.approx(time.monotonic() + READY_LIMIT, abs=0.5)
    worker.greet(Ready())
    assert worker.hangs_at() == float("inf")
    queue(worker, 1)
    worker.begin_round(None)
    limit = time.monotonic() + 10.0
    assert worker.hangs_at() == pytest.approx(limit + FIRST_ROUND_GRACE, abs=0.5)
    worker.end_round(RoundDone(RoundResult(), ()))
    assert worker.hangs_at() == float("inf")
    worker.begin_round(None)
    assert worker.hangs_at() == pytest.approx(limit + MINIMUM_GRACE, abs=1.5)


def test_the_time_of_a_run_without_room_has_not_begun(make_worker):
    worker = make_worker(trial_timeout=0.0)
    queue(worker, 1, 2)
    worker.begin_round(None)
    worker.end_round(RoundDone(RoundResult(), waiting=(2,)))
    assert worker.failures("gone") == [
        RunFailure(1, "timed_out", "it took more than 0 seconds"),
        RunFailure(2, "lost", "gone"),
    ]


def test_runs_within_their_time_are_lost_with_a_worker_in_which_another_hangs(make_worker):
    worker = make_worker(trial_timeout=0.2)
    queue(worker, 1)
    worker.begin_round(None)
    time.sleep(0.3)
    queue(worker, 2)
    worker.begin_round(None)
    causes = {failure.run_id: failure.cause for failure in worker.failures("gone")}
    assert causes == {1: "timed_out", 2: "lost"}


def test_a_killed_worker_is_reaped(make_worker):
    worker = make_worker()
    worker.end()
    assert not Path(f"/proc/{worker.pid}").exists()
