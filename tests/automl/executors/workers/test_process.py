from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from automl.errors import ConfigError, TrainingError
from automl.executors.choosing import make_executor
from automl.executors.executor import RunFailure
from automl.executors.pool import Pool
from automl.executors.workers.process import ProcessEngine
from automl.executors.workers.worker import TrainingSetup
from tests.contracts.child_processes import stop
from tests.contracts.executor_contract import (
    LINEAR,
    SLOW,
    ExecutorContract,
    MakeExecutor,
    curve_alone,
    epochs_until_all_rest,
    train,
)
from tests.contracts.linear_trainer import (
    DIES,
    EATS_MEMORY,
    HANGS,
    tiny_dataset,
    tiny_run,
    without_seconds,
)
from tests.contracts.pools import in_the_middle, wait_until_all_are_ready
from tests.contracts.worker_contract import MakeEngine, WorkerContract


def make(*, trainer: str = LINEAR, n_workers: int = 1, **options: object) -> Pool:
    setup = TrainingSetup(tiny_dataset(), n_workers, trainer, **options)
    return Pool(setup, ProcessEngine(setup))


def pids(executor: Pool) -> list[int]:
    return [member.worker.pid for member in executor._members]


@pytest.fixture(scope="module")
def unused() -> Iterator[list[tuple[object, Pool]]]:
    """Executors that earlier tests have left without runs: a worker takes seconds to begin."""
    executors: list[tuple[object, Pool]] = []
    yield executors
    for _, executor in executors:
        executor.close()


@pytest.fixture
def borrow(unused) -> Iterator[Callable[..., Pool]]:
    """Make an executor, or take one with the same options that is not in use."""
    taken: list[tuple[object, Pool]] = []

    def take(**options: object) -> Pool:
        entry = next((entry for entry in unused if entry[0] == options), None)
        if entry is not None:
            unused.remove(entry)
        taken.append(entry or (options, make(**options)))
        return taken[-1][1]

    yield take
    for options, executor in taken:
        if executor._members and all(each.room.max_runs is None for each in executor._members):
            for run_id in executor.active:
                executor.stop(run_id)
            executor.finish_rounds()
            for run_id in range(20):
                executor.forget(run_id)
            unused.append((options, executor))
        else:
            executor.close()


class TestProcessWorker(WorkerContract):
    @pytest.fixture
    def make_engine(self) -> MakeEngine:
        return ProcessEngine


class TestProcessExecutor(ExecutorContract):
    @pytest.fixture
    def make_executor(self, borrow) -> MakeExecutor:
        return borrow


def test_each_of_two_workers_trains_runs_of_its_own(borrow):
    executor = borrow(n_workers=2, trainer=SLOW)
    in_the_middle(executor)
    first, second = (set(member.runs) for member in executor._members)
    assert first and second and not first & second and first | second == {0, 1, 2, 3}


@pytest.mark.parametrize("n_workers", [1, 2])
def test_workers_that_have_due_runs_train_on_while_the_coordinator_is_away(borrow, n_workers):
    """Each of the runs has its own limit: nobody trains beyond it, and nobody waits before it."""
    executor = borrow(n_workers=n_workers)
    wait_until_all_are_ready(executor)
    train(executor, [tiny_run(0), tiny_run(1)], 2)
    limits = {run_id: 20 + run_id for run_id in range(4)}
    executor.start([tiny_run(run_id, max_epochs=120) for run_id in limits], limits)
    last = {epoch.run_id: epoch.epoch for epoch in executor.next_round().epochs}
    assert sorted(run_id for member in executor._members for run_id in member.runs) == [*limits]
    assert all(member.runs for member in executor._members)
    n_told = [member.orders.n_told for member in executor._members]
    time.sleep(1.0)  # more than a hundred rounds take
    last.update({epoch.run_id: epoch.epoch for epoch in executor.next_round().epochs})
    assert last == limits
    assert [member.orders.n_told for member in executor._members] == n_told


def test_finishing_the_rounds_gives_what_all_workers_have_trained(borrow):
    executor = borrow(n_workers=2, trainer=SLOW)
    in_the_middle(executor)
    last: dict[int, int] = {}
    while len(last) < 4:
        last.update({epoch.run_id: epoch.epoch for epoch in executor.next_round().epochs})
    last.update({epoch.run_id: epoch.epoch for epoch in executor.finish_rounds().epochs})
    assert last == {run_id: executor.checkpoint(run_id).epoch for run_id in range(4)}


