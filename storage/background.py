"""The thread that writes what waits, about a second after it came, and beats for other hosts.

A thread knows its database by a weak reference only, so that one that nobody uses any more is
closed, and ends with it.
"""

from __future__ import annotations

import threading
import time
import weakref
from typing import Protocol

from storage.processes import HEARTBEAT_SECONDS

FLUSH_SECONDS = 1.0
"""How long a write may wait. Issue: a killed process loses at most one second of a curve."""


class Flushed(Protocol):
    """What is written in the background."""

    def flush_in_background(self, *, beat: bool) -> None:
        """Write what waits, and tell other hosts that this process lives if it is time to."""


class Background:
    """The background thread of a database, which begins when there is something to do."""

    def __init__(self, database: Flushed) -> None:
        self._database = weakref.ref(database)
        self.renew()

    def renew(self) -> None:
        """Be without a thread: new, stopped, or forked."""
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Beat from now on."""
        database = self._database()
        if self._thread is None and database is not None:
            self._thread = threading.Thread(
                target=_work,
                args=(self._database, self._wake, self._stop),
                name="storage-flush",
                daemon=True,
            )
            self._thread.start()
            weakref.finalize(database, _end, self._wake, self._stop).atexit = False

    def wake(self) -> None:
        """Say that something waits."""
        if not self._wake.is_set():
            self.start()
            self._wake.set()

    def rest(self) -> None:
        """Say that nothing waits any more."""
        self._wake.clear()

    def stop(self) -> None:
        """End the thread; it may start again."""
        _end(self._wake, self._stop)
        self.renew()


def _work(reference: weakref.ref[Flushed], wake: threading.Event, stop: threading.Event) -> None:
    beaten_at = time.monotonic()
    while not stop.is_set():
        if wake.wait(HEARTBEAT_SECONDS) and stop.wait(FLUSH_SECONDS):
            return
        database = reference()
        if database is None:
            return
        wake.clear()
        beat = time.monotonic() - beaten_at >= HEARTBEAT_SECONDS
        if beat:
            beaten_at = time.monotonic()
        database.flush_in_background(beat=beat)
        del database


def _end(wake: threading.Event, stop: threading.Event) -> None:
    stop.set()
    wake.set()
