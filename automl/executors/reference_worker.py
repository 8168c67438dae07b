"""The process that fits references: `python -m automl.executors.reference_worker ...`.

It tells, after each step, all that there is by then: a pickled mapping, or, as its last words, a
text that says which error ended it. Nobody answers. It gives signs of life and ends with its
coordinator, as the workers that train do.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from multiprocessing.connection import Connection

from automl.executors.heartbeat import begin_to_beat, end_with_coordinator

NICENESS = 5
"""Beside a training that wants the same core, Linux gives such a process 335 of 1,359 parts of the
time: of two cores, the fewest on which it is started, 12 %. Where a core is idle it has it all.
Source: sched(7) and the kernel's `sched_prio_to_weight`."""


def main(
    connection: int,
    pulse: int,
    effort: int,
    descriptor: int,
    n_bytes: int,
    n_outline_bytes: int,
) -> None:
    """Fit the references of a data set.

    Args:
        connection: descriptor of a socket whose other end is the coordinator's.
        pulse: descriptor of where to give signs of life.
        effort: of boosted trees.
        descriptor, n_bytes, n_outline_bytes: of the `SharedDataset`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    begin_to_beat(pulse)
    threading.Thread(target=end_with_coordinator, args=(connection,), daemon=True).start()
    os.nice(NICENESS)
    from automl.data.fitting_libraries import load_pieces

    for _ in load_pieces():
        pass
    from automl.data.references import fit_in_steps, possible_references
    from automl.executors.shared_dataset import SharedDataset
    from automl.system.own_code import describe

    listener = Connection(connection)
    try:
        dataset = SharedDataset(descriptor, n_bytes, n_outline_bytes).open()
        for fitted in fit_in_steps(dataset, possible_references(dataset), effort):
            listener.send_bytes(pickle.dumps(fitted))
    except Exception as error:
        listener.send_bytes(pickle.dumps(describe(error)))
    # Without the interpreter's own goodbye, which might meet the watching thread.
    os._exit(0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
