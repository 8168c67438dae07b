"""One connection, one lock, one buffer of writes: what Optuna's tables and ours share.

Whoever has something to write keeps it as a `Pending` and calls `changed()`. Everything
pending is written in one transaction: by `flush()`, before any other write, on `close()`,
at exit, and by a background thread after one second. What could not be written stays
pending. A block of `transaction()` is all in the file or nothing of it is, and where it is
not, memory is as it was before. A forked child starts with nothing pending and a connection
of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sqlite3
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from storage import engine as engines
from storage.errors import StorageError, StorageWarning, explained
from storage.pending import Pending
from storage.rescue import FileGuard

FLUSH_SECONDS = 1.0
"""How long a write may wait. Issue: a killed process loses at most one second of a curve."""

HEARTBEAT_SECONDS = 30.0
"""How often a process tells other hosts that it lives."""


class Database:
    """A database that one process reads and writes through one connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.changes = 0  # grows when another connection has committed; see `poll`
        self.on_heartbeat: Callable[[], None] | None = None
        self.on_rescue: Callable[[Connection], None] | None = None
        self._engine = engines.make_engine(url)
        self.shown_url = self._engine.url.render_as_string(hide_password=True)
        self._pending: list[Pending] = []
        self._lock = threading.RLock()
        self._block: contextlib.ExitStack | None = None  # of the open `transaction()`
        self._is_writing = False
        self._after_commit: list[Callable[[], None]] = []
        self._start_afresh()
        _OPEN.add(self)

    def _start_afresh(self) -> None:
        """Be without connection and thread: new, closed and opened again, or forked."""
        self._closed = False
        self._guard: FileGuard | None = None  # where the database is a file that is open
        self._has_written = False
        self._connection: Connection | None = None
        self._raw: sqlite3.Connection | None = None
        self._data_version: int | None = None
        self._checked_changes = -1  # `changes` when deletions were last looked for
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def dialect(self) -> str:
        """Name of the SQL dialect: "sqlite", "postgresql"."""
        return self._engine.dialect.name

    def register(self, pending: Pending) -> None:
        """Add a source of writes. Sources are written in the order of registration."""
        self._pending.append(pending)

    @property
    def lock(self) -> threading.RLock:
        """Held by every call that touches what is in memory."""
        return self._lock

    # Reading and writing

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the file, without what is pending."""
        with self._lock:
            connection = self._connect()
            if connection.in_transaction():
                yield connection
                return
            with engines.begin(connection, write=False):
                yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes, with all that is pending in front.

        Inside `transaction()` it is part of that one, and what is pending waits for its end.
        """
        with self._lock:
            connection = self._connect()
            if connection.in_transaction():
                if not self._is_writing:
                    raise RuntimeError("A transaction that reads cannot begin to write.")
                yield connection
            elif self._block is not None:
                self._block.enter_context(self._begin_writing(connection))
                yield connection
            else:
                with self._begin_writing(connection):
                    self._write_pending(connection)
                    yield connection
                self._clear_pending()

    @contextlib.contextmanager
    def _begin_writing(self, connection: Connection) -> Iterator[None]:
        if self._guard is not None:
            self._guard.check(self._write_to_copy)
        self._is_writing = self._has_written = True
        try:
            with engines.begin(connection, write=True):
                if self.poll() != self._checked_changes:
                    self.forget_deleted(connection)
                yield
        finally:
            self._is_writing = False

    def flush(self) -> None:
        """Write all that is pending, in one transaction.

        Raises:
            StorageError: it could not be written; it stays pending.
        """
        with self._lock:
            if self._block is None and any(self._pending):
                with self.write():
                    pass

    @contextlib.contextmanager
    def transaction(self, *, at_once: bool = False) -> Iterator[None]:
        """Make everything that a block writes one transaction: all of it or nothing.

        An error in the block, or in writing it, leaves file and memory as they were before;
        but a block that only has reported (epochs, values, ends: nothing that was given an
        id) and cannot be written stays pending, as all reports do. A block inside a block is
        part of the outer one. From the first write to the end other processes cannot write,
        and other threads wait, so nothing slow belongs inside.

        Args:
            at_once: keep others from writing from the beginning on, so that what is read
                inside is still so when it is acted upon.

        Raises:
            StorageError: it could not be written.
        """
        with self._lock:
            if self._block is not None:
                if at_once:
                    with self.write():
                        pass
                yield
                return
            self.flush()  # what was reported before is not the block's to lose
            for pending in self._pending:
                pending.begin()
            only_reports = False
            try:
                with contextlib.ExitStack() as self._block:
                    if at_once:
                        with self.write():
                            pass
                    yield
                    only_reports = not self._is_writing
                    if any(self._pending):
                        with self.write() as connection:
                            self._write_pending(connection)
            except BaseException:
                self._end_block()
                if not only_reports:
                    for pending in self._pending:
                        pending.undo()
                raise
            self._clear_pending()
            for act in self._end_block():
                act()

    def _end_block(self) -> list[Callable[[], None]]:
        """Close the block; what was to be done after it."""
        self._block = None
        acts, self._after_commit = self._after_commit, []
        return acts

    @property
    def in_transaction(self) -> bool:
        """Whether a block of `transaction()` is open."""
        return self._block is not None

    def after_commit(self, act: Callable[[], None]) -> None:
        """Do what cannot be undone: at once, or when the open block is in the file."""
        if self._block is None:
            act()
        else:
            self._after_commit.append(act)

    def changed(self) -> None:
        """Say that something is pending: it will be written within a second."""
        if not self._wake.is_set():
            self._start_thread()
            self._wake.set()

    def poll(self) -> int:
        """Return a number that grows when another connection may have committed."""
        self._connect()
        version = None if self._raw is None else engines.data_version(self._raw, self.shown_url)
        if version is None or version != self._data_version:
            self._data_version = version
            self.changes += 1
        return self.changes

    # Life

    def close(self) -> None:
        """Write what is pending and close the connection. A later call opens a new one."""
        with self._lock:
            if self._closed:
                return
            try:
                self._write_last()
            finally:
                self._stop.set()
                self._wake.set()
                self._closed = True
                self._guard = None
                if self._connection is not None:
                    self._connection.close()
                    self._connection = self._raw = None
                self._engine.dispose()

    def _write_last(self) -> None:
        """Flush before the end; where that cannot be, keep in another file what would be lost."""
        guard = self._guard
        if guard is not None and self._has_written:
            if guard.lost is not None:
                return  # it was told, and what waited is in the copy
            guard.check(self._write_to_copy)
        try:
            self.flush()
        except StorageError as error:
            if guard is None:
                raise
            raise StorageError(
                f"{error} Meanwhile {guard.rescue(self._write_to_copy)}."
            ) from error
        if guard is not None and self._has_written:
            guard.check(self._write_to_copy)  # what was just written, too

    def _write_to_copy(self, connection: Connection) -> None:
        """Write what waits to a copy of the database instead, see `rescue.py`."""
        self._write_pending(connection)
        if self.on_rescue is not None:
            self.on_rescue(connection)

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:
            # Nobody is left to hear of it; `close()` is the way to learn of errors.
            pass

    def _connect(self) -> Connection:
        if self._connection is None:
            if self._closed:
                self._start_afresh()
            try:
                self._connection = self._engine.connect()
                self._raw = engines.sqlite_connection(self._connection)
                # Outside SQLAlchemy's pool, which would roll back what is already gone.
                self._connection.detach()
                path = engines.database_path(self.url)
                if path is not None and self._raw is not None:
                    self._guard = FileGuard(path, self._raw)
            except DBAPIError as error:
                raise explained(self.shown_url, error) from error
        return self._connection

    def forget_deleted(self, connection: Connection) -> None:
        """Drop what waits for rows that are gone."""
        for pending in self._pending:
            pending.forget_deleted(connection)
        self._checked_changes = self.changes

    def _write_pending(self, connection: Connection) -> None:
        try:
            self._write_all(connection)
        except IntegrityError:  # it belongs to a run that this process itself has deleted
            self.forget_deleted(connection)
            self._write_all(connection)

    def _write_all(self, connection: Connection) -> None:
        for pending in self._pending:
            if pending:
                pending.write(connection)

    def _clear_pending(self) -> None:
        for pending in self._pending:
            pending.clear()
        self._wake.clear()

    # The background thread

    def start_heartbeat(self) -> None:
        """Call `on_heartbeat` from time to time from now on."""
        self._start_thread()

    def _start_thread(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(
                target=_flush_in_background,
                args=(weakref.ref(self), self._wake, self._stop),
                name="storage-flush",
                daemon=True,
            )
            self._thread.start()
            weakref.finalize(self, _end_thread, self._wake, self._stop).atexit = False

    def flush_in_background(self, *, beat: bool) -> None:
        """Flush and beat; an error is left for the next write in the foreground to raise."""
        with self._lock:
            if self._closed or not (self._guard is None or self._guard.is_in_place()):
                return
            try:
                if beat and self.on_heartbeat is not None:
                    self.on_heartbeat()
                self.flush()
            except StorageError:
                self._wake.set()

    def forget_after_fork(self) -> None:
        """Leave the parent's connection alone, in the child of a fork."""
        if self._connection is not None:
            # Closing it here could release the parent's file locks.
            _INHERITED.append(self._connection)
        self._lock = threading.RLock()  # another thread of the parent may hold the old one
        self._block = None
        self._is_writing = False
        self._after_commit = []
        self._start_afresh()
        self.changes += 1
        self._engine.dispose(close=False)
        for pending in self._pending:
            pending.after_fork()


def _flush_in_background(
    reference: weakref.ref[Database], wake: threading.Event, stop: threading.Event
) -> None:
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


def _end_thread(wake: threading.Event, stop: threading.Event) -> None:
    stop.set()
    wake.set()


_OPEN: weakref.WeakSet[Database] = weakref.WeakSet()
_INHERITED: list[Connection] = []


def _close_all() -> None:
    for database in list(_OPEN):
        try:
            database.close()
        except StorageError as error:
            message = f"The last writes, of about a second, are not in their place. {error}"
            warnings.warn(message, StorageWarning, stacklevel=1)


def _forget_all_after_fork() -> None:
    for database in list(_OPEN):
        database.forget_after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all_after_fork)
