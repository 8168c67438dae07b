"""Workers that do not answer: stopped by a signal while they load, train, or listen."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch

from automl.errors import TrainingError
from automl.executors import round_clock
from automl.executors.executor import RunFailure
from automl.executors.heartbeat import LOADING_SILENCE_LIMIT
from automl.executors.pool import Pool
from automl.executors.workers import process, process_worker, warm_server
from automl.executors.workers.process import ProcessEngine
from automl.executors.workers.process_worker import ENDED_SILENT
from automl.executors.workers.worker import TrainingSetup
from automl.training.best_epoch import BestEpoch
from automl.training.trainer import Checkpoint
from tests.contracts import child_processes
from tests.contracts.executor_contract import (
    LINEAR,
    SLOW,
    curve_alone,
    epochs_until_all_rest,
    train,
)
from tests.contracts.linear_trainer import HANGS, STOPS, tiny_dataset, tiny_run, without_seconds
from tests.contracts.pools import in_the_middle

LIMIT = 3.0
LOADS_SLOWLY = "tests.contracts.slow_to_load:LinearTrainer"


def make(trainer: str = LINEAR, n_workers: int = 1) -> Pool:
    setup = TrainingSetup(tiny_dataset(), n_workers, trainer)
    return Pool(setup, ProcessEngine(setup))


def pids(executor: Pool) -> list[int]:
    return [member.worker.pid for member in executor._members]


def be_impatient_with_loading(monkeypatch: pytest.MonkeyPatch, limit: float = LIMIT) -> None:
    """From now on: what is loaded before, torch with it, may take far longer."""
    monkeypatch.setattr(process_worker, "LOADING_SILENCE_LIMIT", limit)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can wait for."""
    monkeypatch.setattr(process, "SILENCE_LIMIT", LIMIT)
    monkeypatch.setattr(process, "ENDING_SILENCE_LIMIT", 2.0)
    monkeypatch.setattr(round_clock, "ENDING_GRACE", 0.5)


@pytest.fixture
def executor() -> Iterator[Pool]:
    with make() as executor:
        yield executor


def stop(executor: Pool) -> int:
    (pid,) = pids(executor)
    child_processes.stop(pid)
    return pid


def wait_until_it_hangs(executor: Pool) -> None:
    """Until the only worker is in the middle of the epoch that does not end."""
    (member,) = executor._members
    while "make_trouble" not in member.worker.place():
        pass


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


def test_a_worker_that_is_stopped_while_it_loads_is_replaced_and_it_is_said_once(monkeypatch):
    with make(LOADS_SLOWLY) as executor:
        stopped = stop(executor)
        be_impatient_with_loading(monkeypatch)
        with at_most(30):
            curves, failures = train(executor, [tiny_run(1)], 3)
        assert failures == []
        assert without_seconds(curves[1]) == curve_alone(tiny_run(1), 3)
        assert pids(executor)[0] != stopped
        assert executor.take_messages() == (ENDED_SILENT,)
        assert executor.take_messages() == ()


@pytest.mark.slow
def test_workers_that_are_stopped_again_and_again_before_they_can_train_end_the_search(
    monkeypatch,
):
    executor = make(LOADS_SLOWLY)
    stop(executor)
    be_impatient_with_loading(monkeypatch)
    halt = threading.Event()

    def stop_all() -> None:
        while not halt.wait(0.02):
            for pid in pids(executor):
                os.kill(pid, signal.SIGSTOP)

    executor.start([tiny_run(1)])
    thread = threading.Thread(target=stop_all)
    thread.start()
    message = "worker processes cannot start: the worker process .* gave no sign of life for 3 s"
    try:
        with at_most(40), pytest.raises(TrainingError, match=message):
            executor.next_round()
    finally:
        halt.set()
        thread.join()
        executor.close()


def test_the_runs_of_a_worker_that_is_stopped_in_training_are_lost_to_be_trained_again():
    with make(SLOW, 2) as executor:
        runs = in_the_middle(executor)
        stopped, lost = pids(executor)[0], sorted(executor._members[0].runs)
        child_processes.stop(stopped)
        failures: list[RunFailure] = []
        with at_most(30):
            while not failures:
                failures += executor.next_round().failures
        assert set(executor.active) == {0, 1, 2, 3} - {*lost}
        executor.free(executor.active)
        message = f"the worker process {stopped} gave no sign of life for 3 s"
        assert [(f.run_id, f.cause, f.message) for f in failures] == [
            (run_id, "lost", message) for run_id in lost
        ]
        again, failures = train(executor, [runs[run_id] for run_id in lost], 3)
        assert failures == []
        assert all(without_seconds(again[i]) == curve_alone(runs[i], 3) for i in lost)


