"""A process that has loaded what workers need, and forks one whenever it is asked to.

It is started before anything else of a search, so that it loads torch on another core while
this process loads pandas and reads the data; a worker is then there in milliseconds, at the
beginning and in the place of a lost one, and torch is loaded once for all of them. What the
server itself does is in `process_server.py`.

A worker is the server's child, so the server tells how it has ended and ends it when it shall. It
does so over a lifeline: a pair of sockets for each worker. When our end closes, with this process
at the latest, the server kills the worker. Where the system has no `pidfd_open` (it is Linux's),
and for other devices than the CPU, each worker is an interpreter of its own.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from automl.executors.interpreters import environment, start_interpreter
from automl.executors.resources import needs_processes
from automl.system.child_processes import reap

MODULE = "automl.executors.workers.process_server"

NUMBER = struct.Struct("i")
"""What goes over a lifeline: the worker's process id, then its exit code."""

LENGTH = struct.Struct("Q")
"""What stands before a `Fork`, together with its descriptors: its number of bytes, pickled."""

MOST_DESCRIPTORS = 16

LOOK_SECONDS = 1.0
"""How often someone who waits for a process id looks whether another thread has heard it."""

OUTPUT = (1, 2)
"""Where a process writes."""


@dataclass(frozen=True, slots=True)
class Fork:
    """A process that the server is asked for: what it runs, and the surroundings it finds.

    Sent with descriptors: of its lifeline, of the working directory, and of all `numbers`.
    """

    module: str
    arguments: tuple[int, ...]  # of the module's `main`
    numbers: tuple[int, ...]  # of the descriptors here, which they shall have there too
    environment: dict[str, str]


class ForkedProcess:
    """A child of the server, with as much of `subprocess.Popen` as who looks after it needs.

    Args:
        lifeline: our end of its lifeline.
    """

    def __init__(self, lifeline: socket.socket) -> None:
        self._lifeline = lifeline
        self._said = b""
        self._is_over = False  # nothing more will be said
        self._hearing = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process's id; None where the server has ended before it made the process.

        Waits for the server, which may be loading its libraries.
        """
        while not self.has_begun and not self._is_over:
            self._hear(LOOK_SECONDS)
        return self._number(0)

    @property
    def has_begun(self) -> bool:
        """Whether the server has made the process by now."""
        self._hear(0.0)
        return self._number(0) is not None

    def kill(self) -> None:
        """Let the server kill the process, or kill it as soon as it has made it."""
        with contextlib.suppress(OSError):  # it has ended, and that has been heard
            self._lifeline.shutdown(socket.SHUT_WR)

    def wait(self, timeout: float) -> int:
        """The exit code, below zero for signals.

        Raises:
            subprocess.TimeoutExpired: it has not ended within so many seconds, or the server
                has, so that nobody can tell.
        """
        until = time.monotonic() + timeout
        while (code := self._number(1)) is None:
            seconds = max(0.0, until - time.monotonic())
            self._hear(seconds)
            if self._number(1) is None and (self._is_over or seconds == 0.0):
                raise subprocess.TimeoutExpired(MODULE, timeout)
        return code

    def close(self) -> None:
        """Hear no more of it; the server kills it if it lives."""
        with self._hearing:
            self._is_over = True
            self._lifeline.close()

    def _number(self, place: int) -> int | None:
        start = place * NUMBER.size
        if len(self._said) < start + NUMBER.size:
            return None
        number: int = NUMBER.unpack_from(self._said, start)[0]
        return number

    def _hear(self, seconds: float) -> None:
        """Take in what the server says within so many seconds. Several threads may call this."""
        watch = select.poll()
        with self._hearing:  # another thread may hear the last, which closes the line
            if self._is_over:
                return
            watch.register(self._lifeline, select.POLLIN)
        if not watch.poll(1000 * seconds):
            return
        with self._hearing, contextlib.suppress(BlockingIOError):  # another thread has heard it
            if self._lifeline.fileno() < 0:  # it has heard the last
                return
            try:
                said = self._lifeline.recv(2 * NUMBER.size, socket.MSG_DONTWAIT)
            except ConnectionError:
                said = b""
            self._said += said
            self._is_over = not said or len(self._said) == 2 * NUMBER.size
            if self._is_over:
                self._lifeline.close()


class WarmServer:
    """A server that begins to load now, until `close`.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.n_users = 0
        self._is_trusted = True
        self._asking = threading.Lock()
        self._socket, self._process = start_interpreter(MODULE, [], [], subprocess.DEVNULL)

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def fork(
        self, module: str, arguments: Sequence[int], inherited: Sequence[int], output: int
    ) -> tuple[socket.socket, ForkedProcess]:
        """Ask for a process; return it and our end of a connection, as `start_interpreter` does.

        The process begins when the server has loaded; nobody waits for that here. Several threads
        may ask.

        Args:
            module: its function `main` is called with the arguments.
            arguments, inherited: as for `start_interpreter`.
            output: descriptor of where it writes.

        Raises:
            OSError: the server has ended, or did not do what it was asked for.
        """
        if not self._is_trusted:
            raise BrokenPipeError("the server did not make a process that it was asked for")
        ours, theirs = socket.socketpair()
        lifeline, far_end = socket.socketpair()
        numbers = (theirs.fileno(), *inherited, *OUTPUT)
        fork = Fork(module, (theirs.fileno(), *arguments), numbers, environment())
        place = os.open(os.curdir, os.O_PATH)
        try:
            self._send(
                fork, [far_end.fileno(), place, theirs.fileno(), *inherited, output, output]
            )
        except OSError:
            ours.close()
            lifeline.close()
            raise
        finally:
            os.close(place)
            theirs.close()
            far_end.close()
        return ours, ForkedProcess(lifeline)

    def _send(self, fork: Fork, descriptors: Sequence[int]) -> None:
        message = pickle.dumps(fork)
        with self._asking:
            socket.send_fds(self._socket, [LENGTH.pack(len(message))], descriptors)
            self._socket.sendall(message)

    def distrust(self) -> None:
        """Ask for no more workers: one did not come for so long that it was given up."""
        self._is_trusted = False

    def close(self) -> None:
        """End the server, and with it the processes that it has made."""
        self._process.kill()
        self._socket.close()
        reap(self._process)


