"""The coordinator's side of one worker process: how it is started, spoken to and ended."""

from __future__ import annotations

import contextlib
import enum
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from automl.child_processes import how_it_ended, reap
from automl.errors import TrainingError
from automl.executors.executor import RunFailure
from automl.executors.guarded_training import run_id_of, timed_out
from automl.executors.heartbeat import LOADING_SILENCE_LIMIT, Pulse
from automl.executors.interpreters import start_interpreter
from automl.executors.workers.process_messages import (
    Ready,
    Refused,
    Request,
    RoundDone,
    Setup,
    TrainRound,
)
from automl.executors.workers.process_messages import receive as receive_message
from automl.executors.workers.process_messages import send as send_message
from automl.training.config import RunConfig
from automl.training.trainer import Checkpoint

MINIMUM_GRACE = 1.0
"""Seconds that a round may last beyond a run's time limit before it counts as hanging; twice
the longest round so far is added, since a round that is only long will end by itself."""

FIRST_ROUND_GRACE = 10.0
"""The same for a worker's first round, in which libraries are loaded and kernels compiled:
torch.optim alone loads for 1 to 2 seconds."""

READY_LIMIT = 300.0
"""Seconds in which a worker must be able to train. It took 3 to 10 s on a loaded machine; many
that start at once from a network drive take far longer, and beat all the while."""

ENDING_GRACE = 10.0
"""Seconds that a round may last beyond the search's deadline; the longest round so far is added.
Trainers look at the clock between steps, but not in the middle of an evaluation."""

CALM_ROUNDS = 20
"""After so many rounds without a death a worker may have twice as many runs again. A guess:
most runs that are pruned are so within 20 epochs, so these are other runs."""


class State(enum.Enum):
    """What a worker is doing."""

    STARTING = enum.auto()
    IDLE = enum.auto()  # the coordinator may send a request
    TRAINING = enum.auto()
    DONE = enum.auto()  # the coordinator has not seen the round's result yet
    ENDED = enum.auto()