def test_a_run_that_was_stopped_is_not_told_of_by_a_worker_that_was_ahead(borrow):
    executor = borrow(n_workers=2, trainer=SLOW)
    in_the_middle(executor)
    while len(executor._results) < 4:  # of both
        executor._listen(None)
    executor.stop(0)
    told = [*executor.next_round().epochs, *executor.next_round().epochs]
    assert {epoch.run_id for epoch in told} == {1, 2, 3}


@pytest.mark.parametrize("trainer", [pytest.param("plain", marks=pytest.mark.slow), "stacked"])
def test_the_trainers_give_the_same_numbers_here_and_in_a_worker(trainer):
    runs = [tiny_run(1), tiny_run(2, learning_rate=0.01)]
    here, _ = train(make_executor(tiny_dataset(), workers=1, trainer=trainer), runs, 4)
    with make(trainer=trainer) as executor:
        there, _ = train(executor, runs, 4)
    for run in runs:
        assert without_seconds(there[run.run_id]) == without_seconds(here[run.run_id])


def test_a_worker_that_dies_takes_only_its_runs_and_is_replaced(borrow):
    executor = borrow(n_workers=2, trainer=SLOW)
    runs = in_the_middle(executor)
    died, other = pids(executor)
    lost, others = (sorted(member.runs) for member in executor._members)
    os.kill(died, signal.SIGKILL)
    curves, failures = defaultdict(list), []
    while not failures or len(curves) < len(others):
        result = executor.next_round()
        failures += result.failures
        for epoch in result.epochs:
            curves[epoch.run_id].append(epoch)
    executor.free(executor.active)
    assert [(failure.run_id, failure.cause) for failure in failures] == [
        (run_id, "lost") for run_id in lost
    ]
    assert failures[0].message == f"the worker process {died} ended with signal SIGKILL"
    for run_id in others:
        (*_, last) = without_seconds(curves[run_id])
        assert last == curve_alone(runs[run_id], last.epoch)[-1]
    again, failures = train(executor, [runs[run_id] for run_id in lost], 3)
    assert failures == []
    assert all(without_seconds(again[i]) == curve_alone(runs[i], 3) for i in lost)
    assert pids(executor)[1] == other
    assert died not in pids(executor)


def test_runs_that_a_killed_worker_had_not_taken_are_trained_by_the_next_and_not_lost(borrow):
    executor = borrow()
    executor.start([tiny_run(1)], {1: 2})
    epochs_until_all_rest(executor)
    (member,) = executor._members
    stop(member.worker.pid)
    executor.start([tiny_run(2), tiny_run(3)])
    assert set(member.runs) == {1, 2, 3}, "it was told of all, and its connection has them"
    os.kill(member.worker.pid, signal.SIGKILL)
    curves, failures = train(executor, [], 3)
    assert [(failure.run_id, failure.cause) for failure in failures] == [(1, "lost")]
    for run_id in (2, 3):
        assert without_seconds(curves[run_id]) == curve_alone(tiny_run(run_id), 3)


def test_a_run_whose_workers_go_on_dying_before_they_take_it_is_lost_in_the_end():
    """Else the workers of one that is too much to receive would be replaced for ever."""
    with make() as executor:
        executor.start([tiny_run(1)])
        for expected in ([], ["lost"]):
            (member,) = executor._members
            while not executor._engine.wait([member.worker], 1.0):
                pass  # it loads, and says then that it is ready
            stop(member.worker.pid)
            while not member.runs:
                executor.next_round(time.monotonic() + 0.05)
            os.kill(member.worker.pid, signal.SIGKILL)
            while executor._members[0] is member:
                executor._listen(None)
            found = executor._results.take_all().failures
            assert [failure.cause for failure in found] == expected


def test_a_trial_that_kills_its_worker_trains_alone_in_the_end_so_that_others_live(borrow):
    """Lost trials are started again at most twice, as the coordinator does."""
    runs = {run_id: tiny_run(run_id, run_id + 1) for run_id in range(3)}
    runs[3] = tiny_run(3, DIES)
    n_losses = dict.fromkeys(runs, 0)
    last_epochs: dict[int, int] = {}
    executor = borrow()
    executor.start(list(runs.values()))
    while executor.active:
        result = executor.next_round()
        for epoch in result.epochs:
            last_epochs[epoch.run_id] = epoch.epoch
            if epoch.epoch >= 4:
                executor.stop(epoch.run_id)
        for failure in result.failures:
            n_losses[failure.run_id] += 1
            if n_losses[failure.run_id] <= 2:
                executor.start([runs[failure.run_id]])
    assert n_losses.pop(3) == 3
    assert max(n_losses.values()) <= 2
    assert min(last_epochs[run_id] for run_id in range(3)) >= 4


