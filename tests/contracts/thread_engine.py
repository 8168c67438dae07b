"""Another engine: workers that are threads of this process. This file is all that it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, cast

from torch import Tensor

from automl.executors.devices import device_of_each
from automl.executors.guarded_training import GuardedTraining
from automl.executors.workers.in_process import guarded_training
from automl.executors.workers.worker import (
    Engine,
    Orders,
    Ready,
    Reply,
    TrainingSetup,
    Worker,
    WorkerLost,
)
from automl.training.trainer import Checkpoint


class ThreadWorker(Worker):
    """One thread, in which everything happens that concerns its trainer."""

    def __init__(self, setup: TrainingSetup, device: str) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._is_lost = False
        self._made = self.owed = self._thread.submit(guarded_training, setup, device)

    def begin(self, orders: Orders) -> None:
        self.owed = self._do(lambda training: training.carry_out(orders))

    def reply(self) -> Reply:
        self._check()
        reply = self.owed.result()
        return Ready() if isinstance(reply, GuardedTraining) else reply

    def checkpoint(self, run_id: int) -> Checkpoint:
        return self._do(lambda training: training.checkpoint(run_id)).result()

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        return self._do(lambda training: training.best_weights(run_id)).result()

    def abandon(self) -> None:
        self._is_lost = True

    def end(self) -> None:
        self._is_lost = True
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _do(self, what: Any) -> Future[Any]:
        self._check()
        return self._thread.submit(lambda: what(self._made.result()))

    def _check(self) -> None:
        if self._is_lost:
            raise WorkerLost("the thread was given up")


class ThreadEngine(Engine):
    """Threads, each with a trainer of its own."""

    def __init__(self, setup: TrainingSetup) -> None:
        self._setup = setup
        self._devices = device_of_each(setup.n_workers, setup.devices)
        self._workers: list[ThreadWorker] = []

    @property
    def n_workers(self) -> int:
        return len(self._devices)

    def launch(self, place: int) -> Worker:
        self._workers.append(ThreadWorker(self._setup, self._devices[place]))
        return self._workers[-1]

    def wait(self, workers: Sequence[Worker], seconds: float) -> Sequence[Worker]:
        threads = cast("Sequence[ThreadWorker]", workers)
        done, _ = wait([each.owed for each in threads], seconds, FIRST_COMPLETED)
        return [each for each in threads if each.owed in done]

    def close(self) -> None:
        for worker in self._workers:
            worker.end()
