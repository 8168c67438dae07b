"""Training in worker processes, one per core, on one copy of the data.

Only a process can be ended when it hangs or takes too much memory; one that gives no sign of
life is (`heartbeat.py`), so that nobody waits for ever. The coordinator holds the only ends of
the connections, so workers end when it does. One file has one part: `process_worker.py` is the
coordinator's side of one process, `process_beginning.py` and `process_conversation.py` the
process's own, `process_messages.py` what they say to each other.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from multiprocessing import connection as connections
from typing import cast

from automl.executors.devices import check_device, check_system, device_of_each
from automl.executors.heartbeat import ENDING_SILENCE_LIMIT, SILENCE_LIMIT, Watch
from automl.executors.shared_dataset import SharedDataset
from automl.executors.trainers import kernels_for
from automl.executors.unnamed_files import SharedBytes
from automl.executors.workers.process_messages import Assignment
from automl.executors.workers.process_worker import ProcessWorker
from automl.executors.workers.warm_server import give_back, take_server
from automl.executors.workers.worker import Engine, TrainingSetup, Worker

PATIENCE = 0.5
"""Seconds that workers get to end by themselves when the engine is closed; one that is still
loading its libraries does not notice and is killed."""


class ProcessEngine(Engine):
    """Worker processes, with one thread each."""

    def __init__(self, setup: TrainingSetup) -> None:
        check_system(setup.memory_limit, setup.devices)
        for device in set(setup.devices):
            check_device(device)
        devices = device_of_each(setup.n_workers, setup.devices)
        kernels = kernels_for(setup.trainer, setup.devices)  # workers do not look for any
        binary = SharedBytes.of(kernels.contents) if kernels.contents else None
        shared = SharedDataset.of(setup.dataset)
        self._note = kernels.note
        self._files = [file for file in (shared, binary) if file is not None]
        self._assignments = [
            Assignment(
                shared,
                setup.trainer,
                setup.arithmetic,
                device,
                setup.trial_timeout,
                setup.memory_limit,
                binary,
                setup.model,
                setup.is_preflight,
            )
            for device in devices
        ]
        self._workers: list[ProcessWorker] = []
        self._watch = Watch(self._workers)
        self._server = take_server(setup.devices)
        self._owner = os.getpid()
        logging.getLogger("automl").info("starting worker processes")

    @property
    def n_workers(self) -> int:
        """How many processes train."""
        return len(self._assignments)

    @property
    def note(self) -> str:
        """What a person should know of the compiled kernels."""
        return self._note

    def launch(self, place: int) -> Worker:
        """Start a process, which takes seconds until it is ready where nothing has loaded ahead.

        A server that did not make the one before is not asked again.
        """
        if self._server and not all(before.has_begun for before in self._workers[place:][:1]):
            self._server.distrust()
        worker = ProcessWorker(self._assignments[place], self._server)
        self._workers[place : place + 1] = [worker]
        return worker

    def wait(self, workers: Sequence[Worker], seconds: float) -> Sequence[Worker]:
        """Wait for messages, or for connections that close."""
        processes = cast("Sequence[ProcessWorker]", workers)
        if spoken := [worker for worker in processes if worker.said]:
            return spoken
        speaking = connections.wait([worker.connection for worker in processes], seconds)
        return [worker for worker in processes if worker.connection in speaking]

    def hurry(self, is_ending: bool) -> None:
        """End silent processes sooner."""
        self._watch.limit = ENDING_SILENCE_LIMIT if is_ending else SILENCE_LIMIT

    def close(self) -> None:
        """End all workers together. A fork of the coordinator has no say in it."""
        if os.getpid() != self._owner or not self._files:
            return
        self._watch.close()
        for worker in self._workers:
            worker.hang_up()
        until = time.monotonic() + PATIENCE
        for worker in self._workers:
            worker.end(max(0.0, until - time.monotonic()))
        self._workers.clear()
        if self._server is not None:
            give_back(self._server)
        for file in self._files:
            file.close()
        self._files.clear()