_waiting: list[WarmServer] = []  # started ahead, for the engine that comes
_used: list[WarmServer] = []
_counting = threading.Lock()  # its users: several threads may take it and give it back


@contextmanager
def loading_ahead(
    workers: int | Literal["auto"], devices: Collection[str], *, is_limited: bool
) -> Iterator[None]:
    """Load what workers need while this process loads and reads, where there will be workers.

    Args:
        workers, is_limited: as for `needs_processes`.
        devices: on which they will train.
    """
    if not _waiting and can_serve(devices) and needs_processes(workers, is_limited=is_limited):
        with contextlib.suppress(OSError):  # then it is not there ahead
            _waiting.append(WarmServer())
    try:
        yield
    finally:
        for server in _waiting:  # nobody has taken it
            server.close()
        _waiting.clear()


def can_serve(devices: Collection[str]) -> bool:
    """Whether there is a server for workers on these devices: not for those that have drivers.

    A driver may have started threads as torch was loaded, which a fork would lack.
    """
    return set(devices) <= {"cpu"} and _knows_processes()


def _knows_processes() -> bool:
    """Whether there are descriptors of processes, which some containers forbid."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def take_server(devices: Collection[str]) -> WarmServer | None:
    """The server that was started ahead, or a new one; whoever takes it gives it back.

    Returns:
        None where there is none, as `can_serve` says, or it cannot be started.
    """
    if not can_serve(devices):
        return None
    ahead = [_waiting.pop() for _ in tuple(_waiting)]
    ours = [server for server in ahead if server.owner == os.getpid()]
    try:
        server = ours[0] if ours else WarmServer()
    except OSError:
        return None
    _used.append(server)
    return _shared(server)


def has_server() -> bool:
    """Whether somebody has taken a server and not given it back."""
    return any(server.owner == os.getpid() for server in _used)


def share_server() -> WarmServer | None:
    """A server that somebody has taken and not given back; whoever takes it gives it back, too."""
    ours = [server for server in _used if server.owner == os.getpid()]
    return _shared(ours[-1]) if ours else None


def give_back(server: WarmServer) -> None:
    """Need a server no more, nor any process that it has made; the last to say so ends it."""
    with _counting:
        server.n_users -= 1
        is_last = not server.n_users
    if is_last:
        _used.remove(server)
        server.close()


def _shared(server: WarmServer) -> WarmServer:
    with _counting:
        server.n_users += 1
    return server
