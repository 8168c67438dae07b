"""The process that makes one call for a coordinator, a fork of the workers' server.

It answers with what the call returns. Where that raises, it ends without an answer: the
coordinator then makes the call itself, and gets the error where somebody sees it.
"""

from __future__ import annotations

import os
import pickle
import signal
from multiprocessing.connection import Connection

from automl.executors.heartbeat import begin_to_beat
from automl.executors.reference_worker import NICENESS
from automl.executors.unnamed_files import SharedBytes


def main(connection: int, pulse: int, descriptor: int, n_bytes: int) -> None:
    """Make the call, and end.

    Args:
        connection: descriptor of a socket whose other end is the coordinator's.
        pulse: descriptor of where to give signs of life.
        descriptor, n_bytes: of the `SharedBytes` that the pickled call is in.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    begin_to_beat(pulse)
    os.nice(NICENESS)
    call = pickle.loads(SharedBytes(descriptor, n_bytes).read())
    Connection(connection).send_bytes(pickle.dumps(call()))
    # Without the interpreter's own goodbye, which might meet the thread that beats.
    os._exit(0)
