"""Training in worker processes, one per core, on one copy of the data.

Workers are asynchronous: `next_round` returns the first finished round of any of them, and
a worker begins its next round only in the `next_round` after the one that gave its last
result, so with what the coordinator has decided upon it. A worker that dies takes only the
runs it was training: they come back as "lost", to be started again, and it is replaced; so
is one that gives no sign of life (`heartbeat.py`), so that nothing here waits for ever.
The coordinator holds the only ends of the connections, so workers end when it does.
"""

from __future__ import annotations

import logging
import os
import time
import weakref
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from multiprocessing import connection as connections
from typing import Any, Literal

from torch import Tensor

from automl.data.dataset import Dataset
from automl.errors import TrainingError
from automl.executors.devices import check_device, check_system, device_of_each
from automl.executors.executor import Executor, RoundResult, RunFailure
from automl.executors.guarded_training import run_id_of, run_of
from automl.executors.heartbeat import ENDING_SILENCE_LIMIT, SILENCE_LIMIT, Watch
from automl.executors.placement import RunCost, place, run_cost
from automl.executors.shared_dataset import SharedDataset
from automl.executors.trainers import kernels_for, trainer_class
from automl.executors.unnamed_files import SharedBytes
from automl.executors.workers.process import State, WorkerProcess
from automl.executors.workers.process_messages import (
    GiveBestWeights,
    GiveCheckpoint,
    Given,
    Refused,
    RoundDone,
    Setup,
)
from automl.training.config import RunConfig
from automl.training.trainer import Checkpoint

MAX_FAILED_STARTS = 3
"""So many workers in a row may die before they can train; then something is broken."""

PATIENCE = 0.5
"""Seconds that workers get to end by themselves when the executor is closed; one that is still
loading its libraries does not notice and is killed."""

LISTEN_SECONDS = 0.5
"""After so long without news it is looked whether the search shall end, or a worker is late."""

ENDED_SILENT = (
    "a worker process gave no sign of life and was ended; its trials are trained again elsewhere"
)

LOSSES_IN_COMPANY = 2
"""A trial that was lost so often trains alone: it shall not take innocent ones with it again."""


