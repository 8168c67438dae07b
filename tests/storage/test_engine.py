from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Column, Integer, MetaData, Table

from storage import engine as engines
from storage.errors import StorageError, StorageWarning


def pragma(connection: sqlalchemy.Connection, name: str) -> Any:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_first_connection_is_tuned(url: str) -> None:
    with engines.make_engine(url).connect() as connection:
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 1  # NORMAL
        assert pragma(connection, "foreign_keys") == 1
        assert pragma(connection, "busy_timeout") == 60_000


def test_database_in_memory_needs_no_log() -> None:
    with engines.make_engine("sqlite://").connect() as connection:
        assert pragma(connection, "journal_mode") == "memory"


@pytest.mark.parametrize("url", ["automl.db", "nonsense://x", "postgres", ""])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(StorageError, match=r"must be a database URL such as sqlite:///automl\.db"):
        engines.make_engine(url)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        StorageError, match=r"folder of the database must exist.*/missing does not"
    ):
        engines.make_engine(f"sqlite:///{tmp_path}/missing/automl.db")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///a/b.db", Path("a/b.db")),
        ("sqlite:////a/b.db", Path("/a/b.db")),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("sqlite:///file:/a/b.db?mode=ro&uri=true", Path("/a/b.db")),
        ("postgresql://host/name", None),
    ],
)
def test_path_of_a_url(url: str, path: Path | None) -> None:
    assert engines.database_path(url) == path


def test_failed_transaction_changes_nothing(url: str) -> None:
    with engines.make_engine(url).connect() as connection:
        with engines.begin(connection, write=True):
            connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
        with pytest.raises(ZeroDivisionError), engines.begin(connection, write=True):
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            raise ZeroDivisionError
        assert connection.exec_driver_sql("SELECT count(*) FROM t").scalar() == 0


def test_writing_transaction_holds_the_lock_from_its_beginning(url: str, tmp_path: Path) -> None:
    """Otherwise two writers that first read would fail when both go on to write."""
    other = sqlite3.connect(tmp_path / "automl.db", timeout=0, isolation_level=None)
    with engines.make_engine(url).connect() as connection:
        with (
            engines.begin(connection, write=True),
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")
        with engines.begin(connection, write=False):
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
    other.close()


def test_upsert_replaces_the_row_of_the_same_key(url: str) -> None:
    table = Table("t", MetaData(), Column("k", Integer, primary_key=True), Column("v", Integer))
    statement = engines.upsert(table, ["k"], ["v"], "sqlite")
    with engines.make_engine(url).begin() as connection:
        table.create(connection)
        connection.execute(statement, [{"k": 1, "v": 1}, {"k": 2, "v": 2}])
        connection.execute(statement, {"k": 1, "v": 3})
        assert connection.execute(sqlalchemy.select(table)).all() == [(1, 3), (2, 2)]


def test_a_transaction_that_cannot_be_committed_is_over(url: str) -> None:
    with engines.make_engine(url).connect() as connection:
        with engines.begin(connection, write=True):
            connection.exec_driver_sql("CREATE TABLE t (k INTEGER PRIMARY KEY)")
            connection.exec_driver_sql(
                "CREATE TABLE u (k REFERENCES t DEFERRABLE INITIALLY DEFERRED)"
            )
        with (
            pytest.raises(sqlalchemy.exc.IntegrityError, match="FOREIGN KEY"),
            engines.begin(connection, write=True),
        ):
            connection.exec_driver_sql("INSERT INTO u VALUES (1)")
        with engines.begin(connection, write=True):
            assert connection.exec_driver_sql("SELECT * FROM u").all() == []
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        with sqlite3.connect(engines.database_path(url) or "") as other:
            assert other.execute("SELECT * FROM t").fetchall() == [(1,)]
        other.close()


def test_data_version_tells_of_other_connections_only(url: str, tmp_path: Path) -> None:
    with engines.make_engine(url).connect() as connection:
        raw = engines.of_sqlite(connection)
        before = engines.data_version(raw, url)
        raw.execute("CREATE TABLE t (x INTEGER)")
        assert engines.data_version(raw, url) == before
        with sqlite3.connect(tmp_path / "automl.db") as other:
            other.execute("INSERT INTO t VALUES (1)")
        other.close()
        assert engines.data_version(raw, url) != before


class NoLog:
    """A connection on a file system that has no shared memory."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw

    def execute(self, statement: str) -> Any:
        if statement == "PRAGMA journal_mode = WAL":
            raise sqlite3.OperationalError("locking protocol")
        return self.raw.execute(statement)


def test_without_write_ahead_log_it_warns_and_is_careful(tmp_path: Path) -> None:
    raw = sqlite3.connect(tmp_path / "automl.db", isolation_level=None)
    with pytest.warns(StorageWarning, match=r"write-ahead log cannot be used here.*locking"):
        engines._use_write_ahead_log(NoLog(raw))  # type: ignore[arg-type]
    assert raw.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    raw.close()
