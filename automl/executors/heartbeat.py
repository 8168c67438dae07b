"""Signs of life: whether a worker process is slow, or stands still, and what it came to.

A thread of the worker counts beats in shared memory every second, whatever its training does:
an epoch of an hour goes on beating, while a process that was stopped by a signal, waits for a
dead drive or hangs with the interpreter's lock does not. The coordinator's watch ends a worker
that has been silent for too long. All that waits for that worker, in the middle of a message
too, then wakes up as it does for any worker that has died.

The memory outlives the worker. So it also counts there the orders that it has taken, of which a
worker that has died can tell nobody.
"""

from __future__ import annotations

import mmap
import os
import select
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from automl.executors.unnamed_files import unnamed_file

BEAT_SECONDS = 1.0

LONGEST_LOOK_SECONDS = 2 * BEAT_SECONDS
"""No more than this counts as silence between two looks. A coordinator that did not run itself,
as its container was paused or its machine slept, cannot tell how its workers fared."""

SILENCE_LIMIT = 30.0
"""Seconds without a beat after which a worker is ended. The interpreter's lock was never held
longer than 0.4 s in a round or an import; the rest is for machines that swap."""

LOADING_SILENCE_LIMIT = 60.0
"""The same while a worker loads its libraries: torch's come in one piece that lets no beat
pass, which a network drive may take long for."""

ENDING_SILENCE_LIMIT = 5.0
"""The same once the search is to end: a person, or a timeout, waits for it."""


BEATS, ORDERS = range(2)
"""Where in the shared memory the worker counts what."""

N_BYTES = 16
"""Two numbers of 64 bits."""


class Pulse:
    """What the coordinator sees of a worker, dead or alive."""

    def __init__(self) -> None:
        self.descriptor = unnamed_file("automl-pulse", N_BYTES)  # the worker inherits it
        self._counts = _counts(self.descriptor)
        self._last_beat = 0
        self._looked_at = time.monotonic()
        self._silence = 0.0

    def silence(self) -> float:
        """Seconds since the last beat, as far as this process was there to listen."""
        now, beat = time.monotonic(), self._counts[BEATS]
        if beat != self._last_beat:
            self._last_beat, self._silence = beat, 0.0
        else:
            self._silence += min(now - self._looked_at, LONGEST_LOOK_SECONDS)
        self._looked_at = now
        return self._silence

    @property
    def n_orders(self) -> int:
        """How many orders the worker has taken."""
        return self._counts[ORDERS]

    def close(self) -> None:
        """Close this process's descriptor; the worker keeps its own, and this one what it saw."""
        os.close(self.descriptor)


class Watched(Protocol):
    """A worker, as the watch knows it."""

    def look(self, limit: float) -> None:
        """End the process if it has been silent for longer."""


class Watch:
    """A thread that looks after workers until it is closed.

    Args:
        workers: a list that changes as workers are replaced.
    """

    def __init__(self, workers: Sequence[Watched]) -> None:
        self.limit = SILENCE_LIMIT
        self._workers = workers
        self._is_closed = threading.Event()
        threading.Thread(target=self._look_after, name="automl-watch", daemon=True).start()

    def _look_after(self) -> None:
        while not self._is_closed.wait(BEAT_SECONDS):
            for worker in tuple(self._workers):
                worker.look(self.limit)

    def close(self) -> None:
        """End the thread, soon."""
        self._is_closed.set()


class TakenOrders:
    """The worker's side of `Pulse.n_orders`.

    Args:
        descriptor: of the coordinator's `Pulse`; None: nobody wants to know.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._counts = None if descriptor is None else _counts(descriptor)

    def note(self) -> None:
        """Orders are taken now: whatever they do to this process, it has had them."""
        if self._counts is not None:
            self._counts[ORDERS] += 1


def begin_to_beat(descriptor: int | None, parent: int | None = None) -> None:
    """Give signs of life from now on, in a thread; end when the parent has.

    Args:
        descriptor: of the coordinator's `Pulse`; None: only look whether the parent is there.
        parent: which process it was; None: that of now.
    """
    counts = None if descriptor is None else _counts(descriptor)
    arguments = (counts, os.getppid() if parent is None else parent)
    threading.Thread(target=_beat, args=arguments, name="automl-beat", daemon=True).start()


def _counts(descriptor: int) -> memoryview[int]:
    """The shared memory, as numbers that are each written at once."""
    return memoryview(mmap.mmap(descriptor, N_BYTES)).cast("Q")


def _beat(counts: memoryview[int] | None, parent: int) -> None:
    while os.getppid() == parent:
        if counts is not None:
            counts[BEATS] += 1
        time.sleep(BEAT_SECONDS)
    os._exit(0)


def end_with_coordinator(connection: int) -> None:
    """Wait until the other end of the connection is closed, then end without further ado."""
    watch = select.poll()
    watch.register(connection, 0)  # a hang-up is reported though nothing is asked for
    watch.poll()
    os._exit(0)