class ProcessExecutor(Executor):
    """Trains in worker processes, with one thread each.

    Args:
        n_workers: how many, or "auto": one per physical core that may be used.
        trainer: "stacked", "plain", or the import path "package.module:Class" of a Trainer.
        devices: where the workers train, in turn: ("cpu",), ("cuda:0", "cuda:1"), ...
        trial_timeout: seconds from a run's first round, checked between rounds; a round that
            hangs ends with its worker.
        memory_limit: bytes that trainings may take in each worker, beyond interpreter and
            libraries as they are before the first round (on Linux); on a GPU, of its memory.
            Some 70 MB count that torch.optim loads when the plain trainer first uses it.

    Raises:
        ConfigError: an argument has a value that it cannot have here.
    """

    def __init__(
        self,
        dataset: Dataset,
        n_workers: int | Literal["auto"] = "auto",
        *,
        trainer: str = "stacked",
        devices: Sequence[str] = ("cpu",),
        trial_timeout: float | None = None,
        memory_limit: int | None = None,
    ) -> None:
        check_system(memory_limit, devices)
        trainer_class(trainer)  # what cannot be is refused here, not in a worker
        for device in set(devices):
            check_device(device)
        self._dataset = dataset
        self._is_stacked = trainer == "stacked"
        self._active: dict[int, WorkerProcess] = {}  # in the order of their start
        self._home: dict[int, WorkerProcess] = {}  # of active and ended runs
        self._costs: dict[int, RunCost] = {}
        self._trials: dict[int, int] = {}  # trial number by run id
        self._n_losses: Counter[int] = Counter()  # by trial number
        self._results: deque[tuple[WorkerProcess, RoundResult]] = deque()
        self._failures: list[RunFailure] = []
        self._n_failed_starts = 0
        self._is_interrupted = False
        kernels = kernels_for(trainer, devices)  # before workers would all look for them
        self._messages = dict.fromkeys(filter(None, [kernels.note]), False)  # whether given
        binary = SharedBytes.of(kernels.contents) if kernels.contents else None
        shared = SharedDataset.of(dataset)
        self._workers: list[WorkerProcess] = []
        self._watch = Watch(self._workers)
        files = (shared, binary) if binary else (shared,)
        self._end = weakref.finalize(
            self, _end_workers, self._workers, self._watch, files, os.getpid()
        )
        logging.getLogger("automl").info("starting worker processes")
        for device in device_of_each(n_workers, devices):
            setup = Setup(shared, trainer, device, trial_timeout, memory_limit, binary)
            self._workers.append(WorkerProcess(setup))

    @property
    def n_workers(self) -> int:
        """How many processes train."""
        return len(self._workers)

    @property
    def active(self) -> tuple[int, ...]:
        """Ids of the runs in training, or waiting for room, in the order of their start."""
        return tuple(self._active)

    def start(self, starts: Sequence[RunConfig | Checkpoint]) -> None:
        """Begin or continue runs, each in the worker that has least to do."""
        for start in starts:
            if run_id_of(start) in self._active:
                raise ValueError(
                    f"a run is started once, but run {run_id_of(start)} is active already"
                )
        for start in starts:
            self.forget(run_id_of(start))
        self._place(starts)

    def next_round(self, deadline: float | None = None) -> RoundResult:
        """Wait for the first round that any worker finishes; the others go on."""
        self._watch.limit = SILENCE_LIMIT
        while self._active or self._results or self._failures:
            if self._is_interrupted:
                self._is_interrupted = False
                break
            if deadline is None or time.monotonic() < deadline:
                self._begin_rounds(deadline)
            if self._results:
                worker, result = self._results.popleft()
                worker.state = State.IDLE
                return result
            if self._failures:
                failures, self._failures = tuple(self._failures), []
                return RoundResult(failures=failures)
            if deadline is not None and time.monotonic() >= deadline:
                break
            self._listen(deadline)
        return RoundResult()

    def finish_rounds(self, deadline: float | None = None) -> RoundResult:
        """Wait for the rounds that are under way in any worker, without beginning new ones."""
        self._watch.limit = ENDING_SILENCE_LIMIT
        while training := [w for w in self._workers if w.state is State.TRAINING]:
            for worker in training:
                if deadline is not None and time.monotonic() > deadline + worker.ending_grace:
                    self._replace(worker, "its round had not ended long after the time was up")
            self._listen(None)
        results = []
        while self._results:
            worker, result = self._results.popleft()
            worker.state = State.IDLE
            results.append(result)
        failures, self._failures = tuple(self._failures), []
        return RoundResult.merged([*results, RoundResult(failures=failures)])

    def interrupt(self) -> None:
        """Let the present `next_round` return soon, whatever a worker is in."""
        self._watch.limit = ENDING_SILENCE_LIMIT
        self._is_interrupted = True

    def take_messages(self) -> tuple[str, ...]:
        """What a person should know of the kernels and the workers; each is given once."""
        new = tuple(message for message, is_given in self._messages.items() if not is_given)
        self._messages = dict.fromkeys(self._messages, True)
        return new

    def stop(self, run_id: int) -> None:
        """End a run; its best weights stay readable until `forget`. No-op if it has ended."""
        worker = self._active.pop(run_id, None)
        if worker is not None:
            worker.stop(run_id)
        self._failures = [failure for failure in self._failures if failure.run_id != run_id]
        self._results = deque(
            (trained_in, result.where(lambda other: other != run_id))
            for trained_in, result in self._results
        )

    def checkpoint(self, run_id: int) -> Checkpoint:
        """The state of an active run; waits for the round it is in."""
        if run_id not in self._active:
            raise TrainingError(f"a checkpoint needs a run in training, but run {run_id} is not")
        start = self._active[run_id].to_start.get(run_id)
        if isinstance(start, Checkpoint):
            return start
        checkpoint: Checkpoint = self._ask(run_id, GiveCheckpoint(run_id))
        return checkpoint

    def best_weights(self, run_id: int) -> Mapping[str, Tensor]:
        """The weights of the run's best epoch; waits for the round that its worker is in."""
        weights: Mapping[str, Tensor] = self._ask(run_id, GiveBestWeights(run_id))
        return weights

    def forget(self, run_id: int) -> None:
        """Free what is kept of an ended run."""
        if run_id in self._active:
            return
        if worker := self._home.pop(run_id, None):
            worker.forget(run_id)
        self._costs.pop(run_id, None)
        self._trials.pop(run_id, None)

    def close(self) -> None:
        """End all workers. What was not fetched from them is gone."""
        self._active.clear()
        self._home.clear()
        self._results.clear()
        self._failures.clear()
        self._end()

    # Talking with workers

    def _place(self, starts: Sequence[RunConfig | Checkpoint]) -> None:
        """Give each run to a worker; it begins there with the worker's next round."""
        costs = [self._cost(start) for start in starts]
        placed = [[self._costs[run_id] for run_id in worker.runs] for worker in self._workers]
        for start, cost, index in zip(starts, costs, place(costs, placed), strict=True):
            run_id, worker = run_id_of(start), self._workers[index]
            self._trials[run_id] = trial_number = run_of(start).trial_number
            worker.to_start[run_id] = start
            if self._n_losses[trial_number] >= LOSSES_IN_COMPANY:
                worker.alone.add(run_id)
            self._active[run_id] = self._home[run_id] = worker
            self._costs[run_id] = cost

    def _cost(self, start: RunConfig | Checkpoint) -> RunCost:
        return run_cost(run_of(start), self._dataset, is_stacked=self._is_stacked)

    def _begin_rounds(self, deadline: float | None) -> None:
        """Let each worker that has runs, and whose last result was handled, train them."""
        for worker in tuple(self._workers):
            if worker.state is State.IDLE and worker.runs:
                try:
                    with worker.undivided():
                        worker.begin_round(deadline)
                except OSError:
                    self._replace(worker)

    def _listen(self, deadline: float | None) -> None:
        """Wait until a worker says something, ends, hangs, or some time has passed."""
        until = min(worker.hangs_at() for worker in self._workers)
        if deadline is not None:
            until = min(until, deadline)
        wait = min(LISTEN_SECONDS, max(0.0, until - time.monotonic()))
        speaking = connections.wait([worker.connection for worker in self._workers], wait)
        for worker in [worker for worker in self._workers if worker.connection in speaking]:
            self._hear(worker)
        for worker in tuple(self._workers):
            if worker.hangs_at() <= time.monotonic():
                is_loading = worker.state is State.STARTING
                what = "loading the libraries" if is_loading else "a round"
                self._replace(worker, f"{what} in its worker process took too long")

    def _hear(self, worker: WorkerProcess) -> None:
        """Take a reply, or the news that the worker has ended."""
        with worker.undivided():
            try:
                reply = worker.receive()
            except (EOFError, OSError):
                self._replace(worker)
                return
            if isinstance(reply, RoundDone):
                worker.end_round(reply)
                self._results.append((worker, self._wanted(worker, reply.result)))
            else:
                worker.greet(reply)
                self._n_failed_starts = 0

    def _wanted(self, worker: WorkerProcess, result: RoundResult) -> RoundResult:
        """The result without what concerns runs that were stopped while it was made."""
        wanted = result.where(worker.in_training.__contains__)
        ended = [failure.run_id for failure in wanted.failures]
        ended += [epoch.run_id for epoch in wanted.epochs if not epoch.is_finite]
        for run_id in ended:
            worker.in_training.discard(run_id)
            self._active.pop(run_id, None)
        return wanted

    def _ask(self, run_id: int, request: GiveCheckpoint | GiveBestWeights) -> Any:
        """Ask the worker that has a run, once it listens."""
        worker = self._home.get(run_id)
        if worker is None or run_id in worker.to_start:
            raise TrainingError(
                f"there are no weights of run {run_id}: it never trained, or is gone"
            )
        while worker.state is State.TRAINING:
            self._listen(None)
        try:
            with worker.undivided():
                worker.send(request)
                reply = worker.receive()
        except (EOFError, OSError) as error:
            if worker in self._workers:
                self._replace(worker)
            raise TrainingError(f"run {run_id} is gone with its worker process") from error
        if isinstance(reply, Refused):
            raise TrainingError(reply.message)
        assert isinstance(reply, Given)
        return reply.value

    # A worker's end

    def _replace(self, worker: WorkerProcess, message: str | None = None) -> None:
        """Put a new worker in a dead or hanging one's place; its runs in training are lost.

        Raises:
            TrainingError: workers die again and again before they can train.
        """
        message = message or worker.obituary()
        if worker.was_silent:
            self._messages.setdefault(ENDED_SILENT, False)
        self._note_failed_start(worker, message)
        worker.end()
        failures = worker.failures(message)
        self._failures += failures
        for failure in failures:
            self._active.pop(failure.run_id)
        lost = [failure.run_id for failure in failures if failure.cause == "lost"]
        self._n_losses.update({self._trials[run_id] for run_id in lost})  # once for all its runs
        for run_id in [run_id for run_id, home in self._home.items() if home is worker]:
            del self._home[run_id]
        successor = worker.successor()
        self._workers[self._workers.index(worker)] = successor
        for run_id in successor.to_start:
            self._active[run_id] = self._home[run_id] = successor

    def _note_failed_start(self, worker: WorkerProcess, message: str) -> None:
        if worker.state is State.STARTING:
            self._n_failed_starts += 1
        if self._n_failed_starts >= MAX_FAILED_STARTS:
            raise TrainingError(f"worker processes cannot start: {message}")


def _end_workers(
    workers: list[WorkerProcess],
    watch: Watch,
    files: Sequence[SharedDataset | SharedBytes],
    owner: int,
) -> None:
    """End all workers together. A fork of the coordinator has no say in it."""
    if os.getpid() != owner:
        return
    watch.close()
    for worker in workers:
        worker.hang_up()
    until = time.monotonic() + PATIENCE
    for worker in workers:
        worker.end(max(0.0, until - time.monotonic()))
    workers.clear()
    for file in files:
        file.close()
