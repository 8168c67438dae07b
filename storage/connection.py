"""The one connection of a process to a database: opened when it is needed, and again once closed.

It tells when others have committed, and watches over the file (`rescue.py`). A forked child
leaves its parent's alone and opens one of its own.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from storage import engine as engines
from storage.errors import explained
from storage.rescue import FileGuard, Writing


class GuardedConnection:
    """A connection to a database, with a guard where the database is a file."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.changes = 0  # grows when another connection has committed; see `poll`
        self._engine = engines.make_engine(url)
        # For messages, without a password; rendered once, as every `poll` hands it on.
        self.shown_url = self._engine.url.render_as_string(hide_password=True)
        self._forget()

    def _forget(self) -> None:
        """Be without a connection: new, closed and to be opened again, or forked."""
        self.is_closed = False
        self.has_written = False
        self.guard: FileGuard | None = None  # where the database is a file that is open
        self._connection: Connection | None = None
        self._raw: sqlite3.Connection | None = None
        self._data_version: int | None = None

    @property
    def dialect(self) -> str:
        """Name of the SQL dialect: "sqlite", "postgresql"."""
        return self._engine.dialect.name

    def open(self) -> Connection:
        """The connection.

        Raises:
            StorageError: there is none, and none can be opened.
        """
        if self._connection is None:
            if self.is_closed:
                self._forget()
            try:
                self._connection = self._engine.connect()
                if engines.is_sqlite(self._connection):
                    self._raw = engines.of_sqlite(self._connection)
                # Outside SQLAlchemy's pool, which would roll back what is already gone.
                self._connection.detach()
                path = engines.database_path(self.url)
                if path is not None and self._raw is not None:
                    self.guard = FileGuard(path, self._raw)
            except DBAPIError as error:
                raise explained(self.shown_url, error) from error
        return self._connection

    def poll(self) -> int:
        """Return a number that grows when another connection may have committed."""
        self.open()
        version = None if self._raw is None else engines.data_version(self._raw, self.shown_url)
        if version is None or version != self._data_version:
            self._data_version = version
            self.changes += 1
        return self.changes

    def outdate(self) -> None:
        """Take nothing that was read for known any more."""
        self.changes += 1

    def is_usable(self) -> bool:
        """Whether it is not closed, and its file in its place."""
        return not self.is_closed and (self.guard is None or self.guard.is_in_place())

    def check(self, write_pending: Writing) -> None:
        """Before something is written: make sure that it gets into the file; see `FileGuard`."""
        if self.guard is not None:
            self.guard.check(write_pending)
        self.has_written = True

    def close(self) -> None:
        """Close it; `open` opens another one."""
        self.is_closed = True
        self.guard = None
        if self._connection is not None:
            self._connection.close()
            self._connection = self._raw = None
        self._engine.dispose()

    def leave_to_parent(self) -> None:
        """Be without one in the child of a fork, and take nothing for known."""
        if self._connection is not None:
            # Closing it here could release the parent's file locks.
            _INHERITED.append(self._connection)
        self._forget()
        self.outdate()
        self._engine.dispose(close=False)


_INHERITED: list[Connection] = []