def test_a_round_that_hangs_ends_with_its_worker(borrow):
    executor = borrow(trial_timeout=2.0)
    train(executor, [tiny_run(0)], 1)  # loads what is loaded once
    executor.start([tiny_run(1, HANGS), tiny_run(2)])
    failures: list[RunFailure] = []
    while executor.active:
        failures += executor.next_round().failures
    words = r"it took more than 2 seconds; its worker was in linear_trainer.py, line \d+, in make_"
    assert re.match(words, failures[0].message)
    assert {failure.run_id: failure.cause for failure in failures} == {
        1: "timed_out",
        2: "timed_out",
    }


def test_a_run_that_needs_more_than_the_memory_limit_fails_alone(borrow):
    executor = borrow(memory_limit=400 * 2**20)
    (before,) = pids(executor)
    curves, failures = train(executor, [tiny_run(1, EATS_MEMORY), tiny_run(2)], 4)
    assert [(failure.run_id, failure.cause) for failure in failures] == [(1, "out_of_memory")]
    assert without_seconds(curves[2]) == curve_alone(tiny_run(2), 4)
    assert pids(executor) == [before]


def test_a_worker_that_dies_in_its_round_is_not_waited_for(borrow):
    executor = borrow()
    executor.start([tiny_run(1, HANGS), tiny_run(2)])
    executor.next_round()
    executor.stop(2)
    executor.next_round(deadline=time.monotonic() + 0.1)
    threading.Timer(0.2, os.kill, (pids(executor)[0], signal.SIGKILL)).start()
    with pytest.raises(TrainingError, match="run 1 is gone with its worker"):
        executor.checkpoint(1)
    with pytest.raises(TrainingError, match="no weights of run 2: it never trained, or is gone"):
        executor.best_weights(2)
    assert [failure.cause for failure in executor.finish_rounds().failures] == ["lost"]


def test_an_interrupt_in_the_middle_of_a_reply_costs_that_worker_its_runs_only(
    borrow, monkeypatch
):
    """Half a message was read: what follows could not be understood."""
    executor = borrow()
    executor.start([tiny_run(1, max_epochs=100_000)])
    executor.next_round()  # else the run has not left the coordinator, and cannot be lost
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(executor._members[0].worker, "replies", Mock(side_effect=KeyboardInterrupt))
        executor.next_round()
    assert [failure.run_id for failure in executor.next_round().failures] == [1]
    curves, _ = train(executor, [tiny_run(1)], 2)
    assert without_seconds(curves[1]) == curve_alone(tiny_run(1), 2)


def test_workers_read_the_data_where_they_are_and_end_at_once_even_in_a_round():
    names = set(Path("/dev/shm").iterdir())
    executor = make(n_workers=1)
    executor.start([tiny_run(1, HANGS)])
    executor.next_round()
    (pid,) = pids(executor)
    assert "memfd:automl-dataset" in Path(f"/proc/{pid}/maps").read_text()
    assert executor.next_round(deadline=time.monotonic() + 0.2).epochs == ()
    before = time.monotonic()
    executor.close()
    assert time.monotonic() - before < 1
    assert not Path(f"/proc/{pid}").exists()
    assert set(Path("/dev/shm").iterdir()) == names


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_executor_that_is_not_closed_ends_its_workers_when_it_is_collected():
    executor = make()
    (pid,) = pids(executor)
    del executor
    assert not Path(f"/proc/{pid}").exists()


def test_a_worker_that_cannot_train_says_why():
    with make(trainer="tests.contracts.linear_trainer:BrokenTrainer") as executor:
        executor.start([tiny_run(1)])
        message = "a worker cannot train: OSError: the driver is too old"
        with pytest.raises(TrainingError, match=message):
            executor.next_round()


def test_workers_that_die_before_they_can_train_end_the_search_with_their_last_words(monkeypatch):
    monkeypatch.setattr(sys, "path", ["/nowhere"])
    with make() as executor:
        executor.start([tiny_run(1)])
        with pytest.raises(TrainingError, match=r"cannot (start|train): .*No module named"):
            executor.next_round()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_workers": 0}, "at least one worker"),
        ({"devices": ()}, "at least one worker and one device"),
        ({"devices": ("cuda:99",)}, "a device must be there"),
        ({"memory_limit": -1}, "memory_limit must be positive"),
    ],
)
def test_impossible_arguments_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        make(**options)
