"""The beginning of a worker process: `python -m automl.executors.workers.process_beginning`.

Its arguments are two descriptors and a process id: CONNECTION [PULSE [PARENT]]. A child of the
server (`process_server.py`) begins here too, without an interpreter of its own.

Before it loads torch, which takes seconds, it begins to give signs of life (`heartbeat.py`) and
to watch its coordinator, so that it ends at once when that has ended, in the middle of a round
too; what it does then is in `process_conversation.py`. It is not started by `multiprocessing`,
whose children import the coordinator's `__main__`: so it works from notebooks, and from
scripts without `if __name__ == "__main__"`.
"""

from __future__ import annotations

import faulthandler
import signal
import sys
import threading

from automl.executors.heartbeat import begin_to_beat, end_with_coordinator


def main(connection: int, pulse: int | None = None, parent: int | None = None) -> None:
    """Answer requests until the coordinator ends.

    Args:
        connection: descriptor of a socket whose other end is the coordinator's.
        pulse: descriptor of where to give signs of life, and to count the orders taken.
        parent: the process upon whose end it ends too; None: its parent of now.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    faulthandler.register(signal.SIGUSR1)  # writes where it is, in whatever it hangs
    begin_to_beat(pulse, parent)
    threading.Thread(target=end_with_coordinator, args=(connection,), daemon=True).start()
    from automl.executors.workers.process_conversation import converse

    converse(connection, pulse)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
