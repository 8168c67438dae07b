"""Calls that another process makes, beside the training: what needs scikit-learn, above all.

A coordinator that loads scikit-learn and grows trees in a thread shares the interpreter with it:
300 trials of digits took 5.1 s instead of 3.6, since the workers waited for their coordinator. The
server that forks workers has loaded it while nobody needed it yet (`process_server.py`), so that a
fork of it can begin at once. Where there is no server, or the process does not answer, whatever
the reason, the call is made here: so it fails as it would have, and costs nobody a result.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from automl.executors.heartbeat import SILENCE_LIMIT, Pulse
from automl.executors.unnamed_files import SharedBytes
from automl.executors.workers.warm_server import WarmServer, give_back, share_server
from automl.system.child_processes import reap

MODULE = "automl.executors.calls_worker"

LOOK_SECONDS = 1.0
"""How often it is looked whether the process gives signs of life."""

_Result = TypeVar("_Result")


def call_aside(call: Callable[[], _Result]) -> _Result:
    """The result of a call, from another process where the workers' server makes one.

    Args:
        call: a function that others find by its name, with arguments that can be pickled, and
            without effects. It may be made twice.
    """
    server = share_server()
    if server is None:
        return call()
    try:
        answer: _Result = _asked(server, call)
    except Exception:
        return call()
    finally:
        give_back(server)
    return answer


def _asked(server: WarmServer, call: Callable[[], Any]) -> Any:
    """What a process answers.

    Raises:
        OSError, EOFError: it has ended, or gives no sign of life.
    """
    message = SharedBytes.of(pickle.dumps(call))
    with closing(message), closing(Pulse()) as pulse, Path(os.devnull).open("wb") as nowhere:
        inherited = [pulse.descriptor, message.descriptor]
        told = [*inherited, message.n_bytes]
        ours, process = server.fork(MODULE, told, inherited, nowhere.fileno())
        with closing(process), Connection(ours.detach()) as connection:
            try:
                return _answer(connection, pulse)
            finally:
                process.kill()
                reap(process)


def _answer(connection: Connection, pulse: Pulse) -> Any:
    while not connection.poll(LOOK_SECONDS):
        if pulse.silence() > SILENCE_LIMIT:
            raise TimeoutError("the process gives no sign of life")
    return pickle.loads(connection.recv_bytes())
