"""What /proc says of the processes that a process has started, and that these have."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

SERVER = "automl.executors.workers.process_server"


def children(pid: int, module: str = "") -> list[int]:
    """Children that live, of those whose command line has the module."""
    return sorted(each for each, parent, command in _all() if parent == pid and module in command)


def workers(pid: int) -> list[int]:
    """The worker processes of a coordinator: what its servers have forked."""
    return sorted(each for server in children(pid, SERVER) for each in children(server))


def stop(pid: int) -> None:
    """Stop a process, and wait until it does nothing any more."""
    os.kill(pid, signal.SIGSTOP)
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.01)


def is_gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether there is no such process, or there is not within so many seconds."""
    until = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _all() -> Iterator[tuple[int, int, str]]:
    """Id, parent and command line of all processes but those that only wait to be heard of."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            yield int(folder.name), int(parent), command
