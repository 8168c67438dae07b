"""References fitted beside the training, in a process of their own that steps back for it.

The process tells what it has after each step, see `reference_worker.py`; a thread keeps the last
that came. So there is no question that could remain without an answer: whoever needs the
references waits for as long as is wise, and for no process without signs of life, takes what has
come by then, and ends the process, whether it is slow, was stopped, hangs or has died.
"""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import socket
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from automl.data.dataset import Dataset, Split
from automl.data.inputs import Columns
from automl.data.references import FittedReferences
from automl.data.tree_growth import FULL_EFFORT
from automl.executors.heartbeat import Pulse
from automl.executors.interpreters import start_interpreter
from automl.executors.shared_dataset import SharedDataset
from automl.executors.workers.warm_server import (
    ForkedProcess,
    WarmServer,
    give_back,
    share_server,
)
from automl.system.child_processes import how_it_ended, reap

MODULE = "automl.executors.reference_worker"


class ReferenceProcess:
    """Fits the references of a data set from now on, until `end`.

    Args:
        effort: of boosted trees.

    Raises:
        OSError: it cannot be started, or there is no room for its copy of the data.
    """

    def __init__(self, dataset: Dataset, effort: int = FULL_EFFORT) -> None:
        self.fitted: FittedReferences = {}  # so far; nothing while it loads its libraries
        self.failure: str | None = None  # how it ended, where it has not fitted all
        self._server = share_server()  # the workers', which has loaded half of what it needs
        shared = SharedDataset.of(_columns_alone(dataset))
        pulse = Pulse()
        inherited = [pulse.descriptor, shared.descriptor]
        arguments = [pulse.descriptor, effort]
        arguments += [shared.descriptor, shared.n_bytes, shared.n_outline_bytes]
        try:
            self._socket, self._process = _start(self._server, arguments, inherited)
        except OSError:
            self._leave_server()
            raise
        finally:
            shared.close()  # the process has its own
            pulse.close()
        self._pulse: Pulse | None = pulse
        self._listening = threading.Thread(
            target=self._listen, name="automl-references", daemon=True
        )
        self._listening.start()

    @property
    def pid(self) -> int | None:
        """The process's id; None where its server has ended before there was a process."""
        return self._process.pid

    @property
    def is_forked(self) -> bool:
        """Whether it has most of its libraries from its beginning, as a fork of the server."""
        return isinstance(self._process, ForkedProcess)

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended; False if it has not when the time is up."""
        self._listening.join(seconds)
        return not self._listening.is_alive()

    def silence(self) -> float:
        """Seconds since its last sign of life."""
        return math.inf if self._pulse is None else self._pulse.silence()

    def end(self) -> None:
        """End the process, whatever it is in. What it had told remains."""
        self._process.kill()
        with contextlib.suppress(OSError):  # it has closed its end already
            # A process in a call of the system that cannot be broken off keeps its end open.
            self._socket.shutdown(socket.SHUT_RDWR)
        self._listening.join()
        self._socket.close()
        self._pulse = None  # a descriptor goes with its memory
        if isinstance(self._process, ForkedProcess):
            self._process.close()
        self._leave_server()

    def _leave_server(self) -> None:
        if self._server is not None:
            give_back(self._server)
            self._server = None

    def _listen(self) -> None:
        connection = Connection(os.dup(self._socket.fileno()))
        with connection, contextlib.suppress(EOFError, OSError):
            while True:
                told = pickle.loads(connection.recv_bytes())
                if isinstance(told, str):
                    self.failure = told
                else:
                    self.fitted = told
        code = reap(self._process)
        if code != 0:
            how = "no exit code" if code is None else how_it_ended(code)
            self.failure = f"the process that fits it ended with {how}"


def _start(
    server: WarmServer | None, arguments: Sequence[int], inherited: Sequence[int]
) -> tuple[socket.socket, subprocess.Popen[bytes] | ForkedProcess]:
    if server is not None:
        with contextlib.suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            return server.fork(MODULE, arguments, inherited, nowhere.fileno())
    return start_interpreter(MODULE, arguments, inherited, subprocess.DEVNULL)


def _columns_alone(dataset: Dataset) -> Dataset:
    """The part of the inputs that references read."""

    def lighter(rows: Split) -> Split:
        return replace(rows, inputs=Columns.of(rows.inputs))

    folds = [
        replace(
            fold, train=lighter(fold.train), valid=lighter(fold.valid), test=lighter(fold.test)
        )
        for fold in dataset.folds
    ]
    return replace(dataset, folds=tuple(folds))
