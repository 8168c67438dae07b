"""Another engine: workers that are threads of this process. This file is all that it takes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from torch import Tensor

from automl.executors.devices import device_of_each
from automl.executors.free_rounds import FreeRounds
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

    def __init__(self, setup: TrainingSetup, device: str, news: threading.Condition) -> None:
        self.said: list[Reply | Exception] = []
        self._told: queue.SimpleQueue[Callable[[FreeRounds], None] | None] = queue.SimpleQueue()
        self._news = news
        self._is_lost = False
        self._n_orders = 0
        threading.Thread(target=self._train, args=(setup, device), daemon=True).start()

    def tell(self, orders: Orders) -> None:
        self._check()
        self._told.put(lambda rounds: self._take(rounds, orders))

    def has_taken(self, n_orders: int) -> bool:
        return self._n_orders >= n_orders

    def replies(self) -> Sequence[Reply]:
        self._check()
        with self._news:
            said, self.said = self.said, []
        errors = [each for each in said if isinstance(each, Exception)]
        if errors:
            raise errors[0]
        return cast("Sequence[Reply]", said)

    def checkpoint(self, run_id: int, seconds: float | None = None) -> Checkpoint:
        return self._asked(lambda rounds: rounds.training.checkpoint(run_id))

    def best_weights(self, run_id: int, seconds: float | None = None) -> Mapping[str, Tensor]:
        return self._asked(lambda rounds: rounds.training.best_weights(run_id))

    def abandon(self) -> None:
        self._is_lost = True

    def end(self) -> None:
        self._is_lost = True
        self._told.put(None)

    def _train(self, setup: TrainingSetup, device: str) -> None:
        try:
            rounds = FreeRounds(guarded_training(setup, device))
        except Exception as error:
            self._say(error)
            return
        self._say(Ready())
        while True:
            while not (rounds.owes_round and self._told.empty()):
                do = self._told.get()
                if do is None:
                    return
                do(rounds)
            self._say(rounds.train())

    def _take(self, rounds: FreeRounds, orders: Orders) -> None:
        self._n_orders += 1
        rounds.take(orders)

    def _say(self, what: Reply | Exception) -> None:
        with self._news:
            self.said.append(what)
            self._news.notify_all()

    def _asked(self, ask: Callable[[FreeRounds], Any]) -> Any:
        self._check()
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def answer(rounds: FreeRounds) -> None:
            try:
                answers.put(ask(rounds))
            except Exception as error:
                answers.put(error)

        self._told.put(answer)
        found = answers.get()
        if isinstance(found, Exception):
            raise found
        return found

    def _check(self) -> None:
        if self._is_lost:
            raise WorkerLost("the thread was given up")


class ThreadEngine(Engine):
    """Threads, each with a trainer of its own."""

    def __init__(self, setup: TrainingSetup) -> None:
        self._setup = setup
        self._devices = device_of_each(setup.n_workers, setup.devices)
        self._workers: list[ThreadWorker] = []
        self._news = threading.Condition()

    @property
    def n_workers(self) -> int:
        return len(self._devices)

    def launch(self, place: int) -> Worker:
        self._workers.append(ThreadWorker(self._setup, self._devices[place], self._news))
        return self._workers[-1]

    def wait(self, workers: Sequence[Worker], seconds: float) -> Sequence[Worker]:
        threads = cast("Sequence[ThreadWorker]", workers)
        with self._news:
            if not any(each.said for each in threads):
                self._news.wait(seconds)
            return [each for each in threads if each.said]

    def close(self) -> None:
        for worker in self._workers:
            worker.end()