@pytest.mark.slow
def test_a_round_that_is_only_slow_is_left_alone(executor):
    train(executor, [tiny_run(0)], 1)
    before = pids(executor)
    executor.start([tiny_run(1, HANGS)])
    executor.next_round()
    assert executor.next_round(time.monotonic() + 3 * LIMIT).epochs == ()
    assert pids(executor) == before
    assert executor.active == (1,)


@pytest.mark.slow
def test_a_trial_that_stops_its_worker_each_time_is_lost_each_time(executor):
    """The coordinator counts that, and gives it up."""
    for _ in range(2):
        with at_most(30):
            _, failures = train(executor, [tiny_run(1, STOPS)], 3)
        assert [failure.cause for failure in failures] == ["lost"]
    curves, _ = train(executor, [tiny_run(2)], 3)
    assert without_seconds(curves[2]) == curve_alone(tiny_run(2), 3)


def test_an_interrupt_ends_the_waiting_for_a_worker_that_is_stopped(executor):
    executor.start([tiny_run(1, max_epochs=100_000)])  # it is not done before it is stopped
    executor.next_round()
    stop(executor)
    threading.Timer(0.3, executor.interrupt).start()
    with at_most(2):
        while executor.next_round().epochs:
            pass  # what it had said before
    with at_most(10):
        assert [failure.cause for failure in executor.finish_rounds().failures] == ["lost"]


def test_a_round_that_hangs_is_waited_for_until_some_time_after_the_deadline_only(executor):
    executor.start([tiny_run(1, HANGS)])
    executor.next_round()
    wait_until_it_hangs(executor)
    deadline = time.monotonic() + 0.3
    with at_most(8):
        assert executor.next_round(deadline).epochs == ()
        (failure,) = executor.finish_rounds(deadline).failures
    assert re.fullmatch(
        r"it hung in \S+\.py, line \d+, in \w+: its round had not ended long after the end",
        failure.message,
    )


def test_a_state_is_waited_for_until_some_time_after_the_deadline_only(executor):
    executor.start([tiny_run(1), tiny_run(2, HANGS)], {1: 1})
    seen: set[int] = set()
    while seen != {1, 2}:
        seen |= {epoch.run_id for epoch in executor.next_round().epochs}
    wait_until_it_hangs(executor)
    deadline = time.monotonic() + 0.3
    assert executor.next_round(deadline).epochs == ()
    with at_most(12), pytest.raises(TrainingError, match="run 1 is gone with its worker process"):
        executor.checkpoint(1)
    assert {failure.run_id for failure in executor.finish_rounds(deadline).failures} == {1, 2}


def test_weights_are_not_waited_for_when_their_worker_is_stopped(executor):
    executor.start([tiny_run(1, max_epochs=100_000)])  # weights come with the last epoch
    executor.next_round()
    stop(executor)
    with at_most(15), pytest.raises(TrainingError, match="run 1 is gone with its worker process"):
        executor.best_weights(1)


def test_what_is_more_than_a_connection_holds_is_not_sent_for_ever(executor):
    executor.start([tiny_run(1)], {1: 1})
    epochs_until_all_rest(executor)
    weights = {"weight": torch.zeros(4, 2), "ballast": torch.zeros(10_000_000)}
    stop(executor)
    with at_most(20):  # a worker without work is told at once
        executor.start([Checkpoint(tiny_run(2), 1, 1, weights, {}, BestEpoch(1, 1, 0.5), weights)])
    assert {failure.run_id for failure in executor.next_round().failures} == {1}
    with at_most(20):  # run 2 was never taken: the next worker has it
        assert {epoch.run_id for epoch in executor.next_round().epochs} == {2}


@pytest.mark.parametrize("is_loading", [True, False])
def test_an_executor_with_a_stopped_worker_is_closed_at_once(is_loading):
    executor = make()
    if not is_loading:
        train(executor, [tiny_run(1)], 1)
    stopped = stop(executor)
    with at_most(2):
        executor.close()
    with pytest.raises(ProcessLookupError):
        os.kill(stopped, 0)


@pytest.mark.skipif(not warm_server.can_serve(("cpu",)), reason="there is no server")
def test_a_server_that_was_stopped_before_it_made_a_worker_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such a worker has no number yet, and never will: whoever tells of it must not wait."""
    with warm_server.loading_ahead(1, ("cpu",), is_limited=True):
        (server,) = warm_server._waiting
        os.kill(server.pid, signal.SIGSTOP)
        with make() as executor:
            (first,) = executor._members
            be_impatient_with_loading(monkeypatch)
            while first in executor._members:
                executor._listen(None)
            be_impatient_with_loading(monkeypatch, LOADING_SILENCE_LIMIT)  # it loads torch itself
            curves, failures = train(executor, [tiny_run(1)], 2)
            assert failures == []
            assert without_seconds(curves[1]) == curve_alone(tiny_run(1), 2)
