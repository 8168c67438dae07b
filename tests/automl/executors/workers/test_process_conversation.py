"""The worker's side of the conversation; `test_processes.py` tests both sides together."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import pytest
import torch

from automl.executors.shared_dataset import SharedDataset
from automl.executors.workers.process_messages import (
    Assignment,
    GiveBestWeights,
    GiveCheckpoint,
    Given,
    Refused,
    receive,
    send,
)
from automl.executors.workers.worker import Orders, Ready
from automl.system.child_processes import module_search_path
from automl.training.best_epoch import BestEpoch
from automl.training.trainer import Checkpoint
from tests.contracts.executor_contract import LINEAR, curve_alone
from tests.contracts.linear_trainer import tiny_dataset, tiny_run, without_seconds


@dataclass(frozen=True, slots=True)
class Worker:
    process: subprocess.Popen[bytes]
    connection: Connection
    shared: SharedDataset

    def tell(self, message: Any) -> Any:
        send(self.connection, message)
        return receive(self.connection)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    shared = SharedDataset.of(tiny_dataset())
    ours, theirs = socket.socketpair()
    descriptors = (theirs.fileno(), shared.descriptor)
    process = subprocess.Popen(
        [sys.executable, "-m", "automl.executors.workers.process_beginning", str(theirs.fileno())],
        pass_fds=descriptors,
        env={"PYTHONPATH": module_search_path(sys.path)},
    )
    theirs.close()
    connection = Connection(ours.detach())
    worker = Worker(process, connection, shared)
    assert worker.tell(Assignment(shared, LINEAR, {}, "cpu", None, None)) == Ready()
    yield worker
    connection.close()
    assert process.wait(5) == 0
    shared.close()


def test_a_worker_stops_forgets_and_starts_before_it_trains(worker):
    both = {1: 1, 2: 1}
    first = worker.tell(Orders((), (), (tiny_run(1), tiny_run(2)), None, both)).result.epochs
    second = worker.tell(Orders((1,), (1,), (tiny_run(3),), None, {2: 2, 3: 1})).result.epochs
    assert without_seconds(first) == [curve_alone(tiny_run(i), 1)[0] for i in (1, 2)]
    assert [(epoch.run_id, epoch.epoch) for epoch in second] == [(2, 2), (3, 1)]
    worker.tell(Orders((2, 3), (2, 3)))


def test_a_worker_reads_what_it_is_told_while_nobody_takes_what_it_says(worker):
    """Else both sides might wait for ever, each for the other to listen."""
    ballast = {"weight": torch.zeros(4, 2), "ballast": torch.zeros(500_000)}
    states = [
        Checkpoint(tiny_run(n), 1, 1, ballast, {}, BestEpoch(1, 1, 0.5), ballast)
        for n in range(20, 24)
    ]
    for state in states:  # each of several megabytes, far more than a connection holds
        send(worker.connection, Orders((), (), (state,), None, {state.run.run_id: 3}))
    epochs = []
    while len(epochs) < 8:
        epochs += receive(worker.connection).result.epochs
    assert sorted({(epoch.run_id, epoch.epoch) for epoch in epochs}) == [
        (run_id, epoch) for run_id in range(20, 24) for epoch in (2, 3)
    ]
    ids = tuple(range(20, 24))
    worker.tell(Orders(ids, ids))
    while worker.connection.poll(0.5):  # answers to each of the orders
        receive(worker.connection)


def test_a_round_without_time_left_gives_no_epochs(worker):
    done = worker.tell(Orders((), (), (tiny_run(4),), 0.0))
    assert (done.result.epochs, done.goes_on) == ((), False)
    worker.tell(Orders((4,), (4,)))


def test_what_a_worker_does_not_have_is_refused(worker):
    assert isinstance(worker.tell(GiveBestWeights(77)), Refused)
    assert isinstance(worker.tell(GiveCheckpoint(77)), Refused)
    assert worker.tell("hello") == Refused("a worker does not know what to do with str")


def test_a_worker_gives_states_and_weights(worker):
    worker.tell(Orders((), (), (tiny_run(5),), None, {5: 1}))
    checkpoint = worker.tell(GiveCheckpoint(5))
    assert isinstance(checkpoint, Given)
    assert checkpoint.value.epoch == 1
    assert set(worker.tell(GiveBestWeights(5)).value) == {"weight"}
    worker.tell(Orders((5,), (5,)))


def test_a_worker_loads_no_library_but_torch_and_numpy():
    """What each process loads costs seconds at its start and memory as long as it lives."""
    code = "import sys, automl.executors.workers.process_conversation; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": module_search_path(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"optuna", "sqlalchemy", "pandas", "sklearn", "scipy", "plotly"} & set(modules)
