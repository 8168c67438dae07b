"""What to do when the database's file is taken away while it is open.

A file that is removed, moved or replaced stays readable through the connection that holds
it, but what is written there nobody finds again; and SQLite's log beside it, left in the
place of another database, would be taken for that one's and damage it. So the path is held
against the file that was opened before each transaction that writes. If it is another, the
whole old database and what waits to be written go to a new file beside it, the log is taken
away, and the other file is left alone. The log itself (`-wal`, with its index `-shm`) is
watched in the same way: SQLite keeps both while a connection is open, and what goes into one
that was removed is as lost.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from storage import engine as engines
from storage.errors import StorageError

Identity = tuple[int, int]  # device and inode
Writing = Callable[[Connection], None]

_LOGS = ("-wal", "-shm")


class FileGuard:
    """Watches over the file of an open database."""

    def __init__(self, path: Path, raw: sqlite3.Connection) -> None:
        self.path = path.absolute()  # as SQLite does: whoever changes the folder keeps the file
        self.lost: StorageError | None = None  # the file is another: nothing more is written
        self._raw = raw
        self._identity = _identity(self.path)
        self._logs: dict[Path, Identity] = {}
        self._watch_logs()

    def is_in_place(self) -> bool:
        """Whether the path still leads to the file that was opened: some microseconds."""
        return self._what_happened() is None

    def _what_happened(self) -> str | None:
        found = _identity(self.path)
        if found != self._identity:
            return f"{self.path} {_fate(found)}"
        for log, identity in self._logs.items():
            found = _identity(log)
            if found != identity:
                return f"its log {log} {_fate(found)}"
        if not self._logs:
            self._watch_logs()
        return None

    def _watch_logs(self) -> None:
        """Learn which logs this connection has open; none with another journal."""
        with contextlib.suppress(sqlite3.Error):
            # Until it has read, SQLite may have opened none, and what lies there be others'.
            self._raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if self._raw.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                logs = [self.path.with_name(self.path.name + suffix) for suffix in _LOGS]
                seen = ((log, _identity(log)) for log in logs)
                self._logs = {log: identity for log, identity in seen if identity is not None}

    def check(self, write_pending: Writing) -> None:
        """Rescue what the database holds if its file is another now, the first time.

        Args:
            write_pending: writes what waits, through a connection to the copy.

        Raises:
            StorageError: it is; the message names the copy, and is the same every time.
        """
        happened = self._what_happened() if self.lost is None else None
        if happened is not None:
            self.lost = StorageError(
                f"A database must stay in its place while it is written, but {happened}: "
                f"{self.rescue(write_pending)}."
            )
            self._leave_alone()
            self._take_logs_away()
        if self.lost is not None:
            raise self.lost

    def rescue(self, write_pending: Writing) -> str:
        """Copy the database to another file, with what waits; what to tell of it."""
        try:
            place = _copied(self._raw, self.path, write_pending)
        except StorageError as error:
            return str(error)
        return (
            f"all that it held is in {place}, which can be used in its stead or put back in its "
            "place"
        )

    def _leave_alone(self) -> None:
        """Keep SQLite from writing the log that was taken away into the database at closing.

        Another process may have begun a log of its own since.
        """
        if sys.version_info >= (3, 12):
            with contextlib.suppress(sqlite3.Error):
                self._raw.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)

    def _take_logs_away(self) -> None:
        """Remove the old database's log, if it still lies beside another one."""
        for log, identity in self._logs.items():
            if _identity(log) == identity:
                with contextlib.suppress(OSError):
                    log.unlink()


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _fate(found: Identity | None) -> str:
    return "was removed or moved away" if found is None else "was replaced"


def _copied(raw: sqlite3.Connection, path: Path, write_pending: Writing) -> Path:
    """Copy an open database to a new file, with what waits to be written.

    The copy lies beside the path, or, where that cannot be, in the folder of temporary files.

    Raises:
        StorageError: nothing could be copied anywhere.
    """
    reason: Exception | None = None
    for place in _places(path):
        try:
            with contextlib.closing(sqlite3.connect(place)) as copy:
                raw.backup(copy)
            _add(place, write_pending)
        except (sqlite3.Error, SQLAlchemyError, StorageError, OSError) as error:
            reason = error
            for suffix in ("", *_LOGS):
                with contextlib.suppress(OSError):
                    place.with_name(place.name + suffix).unlink()
        else:
            return place
    raise StorageError(f"what it held could not be copied to another file ({reason})")


def _places(path: Path) -> Iterator[Path]:
    name = f"{path.name}{engines.RESCUED}{time.strftime('%Y%m%d-%H%M%S')}"
    for folder in (path.parent, Path(tempfile.gettempdir())):
        candidates = (folder / f"{name}{more}" for more in ("", *(f"-{n}" for n in range(2, 99))))
        if folder.is_dir():
            yield next(one for one in candidates if not one.exists())


def _add(place: Path, write_pending: Writing) -> None:
    engine = engines.make_engine(f"sqlite:///{place}")
    try:
        with engine.connect() as connection, engines.begin(connection, write=True):
            write_pending(connection)
    finally:
        engine.dispose()
