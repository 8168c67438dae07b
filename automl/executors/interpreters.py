"""How a process of our own is started: an interpreter that shares nothing but some descriptors."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence

from automl.system.child_processes import module_search_path

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""Read by the numeric libraries when they are loaded, so set before the process begins."""


def environment() -> dict[str, str]:
    """The environment of a process of our own: our modules, and one thread to count with."""
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": module_search_path(sys.path)}


def start_interpreter(
    module: str, arguments: Sequence[int], inherited: Sequence[int], output: int
) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Run a module in a new interpreter, and return it with our end of a connection to it.

    It gets the modules that this process would get (`-P` keeps the working directory from
    coming first), and its own process group, so that Ctrl-C reaches this process only.

    Args:
        arguments: what the module is told, after the descriptor of its end of the connection.
        inherited: further descriptors that it gets.
        output: descriptor of where it writes, or `subprocess.DEVNULL`.

    Raises:
        OSError: it cannot be started.
    """
    ours, theirs = socket.socketpair()
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, *map(str, (theirs.fileno(), *arguments))],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[theirs.fileno(), *inherited],
            process_group=0,
            env=environment(),
        )
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return ours, process
