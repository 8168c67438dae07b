"""Opening a database: check what it is, create what is missing, refuse what is unknown.

A file that is up to date is only read. Anything else happens in one transaction under the
write lock, so that a process killed half-way leaves the file as it was, and two processes
that create the same file do it once.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time

from sqlalchemy import Connection

from storage import optuna_schema, schema_changes
from storage.database import Database
from storage.engine import BUSY_SECONDS, database_path, make_engine
from storage.errors import StorageError, explained


def open_database(url: str) -> Database:
    """Open a database with Optuna's tables and ours, creating them where they are missing.

    Raises:
        StorageError: it cannot be opened or written, or its tables are not known here.
    """
    database = Database(url)
    try:
        _prepare(database)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: Database) -> None:
    _wait_while_created(database)
    with database.read() as connection:
        is_ready = optuna_schema.has_optuna_tables(connection) and not _missing(
            connection, database.connection.shown_url
        )
        if is_ready:
            _check_optuna(connection, database.connection.shown_url)
            return
    with database.write() as connection:
        optuna_schema.create_optuna_tables(connection)
        _check_optuna(connection, database.connection.shown_url)
        missing = _missing(connection, database.connection.shown_url)
        schema_changes.apply_changes(connection, missing)


def _wait_while_created(database: Database) -> None:
    """Let another process finish: `RDBStorage` creates its tables in several transactions."""
    for _ in range(50):
        with database.read() as connection:
            has_tables = optuna_schema.has_optuna_tables(connection)
            if not has_tables or optuna_schema.optuna_revision(connection) is not None:
                return
        time.sleep(0.1)
    raise StorageError(
        f"Optuna's tables in {database.connection.shown_url} must say their revision, but do not: "
        f"run `optuna storage upgrade --storage {database.connection.shown_url}`."
    )


def _missing(connection: Connection, url: str) -> tuple[schema_changes.SchemaChange, ...]:
    return schema_changes.missing_changes(schema_changes.applied_changes(connection), url)


def _check_optuna(connection: Connection, url: str) -> None:
    optuna_schema.check_revision(optuna_schema.optuna_revision(connection), url)


def check_writable(url: str) -> None:
    """Refuse a database that a search could not be stored in. Nothing is made or changed.

    Raises:
        StorageError: the folder or the file cannot be written, or is no database.
    """
    make_engine(url).dispose()
    path = database_path(url)
    if path is None:
        return
    folder = path.resolve().parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StorageError(
            f"The folder of the database must be writable, but {folder} is not (from {url}). "
            "Name another, sqlite:///FILE."
        )
    if not path.exists():
        return
    if not path.is_file():
        raise StorageError(f"The database must be a file, but {path} is none. Name another.")
    if not os.access(path, os.W_OK):
        raise StorageError(f"The database {path} must be writable, but is read-only.")
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        raise explained(url, error) from error
