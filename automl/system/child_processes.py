"""Programs that this process starts: what they are told of it, and how long they may take.

A program that is waited for has a deadline, and goes with everything that it has started
itself. Worker processes are not waited for; `executors/workers/process.py` looks after them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

END_SECONDS = 5.0
"""How long to wait until a killed process is gone. It is at once, unless it is in a call of the
system that cannot be broken off, such as on a network drive: nobody shall wait for that."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended: its exit code (below zero: the signal), and what it wrote."""

    code: int
    output: str

    @property
    def how(self) -> str:
        """The exit code in words."""
        return how_it_ended(self.code)


def run_within(
    seconds: float, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Finished:
    """Run a program to its end.

    Its output goes to a file and not through a pipe, which something that it left behind could
    hold open. It has its own process group, so that an interrupt reaches this process only.

    Raises:
        TimeoutError: it took longer, and has been killed with all that it had started.
        OSError: it cannot be started.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
            env=environment,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(
                f"{Path(command[0]).name} did not end within {seconds:g} seconds"
            ) from None
        finally:
            if process.returncode is None:  # too slow, or Ctrl-C while waiting
                end_group(process)
        output.seek(0)
        return Finished(code, output.read().decode(errors="replace").strip())


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads a group, with the group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    reap(process)


class Waited(Protocol):
    """A process as who waits for it knows it: `subprocess.Popen`, or a child of another one."""

    def wait(self, timeout: float) -> int:
        """The exit code; raises `subprocess.TimeoutExpired`."""


def reap(process: Waited) -> int | None:
    """Wait for a process that was killed; None if it is still not gone after `END_SECONDS`."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(END_SECONDS)
    return None


def how_it_ended(code: int) -> str:
    """An exit code in words, as subprocess gives it: below zero for signals."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:  # real-time signals have numbers only
        return f"signal {-code}"


def module_search_path(entries: Sequence[str]) -> str:
    """`sys.path` as an environment variable; "" in it is the working directory."""
    return os.pathsep.join(entry or str(Path.cwd()) for entry in entries)
