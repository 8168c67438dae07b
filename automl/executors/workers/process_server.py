"""The server that forks workers: `python -m automl.executors.workers.process_server CONNECTION`.

It loads what a worker needs and then does nothing but fork, so that there is nothing a child
could find in the middle: no thread, no file, no number that torch has computed, which might have
started threads, and no device. Until somebody asks for a child it goes on loading, on a core that
would be idle: what the processes need that fit other models than networks. A child closes all that
is the server's, takes over what was sent for it under the numbers that it has in the coordinator,
and begins as a worker that has an interpreter to itself does (`process_beginning.py`). The
coordinator's side is `warm_server.py`.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import os
import pickle
import select
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from automl.data.fitting_libraries import load_pieces
from automl.executors.resources import available_cores
from automl.executors.workers.warm_server import LENGTH, MOST_DESCRIPTORS, NUMBER, Fork

LOADED = (
    "automl.executors.workers.process_conversation",
    "automl.stacked.trainer",
    "automl.models.mlp.family",
)
"""Modules that are there in each worker. The plain trainer's optimizers are not among them: they
take memory that a limit on training counts."""

LOOK_SECONDS = 1.0
"""How often it is looked whether the coordinator lives: a fork of it may hold the connection."""


@dataclass(slots=True)
class Child:
    """A process that was forked."""

    pid: int
    end: int  # a descriptor (pidfd) that can be read once it has ended
    lifeline: socket.socket
    is_killed: bool = False


class Server:
    """Forks what it is asked for, and tells how each has ended.

    Args:
        coordinator: where requests come from.
    """

    def __init__(self, coordinator: socket.socket) -> None:
        self._coordinator = coordinator
        self._parent = os.getppid()
        self._children: list[Child] = []

    def serve(self) -> Fork | None:
        """Serve until the coordinator ends.

        Returns:
            In each child what it was asked for. In the server, once the coordinator has ended
            and all children are killed, None.
        """
        while os.getppid() == self._parent:
            ready = self._wait()
            for child in tuple(self._children):
                if child.lifeline.fileno() in ready:
                    child.is_killed = True
                    os.kill(child.pid, signal.SIGKILL)
                if child.end in ready:
                    self._tell_end(child)
            if self._coordinator.fileno() in ready:
                asked = _receive(self._coordinator)
                if asked is None:
                    break
                fork, descriptors = asked
                if self._fork(descriptors[0]) == 0:
                    self._leave(fork, descriptors[1:])
                    return fork
                for descriptor in descriptors[1:]:
                    os.close(descriptor)
        for child in self._children:
            os.kill(child.pid, signal.SIGKILL)
        return None

    def _wait(self) -> set[int]:
        """Descriptors that have something to say. A lifeline says only that it is closed."""
        watch = select.poll()
        watch.register(self._coordinator, select.POLLIN)
        for child in self._children:
            watch.register(child.end, select.POLLIN)
            if not child.is_killed:
                watch.register(child.lifeline, select.POLLIN)
        return {descriptor for descriptor, _ in watch.poll(1000 * LOOK_SECONDS)}

    def _fork(self, lifeline: int) -> int:
        """Fork, and tell the process's id; 0 in the child. Without a process the line closes."""
        with contextlib.ExitStack() as undo:
            line = undo.enter_context(socket.socket(fileno=lifeline))
            try:
                pid = os.fork()
            except OSError:
                return -1
            undo.pop_all()
        if pid:
            self._children.append(Child(pid, os.pidfd_open(pid), line))
            _tell(line, pid)
        else:
            line.detach()
        return pid

    def _tell_end(self, child: Child) -> None:
        _, status = os.waitpid(child.pid, 0)
        _tell(child.lifeline, os.waitstatus_to_exitcode(status))
        child.lifeline.close()
        os.close(child.end)
        self._children.remove(child)

    def _leave(self, fork: Fork, descriptors: Sequence[int]) -> None:
        """Become a process of its own, in a child."""
        self._coordinator.detach()  # closed below, under a number that is then another's
        for child in self._children:
            child.lifeline.detach()
        os.setpgid(0, 0)
        os.fchdir(descriptors[0])
        _take_over(descriptors[1:], fork.numbers)
        os.environ.clear()
        os.environ.update(fork.environment)
        sys.path[:] = fork.environment["PYTHONPATH"].split(os.pathsep)
        importlib.invalidate_caches()
        _forget_random_numbers()
        gc.enable()


def _receive(coordinator: socket.socket) -> tuple[Fork, list[int]] | None:
    """The next request and its descriptors; None if the coordinator has ended."""
    length, descriptors, _, _ = socket.recv_fds(coordinator, LENGTH.size, MOST_DESCRIPTORS)
    if not length:
        return None
    message = b""
    n_bytes = LENGTH.unpack(length)[0]
    while len(message) < n_bytes:
        more = coordinator.recv(n_bytes - len(message))
        if not more:
            return None
        message += more
    return pickle.loads(message), descriptors


def _tell(lifeline: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        lifeline.sendall(NUMBER.pack(number))


def _take_over(descriptors: Sequence[int], numbers: Sequence[int]) -> None:
    """Give descriptors their numbers, and close all others but stdin, other children's too."""
    above = max(*descriptors, *numbers) + 1
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, above) for descriptor in descriptors]
    os.closerange(1, above)
    for descriptor, number in zip(moved, numbers, strict=True):
        os.dup2(descriptor, number)
    os.closerange(above, 1 + max(int(each.name) for each in Path("/proc/self/fd").iterdir()))


def _forget_random_numbers() -> None:
    """Let a person's code that draws numbers of its own not draw the same ones in each worker."""
    import numpy as np

    np.random.seed()


def _load_further(coordinator: socket.socket) -> None:
    """Load what fits other models until the first request is there.

    On a single core that would take the time of the coordinator, which reads the data.
    """
    if available_cores() == 1:
        return
    watch = select.poll()
    watch.register(coordinator, select.POLLIN)
    pieces = load_pieces()
    while not watch.poll(0) and next(pieces, None) is not None:
        pass


def main(connection: int) -> None:
    """Load, serve, and in each child do what was asked for.

    Args:
        connection: descriptor of a socket whose other end is the coordinator's.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    gc.disable()
    for module in LOADED:
        importlib.import_module(module)
    coordinator = socket.socket(fileno=connection)
    _load_further(coordinator)
    gc.freeze()  # children do not look for garbage here, which would copy the memory it is in
    if len(list(Path("/proc/self/task").iterdir())) > 1:  # children would lack them
        return
    fork = Server(coordinator).serve()
    if fork is not None:
        importlib.import_module(fork.module).main(*fork.arguments)


if __name__ == "__main__":
    main(int(sys.argv[1]))
