"""The coordinator's side of one worker process: how it is started, spoken to and ended."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from torch import Tensor

from automl.errors import TrainingError
from automl.executors.heartbeat import LOADING_SILENCE_LIMIT, Pulse
from automl.executors.interpreters import start_interpreter
from automl.executors.workers.process_messages import (
    Assignment,
    GiveBestWeights,
    GiveCheckpoint,
    Given,
    GivePredictions,
    Message,
    Refused,
    receive,
    send,
)
from automl.executors.workers.process_output import ProcessOutput
from automl.executors.workers.warm_server import ForkedProcess, WarmServer
from automl.executors.workers.worker import Orders, Reply, Worker, WorkerLost
from automl.system.child_processes import how_it_ended, reap
from automl.system.own_code import own_place
from automl.training.config import RunConfig
from automl.training.predictions import PredictedRows
from automl.training.trainer import Checkpoint

MODULE = "automl.executors.workers.process_beginning"

PLACE_SECONDS = 1.0
"""How long to wait for a process to write where it is; it does so in milliseconds."""

ENDED_SILENT = (
    "a worker process gave no sign of life and was ended; its trials are trained again elsewhere"
)


class ProcessWorker(Worker):
    """One worker process.

    Args:
        server: what makes it; None, or where that has ended: it is an interpreter of its own.

    Attributes:
        connection: readable when the worker has something to say, or has ended.
        said: what it said before it answered something else, and nobody has taken.
    """

    def __init__(self, assignment: Assignment, server: WarmServer | None = None) -> None:
        self._silent_for = 0.0
        self._is_loading = True
        self._is_ended = False
        self.said: list[Reply] = []
        self._pulse = Pulse()
        self._output = ProcessOutput()
        self._socket, self._process = _launch(
            assignment, self._pulse, self._output.descriptor, server
        )
        self.connection = Connection(os.dup(self._socket.fileno()))
        with contextlib.suppress(OSError):  # it has ended already: `reply` will say so
            send(self.connection, assignment)

    @property
    def pid(self) -> int | None:
        """The process's id; None where there never was a process. Waits until there is one."""
        return self._process.pid

    @property
    def has_begun(self) -> bool:
        """Whether there is a process by now."""
        return not isinstance(self._process, ForkedProcess) or self._process.has_begun

    def tell(self, orders: Orders) -> None:
        """Send orders; the process reads them at once, whatever it is in."""
        try:
            send(self.connection, orders)
        except OSError as error:
            raise self._lost() from error

    def has_taken(self, n_orders: int) -> bool:
        """Whether the process had come to so many orders, as it has counted itself."""
        return self._pulse.n_orders >= n_orders

    def replies(self) -> Sequence[Reply]:
        """Receive all that the worker has said: after its start, or of rounds."""
        said, self.said = self.said, []
        try:
            while not said or self.connection.poll():
                reply = receive(self.connection)
                if isinstance(reply, Refused):
                    raise TrainingError(reply.message)
                self._is_loading = False
                said.append(reply)
        except (EOFError, OSError) as error:
            if not said:  # else whoever listens next is told
                raise self._lost() from error
        return said

    def checkpoint(self, run_id: int, seconds: float | None = None) -> Checkpoint:
        """Ask for the state of an active run."""
        checkpoint: Checkpoint = self._asked(GiveCheckpoint(run_id), seconds)
        return checkpoint

    def best_weights(self, run_id: int, seconds: float | None = None) -> Mapping[str, Tensor]:
        """Ask for the weights of the run's best epoch."""
        weights: Mapping[str, Tensor] = self._asked(GiveBestWeights(run_id), seconds)
        return weights

    def place(self) -> str:
        """The line of a person's own that the process is in: it writes all lines it is in."""
        before, pid = self._output.n_bytes, self.pid
        if pid is None:
            return ""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGUSR1)
        until = time.monotonic() + PLACE_SECONDS
        while not (place := own_place(self._output.written(before))) and time.monotonic() < until:
            time.sleep(0.02)
        return place

    def predict(
        self,
        run: RunConfig,
        weights: Mapping[str, Tensor],
        split: PredictedRows,
        seconds: float,
    ) -> Tensor:
        """Ask for what a network predicts, which any idle process can.

        Raises:
            TrainingError: the network raised.
            WorkerLost: the process has ended, or has not answered in so many seconds.
        """
        predicted: Tensor = self._asked(GivePredictions(run, weights, split), seconds)
        return predicted

    def abandon(self) -> None:
        """End the process, since the rest of what is said or heard makes no sense.

        What it had sent by then is thrown away, so whoever listens next hears that it has ended.
        """
        self.said.clear()
        self._process.kill()
        self.hang_up()
        self.connection, nobody = Pipe()
        nobody.close()

    def look(self, limit: float) -> None:
        """End a process that gives no sign of life; whoever waits for it hears that it has ended.

        What it has written is kept short, too.

        Another thread may call this. The socket is shut down too: a process that is in a call
        of the system that cannot be broken off keeps its own end open.
        """
        self._output.bound()
        if self._is_loading:
            limit = LOADING_SILENCE_LIMIT
        if self._is_ended or self._silent_for or self._pulse.silence() <= limit:
            return
        self._silent_for = limit
        self._process.kill()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Close the connection, upon which the process ends by itself."""
        self.connection.close()
        self._socket.close()

    def end(self, patience: float = 0.0) -> None:
        """End the process and reap it.

        Args:
            patience: seconds to wait until it ends by itself, as the connection is closed.
        """
        if self._is_ended:
            return
        self._is_ended = True
        self.hang_up()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._process.kill()
        reap(self._process)
        if isinstance(self._process, ForkedProcess):
            self._process.close()
        self._pulse.close()
        self._output.close()

    def _asked(self, request: Message, seconds: float | None) -> Any:
        """The answer to a request; rounds that the worker tells of before it are put aside."""
        until = math.inf if seconds is None else time.monotonic() + seconds
        try:
            send(self.connection, request)
            while True:
                left = None if seconds is None else max(0.0, until - time.monotonic())
                if not self.connection.poll(left):
                    raise WorkerLost(f"the worker process {self.pid} took more than {seconds:g} s")
                reply = receive(self.connection)
                if isinstance(reply, Refused):
                    raise TrainingError(reply.message)
                if isinstance(reply, Given):
                    return reply.value
                self.said.append(reply)
        except (EOFError, OSError) as error:
            raise self._lost() from error

    def _lost(self) -> WorkerLost:
        """How a worker ended whose connection has closed, with its last words."""
        who = f"the worker process {self.pid}" if self.has_begun else "a worker process"
        if self._silent_for:
            silence = f"{who} gave no sign of life for {self._silent_for:g} s"
            return WorkerLost(silence, ENDED_SILENT)
        if self._is_ended:
            return WorkerLost(f"{who} was ended")
        try:
            code: int | None = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = reap(self._process)
        how = "no exit code yet" if code is None else how_it_ended(code)
        words = self._last_words()
        return WorkerLost(f"{who} ended with {how}" + (f": {words}" if words else ""))

    def _last_words(self) -> str:
        """The last line that the worker wrote."""
        lines = self._output.written().strip().splitlines()
        return lines[-1] if lines else ""


def _launch(
    assignment: Assignment, pulse: Pulse, output: int, server: WarmServer | None
) -> tuple[socket.socket, subprocess.Popen[bytes] | ForkedProcess]:
    inherited = [pulse.descriptor, assignment.dataset.descriptor]
    if assignment.kernels is not None:
        inherited.append(assignment.kernels.descriptor)
    if server is not None:
        with contextlib.suppress(OSError):  # it has ended
            return server.fork(MODULE, [pulse.descriptor, server.pid], inherited, output)
    return start_interpreter(MODULE, [pulse.descriptor], inherited, output)