class WorkerProcess:
    """One worker, with the runs that are its own and what it is to be told next."""

    def __init__(self, setup: Setup, *, max_runs: int | None = None) -> None:
        self.setup = setup
        self.max_runs = max_runs  # at once; None: all
        self.state = State.STARTING
        self.to_start: dict[int, RunConfig | Checkpoint] = {}  # not sent yet
        self.in_training: set[int] = set()  # sent, and still wanted
        self.alone: set[int] = set()  # runs that must not train beside others
        self._to_stop: list[int] = []
        self._to_forget: list[int] = []
        self._began_at: dict[int, float] = {}
        self._round_began = 0.0
        self._longest_round = 0.0
        self._n_rounds = 0
        self._silent_for = 0.0
        self._launched_at = time.monotonic()
        self._pulse = Pulse()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._socket, self._process = _launch(setup, self._pulse, self._output.fileno())
        self.connection = Connection(os.dup(self._socket.fileno()))
        with contextlib.suppress(OSError):  # it has ended already: `receive` will say so
            self.send(setup)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def runs(self) -> tuple[int, ...]:
        """Ids of the active runs that are this worker's."""
        return (*self.in_training, *self.to_start)

    def stop(self, run_id: int) -> None:
        """Do not train the run any more; the worker is told before its next round."""
        if self.to_start.pop(run_id, None) is None:
            self.in_training.discard(run_id)
            self._to_stop.append(run_id)

    def forget(self, run_id: int) -> None:
        """Let the worker free what it keeps of an ended run, before its next round."""
        self._to_forget.append(run_id)

    def begin_round(self, deadline: float | None) -> None:
        """Tell what was decided since the last round, and begin the next one."""
        now = time.monotonic()
        starts = tuple(self.to_start.pop(run_id) for run_id in self._next_starts())
        self.in_training.update(map(run_id_of, starts))
        seconds = None if deadline is None else max(0.0, deadline - now)
        stop, self._to_stop = tuple(self._to_stop), []
        forget, self._to_forget = tuple(self._to_forget), []
        self._began_at = {run_id: self._began_at.get(run_id, now) for run_id in self.in_training}
        self._round_began = now
        self.state = State.TRAINING
        self.send(TrainRound(stop, forget, starts, seconds))

    def _next_starts(self) -> tuple[int, ...]:
        """The waiting runs that may join: all, as many as there is room for, or one alone."""
        if self.in_training & self.alone:
            return ()
        if alone := [run_id for run_id in self.to_start if run_id in self.alone]:
            return () if self.in_training else (alone[0],)
        if self.max_runs is None:
            return tuple(self.to_start)
        room = self.max_runs * 2 ** (self._n_rounds // CALM_ROUNDS) - len(self.in_training)
        return tuple(self.to_start)[: max(0, room)]

    def end_round(self, done: RoundDone) -> None:
        """Take note that the round is over."""
        self.state = State.DONE
        self._n_rounds += 1
        self._longest_round = max(self._longest_round, time.monotonic() - self._round_began)
        for run_id in done.waiting:  # its time begins when there is room for it
            self._began_at.pop(run_id, None)

    def hangs_at(self) -> float:
        """The `time.monotonic()` from which on it takes too long to load, or its round does."""
        if self.state is State.STARTING:
            return self._launched_at + READY_LIMIT
        limit = self.setup.trial_timeout
        if self.state is not State.TRAINING or limit is None or not self._began_at:
            return float("inf")
        grace = MINIMUM_GRACE + 2 * self._longest_round if self._n_rounds else FIRST_ROUND_GRACE
        return min(self._began_at.values()) + limit + grace

    @property
    def ending_grace(self) -> float:
        """Seconds beyond the search's deadline in which the present round must end."""
        return ENDING_GRACE + self._longest_round

    def look(self, limit: float) -> None:
        """End a process that gives no sign of life; whoever waits for it hears that it has ended.

        Another thread may call this. The socket is shut down too: a process that is in a call
        of the system that cannot be broken off keeps its own end open.
        """
        if self.state is State.STARTING:
            limit = LOADING_SILENCE_LIMIT
        if self.state is State.ENDED or self.was_silent or self._pulse.silence() <= limit:
            return
        self._silent_for = limit
        self._process.kill()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    @property
    def was_silent(self) -> bool:
        """Whether it was ended since it gave no sign of life."""
        return self._silent_for > 0

    def failures(self, message: str) -> list[RunFailure]:
        """What becomes of the runs in training when the worker is gone."""
        limit, now = self.setup.trial_timeout, time.monotonic()
        failures = []
        for run_id in sorted(self.in_training):
            if limit is not None and now - self._began_at.get(run_id, now) > limit:
                failures.append(timed_out(run_id, limit))
            else:
                failures.append(RunFailure(run_id, "lost", message))
        return failures

    def send(self, request: Request) -> None:
        """Send a request.

        Raises:
            OSError: the worker has ended.
        """
        send_message(self.connection, request)

    def receive(self) -> Any:
        """Wait for a reply.

        Raises:
            EOFError, OSError: the worker has ended.
        """
        return receive_message(self.connection)

    @contextlib.contextmanager
    def undivided(self) -> Iterator[None]:
        """End the worker if Ctrl-C breaks off what is said or heard: the rest makes no sense.

        What it had sent by then is thrown away, so whoever listens next hears that it has ended.
        """
        try:
            yield
        except KeyboardInterrupt:
            self._process.kill()
            self.hang_up()
            self.connection, nobody = Pipe()
            nobody.close()
            raise

    def greet(self, reply: Ready | Refused) -> None:
        """Take the reply to the setup.

        Raises:
            TrainingError: the worker cannot train.
        """
        if isinstance(reply, Refused):
            raise TrainingError(f"a worker process cannot train: {reply.message}")
        self.state = State.IDLE

    def successor(self) -> WorkerProcess:
        """A new worker in this one's place, with the runs that had not been sent.

        It may have died for want of memory, so the new one begins with half as many runs.
        """
        new = WorkerProcess(self.setup, max_runs=max(1, len(self.in_training) // 2))
        new.to_start.update(self.to_start)
        new.alone.update(self.alone)
        return new

    def hang_up(self) -> None:
        """Close the connection, upon which the process ends by itself."""
        self.connection.close()
        self._socket.close()

    def end(self, patience: float = 0.0) -> None:
        """End the process and reap it.

        Args:
            patience: seconds to wait until it ends by itself, as the connection is closed.
        """
        if self.state is State.ENDED:
            return
        self.state = State.ENDED
        self.hang_up()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._process.kill()
        reap(self._process)
        self._pulse.close()
        self._output.close()

    def obituary(self) -> str:
        """How a worker ended whose connection has closed, with its last words."""
        if self.was_silent:
            return f"the worker process {self.pid} gave no sign of life for {self._silent_for:g} s"
        try:
            code: int | None = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = reap(self._process)
        how = "no exit code yet" if code is None else how_it_ended(code)
        words = self.last_words()
        return f"the worker process {self.pid} ended with {how}" + (f": {words}" if words else "")

    def last_words(self) -> str:
        """The last line that the worker wrote."""
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""


def _launch(
    setup: Setup, pulse: Pulse, output_descriptor: int
) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    inherited = [pulse.descriptor, setup.dataset.descriptor]
    if setup.kernels is not None:
        inherited.append(setup.kernels.descriptor)
    return start_interpreter(
        "automl.executors.workers.process_beginning",
        [pulse.descriptor],
        inherited,
        output_descriptor,
    )
