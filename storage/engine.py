"""From a URL to a tuned SQLAlchemy engine.

SQLite is set up on every connection, from the very first: write-ahead logging, so that a
reader such as the dashboard never blocks the writer; `synchronous=NORMAL`, which in that
mode survives a killed process and cannot corrupt the file on power loss; a patient
`busy_timeout`; foreign keys. Transactions that write take SQLite's write lock when they
begin, so that two writers wait for each other instead of failing half-way.
"""

from __future__ import annotations

import contextlib
import importlib
import sqlite3
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import sqlalchemy
from sqlalchemy import Connection, CursorResult, Engine, Table
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from storage.errors import StorageError, StorageWarning, explained

BUSY_SECONDS = 60
"""How long a writer waits for another: far beyond any transaction here (milliseconds)."""

_BEGIN = "begin_statement"  # key in Connection.info


def make_engine(url: str) -> Engine:
    """Make an engine whose connections are tuned.

    Raises:
        StorageError: the URL is none, names a missing folder, or a driver that is not installed.
    """
    try:
        parsed = sqlalchemy.make_url(url)
        options: dict[str, Any] = {}
        if parsed.get_backend_name() == "sqlite":
            _check_folder(url)
            options["connect_args"] = {"check_same_thread": False, "timeout": BUSY_SECONDS}
        engine = sqlalchemy.create_engine(parsed, poolclass=NullPool, **options)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise StorageError(
            f"The storage must be a database URL such as sqlite:///automl.db, but got {url!r}: "
            f"{error}"
        ) from error
    if engine.dialect.name == "sqlite":
        sqlalchemy.event.listen(engine, "connect", _tune)
        sqlalchemy.event.listen(engine, "begin", _begin)
    return engine


def database_path(url: str) -> Path | None:
    """The file behind an SQLite URL; None for a database in memory or on a server."""
    parsed = sqlalchemy.make_url(url)
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or not name or name == ":memory:":
        return None
    if name.startswith("file:"):
        name = name.removeprefix("file:").partition("?")[0]
        return None if name == ":memory:" else Path(name)
    return Path(name)


RESCUED = ".rescued-"
"""In the name of a copy that was made when a database was taken away; see `rescue.py`."""


def artifact_folder(path: Path) -> Path:
    """The folder of artifacts beside a database, `automl.artifacts` of `automl.db`.

    A rescued copy has that of its original.
    """
    return path.with_name(path.name.partition(RESCUED)[0]).with_suffix(".artifacts")


@contextlib.contextmanager
def begin(connection: Connection, *, write: bool) -> Iterator[Connection]:
    """One transaction; errors of the database come out as `StorageError`."""
    connection.info[_BEGIN] = "BEGIN IMMEDIATE" if write else "BEGIN"
    try:
        with _rolled_back_at_last(connection), connection.begin():
            yield connection
    except sqlalchemy.exc.IntegrityError:
        raise
    except (DBAPIError, sqlite3.Error) as error:
        raise explained(_shown(connection.engine), error) from error


@contextlib.contextmanager
def _rolled_back_at_last(connection: Connection) -> Iterator[None]:
    """End the transaction if it could not be committed: SQLite leaves it open for another try.

    Without a write-ahead log a reader is enough for that. SQLAlchemy 2.1 takes it for ended.

    Source:
        https://www.sqlite.org/lang_transaction.html
    """
    try:
        yield
    except BaseException:
        if is_sqlite(connection) and not (connection.closed or connection.invalidated):
            of_sqlite(connection).rollback()
        raise


def upsert(
    table: Table, keys: Sequence[str], values: Sequence[str], dialect: str
) -> sqlalchemy.Insert:
    """INSERT that replaces `values` where a row of the same `keys` exists."""
    insert: Any = importlib.import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    return insert.on_conflict_do_update(  # type: ignore[no-any-return]
        index_elements=list(keys), set_={name: insert.excluded[name] for name in values}
    )


def inserted_id(result: CursorResult[Any]) -> int:
    """The id that the database gave to the one row inserted."""
    key = result.inserted_primary_key
    if key is None:
        raise StorageError("The database must say the id of a new row, but said nothing.")
    return int(key[0])


def is_sqlite(connection: Connection) -> bool:
    """Whether a connection is one to SQLite."""
    return connection.dialect.name == "sqlite"


def of_sqlite(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection under SQLAlchemy's."""
    return cast(sqlite3.Connection, connection.connection.dbapi_connection)


def data_version(raw: sqlite3.Connection, url: str) -> int:
    """A number that differs once another connection has committed: 2 microseconds a call.

    Source:
        https://www.sqlite.org/pragma.html#pragma_data_version
    """
    try:
        return int(raw.execute("PRAGMA data_version").fetchone()[0])
    except sqlite3.Error as error:
        raise explained(url, error) from error


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)


def _check_folder(url: str) -> None:
    path = database_path(url)
    if path is not None and not path.parent.is_dir():
        raise StorageError(
            f"The folder of the database must exist, but {path.parent} does not (from {url}). "
            f"Make it first."
        )


def _begin(connection: Connection) -> None:
    of_sqlite(connection).execute(connection.info.get(_BEGIN, "BEGIN"))


def _tune(raw: sqlite3.Connection, record: object) -> None:
    """Set a new connection up; the driver itself must not begin transactions."""
    raw.isolation_level = None
    raw.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    raw.execute("PRAGMA foreign_keys = ON")
    raw.execute("PRAGMA synchronous = NORMAL")
    raw.execute("PRAGMA cache_size = -32000")  # 32 MB: the indexes of 10,000 trials
    _use_write_ahead_log(raw)


def _use_write_ahead_log(raw: sqlite3.Connection) -> None:
    """Switch to WAL, or warn. The switch ignores busy_timeout, so it is tried for a while."""
    for _ in range(100):
        try:
            mode = raw.execute("PRAGMA journal_mode").fetchone()[0]
            if mode not in ("wal", "memory"):
                mode = raw.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                mode = str(error)
                break
            time.sleep(0.05)
    else:
        mode = "locked"
    if mode in ("wal", "memory") or not _is_writable(raw):
        return
    raw.execute("PRAGMA synchronous = FULL")  # NORMAL could corrupt an older journal
    warnings.warn(
        "SQLite's write-ahead log cannot be used here (a network file system?): "
        f"got {mode!r}. Everything works, but readers and writers wait for each other; "
        "a database on a local disk is faster.",
        StorageWarning,
        stacklevel=2,
    )


def _is_writable(raw: sqlite3.Connection) -> bool:
    """A file opened for reading only keeps the journal it has; writing to it fails clearly."""
    try:
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("ROLLBACK")
    except sqlite3.Error:
        return False
    return True
