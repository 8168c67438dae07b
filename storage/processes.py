"""Which process works on which trial, and whether that process still lives.

A process is known by its host, the host's boot, its process id and its start time: a
process id alone is given out again. On the same host the operating system tells at once
whether it lives; a process on another host is taken for dead when its heartbeat, written
every 30 seconds, is four beats late. Closing a storage ends its claims, so that a notebook
that stopped a search can go on in the same process.
"""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from sqlalchemy import Connection, select

from storage.engine import upsert
from storage.stored_values import damaged_in
from storage.tables import CLAIMS, PROCESSES

HEARTBEAT_SECONDS = 30.0
"""How often a process tells other hosts that it lives."""

GRACE_SECONDS = 4 * HEARTBEAT_SECONDS
"""Silence after which a process on another host is taken for dead."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told apart from every other one, past or present, on any host."""

    host: str
    boot_id: str
    process_id: int
    started: str

    @property
    def is_local(self) -> bool:
        """Whether it ran on this host since the host was started."""
        return (self.host, self.boot_id) == (platform.node(), _boot_id())

    @property
    def lives(self) -> bool:
        """Whether a process of this host runs now; only meaningful where `is_local`."""
        return start_time(self.process_id) == self.started


def this_process() -> Process:
    """The calling process."""
    process_id = os.getpid()
    return Process(platform.node(), _boot_id(), process_id, start_time(process_id) or "")


def start_time(process_id: int) -> str | None:
    """When a process of this host was started, in the host's own terms; None if it is gone.

    On Linux this is field 22 of /proc/PID/stat, the clock ticks since the boot, and a zombie
    is gone. Elsewhere `ps` tells; where there is no `ps`, only that it exists is known.
    """
    if Path("/proc/self/stat").exists():
        try:
            text = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        fields = text.rpartition(")")[2].split()  # the name before may hold anything
        return None if fields[0] in "ZX" else fields[19]
    try:
        answer = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(process_id)],
            capture_output=True,
            text=True,
            check=False,
        )
        return answer.stdout.strip() or None
    except OSError:
        return ""


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


@functools.cache
def _register(dialect: str) -> sqlalchemy.Executable:
    return upsert(PROCESSES, ("process",), ("beaten_at",), dialect)


@functools.cache
def _claim(dialect: str) -> sqlalchemy.Executable:
    return upsert(CLAIMS, ("trial_id",), ("process", "lost_attempts"), dialect)


class Claims:
    """The trials that one opened database holds for this process, and how others see that."""

    def __init__(self) -> None:
        self.after_fork()

    def after_fork(self) -> None:
        """Be another process than the parent, and hold nothing."""
        self.key = uuid.uuid4().hex
        self.held: set[int] = set()  # trial_ids
        self._is_registered = False
        self.begin()

    def begin(self) -> None:
        """Remember how things are: a block of a transaction begins."""
        self._before = (set(self.held), self._is_registered)

    def undo(self) -> None:
        """Be as at `begin`: nothing of the block is in the file."""
        held, self._is_registered = self._before
        self.held = set(held)

    def hold(self, trial_ids: Iterable[int]) -> None:
        """Have trials in training whose claims are in the file."""
        self.registered()
        self.held.update(trial_ids)

    def register(self, connection: Connection) -> None:
        """Write down who this process is; harmless again, until `registered` says it is in."""
        if self._is_registered:
            return
        process = this_process()
        connection.execute(
            _register(connection.dialect.name),
            {
                "process": self.key,
                "host": process.host,
                "boot_id": process.boot_id,
                "process_id": process.process_id,
                "started": process.started,
                "beaten_at": time.time(),
            },
        )

    def registered(self) -> None:
        """The transaction of `register` is committed."""
        self._is_registered = True

    @property
    def is_registered(self) -> bool:
        """Whether others can see this process."""
        return self._is_registered

    def claim(self, connection: Connection, trial_id: int, lost_attempts: int = 0) -> None:
        """Say that this process works on a trial."""
        self.register(connection)
        connection.execute(
            _claim(connection.dialect.name),
            {"trial_id": trial_id, "process": self.key, "lost_attempts": lost_attempts},
        )

    def beat(self, connection: Connection) -> None:
        """Tell other hosts that this process lives."""
        connection.execute(
            PROCESSES.update().where(PROCESSES.c.process == self.key).values(beaten_at=time.time())
        )

    def release(self, connection: Connection) -> None:
        """Give up all claims: what is still running of this process's is nobody's now."""
        connection.execute(PROCESSES.delete().where(PROCESSES.c.process == self.key))


def dead_processes(connection: Connection, among: set[str] | None = None) -> set[str]:
    """Keys of the processes that no longer live, among those given or all that hold a claim."""
    if among is None:
        among = set(connection.scalars(select(CLAIMS.c.process).distinct()))
    return among - living_processes(connection, among).keys()


def living_processes(connection: Connection, among: set[str]) -> dict[str, Process]:
    """Those of some processes that live, by their keys."""
    query = select(
        PROCESSES.c.process,
        PROCESSES.c.host,
        PROCESSES.c.boot_id,
        PROCESSES.c.process_id,
        PROCESSES.c.started,
        PROCESSES.c.beaten_at,
    )
    living = {}
    with damaged_in(PROCESSES.name):
        for key, *who, beaten_at in connection.execute(query):
            process = Process(*who)
            if key in among and _lives(process, beaten_at):
                living[key] = process
    return living


def forget_dead(connection: Connection) -> None:
    """Delete the rows of dead processes: who has a claim and no row is dead as well."""
    known = set(connection.scalars(select(PROCESSES.c.process)))
    dead = dead_processes(connection, known)
    if dead:
        connection.execute(PROCESSES.delete().where(PROCESSES.c.process.in_(dead)))


def _lives(process: Process, beaten_at: float) -> bool:
    if process.is_local:
        return process.lives
    if process.host == platform.node() and process.boot_id:
        return False  # the host was started anew since
    return time.time() - beaten_at < GRACE_SECONDS
