"""One connection, one lock, one buffer of writes: what Optuna's tables and ours share.

Whoever has something to write keeps it as a `Pending` and calls `changed()`. Everything
pending is written in one transaction: by `flush()`, before any other write, on `close()`,
at exit, and by a background thread after one second. What could not be written stays
pending. A block of `transaction()` is all in the file or nothing of it is, and where it is
not, memory is as it was before. What was read can be remembered while `changes` stays as it
is. A forked child starts with nothing pending and a connection of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import Connection

from storage import engine as engines
from storage.background import Background
from storage.connection import GuardedConnection
from storage.errors import StorageError, StorageWarning
from storage.pending import Buffer
from storage.processes import Claims
from storage.study_names import StudyNames


class Database:
    """A database that one process reads and writes through one connection."""

    def __init__(self, url: str) -> None:
        self.connection = GuardedConnection(url)
        self.buffer = Buffer()
        self.claims = Claims()
        self.lock = threading.RLock()  # held by every call that touches what is in memory
        self.study_names = StudyNames()
        self._background = Background(self)
        self._checked_changes = -1  # `changes` when deletions were last looked for
        self._be_outside()
        _OPEN.add(self)

    def _be_outside(self) -> None:
        """Be outside of any transaction."""
        self._is_writing = False
        self._block: contextlib.ExitStack | None = None  # of the open `transaction()`
        self._after_commit: list[Callable[[], None]] = []

    # Reading and writing

    @property
    def changes(self) -> int:
        """A number that grows when another connection may have committed.

        A block sees what others have committed before it began or first wrote.
        """
        if self._block is not None:
            return self.connection.changes
        return self.connection.poll()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the file, without what is pending."""
        with self.lock:
            connection = self.connection.open()
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
        with self.lock:
            connection = self.connection.open()
            if connection.in_transaction():
                if not self._is_writing:
                    raise RuntimeError("A transaction that reads cannot begin to write.")
                yield connection
            elif self._block is not None:
                self._block.enter_context(self._begin_writing(connection))
                yield connection
            else:
                with self._begin_writing(connection):
                    self.buffer.write(connection)
                    yield connection
                self._committed()

    @contextlib.contextmanager
    def _begin_writing(self, connection: Connection) -> Iterator[None]:
        self.connection.check(self._write_to_copy)
        self._is_writing = True
        try:
            with engines.begin(connection, write=True):
                if self.connection.poll() != self._checked_changes:
                    self.forget_deleted(connection)
                yield
        finally:
            self._is_writing = False

    def flush(self) -> None:
        """Write all that is pending, in one transaction.

        Raises:
            StorageError: it could not be written; it stays pending.
        """
        with self.lock:
            if self._block is None and self.buffer:
                with self.write():
                    pass

    @contextlib.contextmanager
    def transaction(self, *, at_once: bool = False) -> Iterator[None]:
        """Make everything that a block writes one transaction: all of it or nothing.

        What was pending before is written along, and goes on waiting where nothing is written.

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
        with self.lock:
            if self._block is not None:
                if at_once:
                    with self.write():
                        pass
                yield
                return
            if at_once or self.buffer.is_behind:  # what is read inside must have all
                self.flush()
            self.connection.poll()
            self.buffer.begin()
            self.claims.begin()
            only_reports = False
            try:
                with contextlib.ExitStack() as self._block:
                    if at_once:
                        with self.write():
                            pass
                    yield
                    self.buffer.end()
                    only_reports = not self._is_writing
                    if self.buffer:
                        with self.write() as connection:
                            self.buffer.write(connection)
            except BaseException:
                self._be_outside()
                if not only_reports:
                    self.buffer.undo()
                    self.claims.undo()
                    self.connection.outdate()
                raise
            acts = self._after_commit
            self._be_outside()
            self._committed()
            for act in acts:
                act()

    def _committed(self) -> None:
        """All that was pending is in the file."""
        self.buffer.clear()
        self._background.rest()

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
        if not self.connection.is_closed:
            self._background.wake()

    def forget_deleted(self, connection: Connection) -> None:
        """Drop what waits for rows that are gone."""
        self.buffer.forget_deleted(connection)
        self._checked_changes = self.connection.changes

    # Life

    def hold(self, trial_ids: Iterable[int]) -> None:
        """Have trials in training that were claimed: tell other hosts that this process lives."""
        self.claims.hold(trial_ids)
        self._background.start()

    def flush_in_background(self, *, beat: bool) -> None:
        """Flush and beat; an error is left for the next write in the foreground to raise."""
        with self.lock:
            if not self.connection.is_usable():
                return
            try:
                if beat and self.claims.held:
                    with self.write() as connection:
                        self.claims.beat(connection)
                self.flush()
            except StorageError:
                self._background.wake()

    def close(self) -> None:
        """Write what is pending and close the connection. A later call opens a new one."""
        with self.lock:
            if self.connection.is_closed:
                return
            try:
                self._write_last()
            finally:
                self._background.stop()
                self.connection.close()

    def _write_last(self) -> None:
        """Flush before the end; where that cannot be, keep in another file what would be lost."""
        guard = self.connection.guard
        if guard is not None and self.connection.has_written:
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
        if guard is not None and self.connection.has_written:
            guard.check(self._write_to_copy)  # what was just written, too

    def _write_to_copy(self, connection: Connection) -> None:
        """Write what waits to a copy of the database instead, see `rescue.py`."""
        self.buffer.write_to_copy(connection)
        if self.claims.is_registered:
            self.claims.release(connection)

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:
            # Nobody is left to hear of it; `close()` is the way to learn of errors.
            pass

    def after_fork(self) -> None:
        """Leave the parent's connection alone, in the child of a fork."""
        self.lock = threading.RLock()  # another thread of the parent may hold the old one
        self._be_outside()
        self.connection.leave_to_parent()
        self._background.renew()
        self.buffer.after_fork()
        self.claims.after_fork()
        self.study_names.clear()


_OPEN: weakref.WeakSet[Database] = weakref.WeakSet()


def _close_all() -> None:
    for database in list(_OPEN):
        try:
            database.close()
        except StorageError as error:
            message = f"The last writes, of about a second, are not in their place. {error}"
            warnings.warn(message, StorageWarning, stacklevel=1)


def _forget_all_after_fork() -> None:
    for database in list(_OPEN):
        database.after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all_after_fork)
