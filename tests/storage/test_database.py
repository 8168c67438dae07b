from __future__ import annotations

import os
import threading
import time
from typing import Any

import pytest
from sqlalchemy import Connection

from storage import background
from storage import database as databases
from storage.database import Database
from storage.errors import StorageError, StorageWarning


class Rows:
    """Numbers that wait to be written."""

    def __init__(self, database: Database) -> None:
        self.waiting: list[int] = []
        self.before: list[int] = []
        self.forgotten = 0
        with database.write() as connection:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS t (x INTEGER CHECK (x >= 0))")
        database.buffer.register(self)

    def __bool__(self) -> bool:
        return bool(self.waiting)

    def forget_deleted(self, connection: Connection) -> None:
        self.forgotten += 1

    def write(self, connection: Connection) -> None:
        for number in self.waiting:
            connection.exec_driver_sql("INSERT INTO t VALUES (?)", (number,))

    def clear(self) -> None:
        self.waiting.clear()

    def begin(self) -> None:
        self.before = self.waiting.copy()

    def undo(self) -> None:
        self.waiting = self.before

    after_fork = clear


def stored(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.exec_driver_sql("SELECT x FROM t ORDER BY rowid").scalars())


def add(database: Database, rows: Rows, number: int) -> None:
    with database.lock:
        rows.waiting.append(number)
        database.changed()


def test_flush_writes_what_waits(database: Database) -> None:
    rows = Rows(database)
    add(database, rows, 1)
    assert stored(database) == []
    database.flush()
    assert stored(database) == [1]
    assert not rows


def test_every_write_takes_what_waits_along(database: Database) -> None:
    rows = Rows(database)
    add(database, rows, 1)
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (2)")
    assert stored(database) == [1, 2]


def test_after_a_second_it_is_written_in_the_background(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "FLUSH_SECONDS", 0.05)
    rows = Rows(database)
    add(database, rows, 1)
    deadline = time.monotonic() + 20
    while not stored(database) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert stored(database) == [1]


def test_transaction_is_one_for_the_file(database: Database, url: str) -> None:
    rows, other = Rows(database), Database(url)
    with database.transaction():
        add(database, rows, 1)
        database.flush()
        with database.transaction():
            add(database, rows, 2)
        assert stored(other) == []
    assert stored(other) == [1, 2]
    other.close()


def test_what_waits_is_written_with_the_next_block(database: Database, url: str) -> None:
    rows, other = Rows(database), Database(url)
    add(database, rows, 1)
    with database.transaction():
        add(database, rows, 2)
        assert stored(other) == []
    assert stored(other) == [1, 2]
    assert not rows
    add(database, rows, 3)
    with database.transaction(at_once=True):
        assert stored(database) == [1, 2, 3]  # what is read inside must have all
    other.close()


def test_what_waited_before_a_block_that_was_undone_is_written_before_the_next(
    database: Database,
) -> None:
    rows = Rows(database)
    add(database, rows, 1)
    with pytest.raises(ZeroDivisionError), database.transaction():
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
        raise ZeroDivisionError
    with database.transaction():
        assert stored(database) == [1]


def test_error_in_a_transaction_undoes_the_whole_block_and_nothing_before(
    database: Database,
) -> None:
    rows = Rows(database)
    add(database, rows, 1)
    with pytest.raises(ZeroDivisionError), database.transaction():
        add(database, rows, 2)
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (3)")
        add(database, rows, 4)
        raise ZeroDivisionError
    assert stored(database) == []
    assert rows.waiting == [1]
    add(database, rows, 5)
    database.flush()
    assert stored(database) == [1, 5]


def test_what_a_block_writes_at_once_is_seen_by_others_at_its_end(
    database: Database, url: str
) -> None:
    rows, other = Rows(database), Database(url)
    with database.transaction():
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        add(database, rows, 2)
        assert stored(database) == [1]
        assert stored(other) == []
    assert stored(other) == [1, 2]
    other.close()


def test_block_of_reports_that_cannot_be_written_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: once there is space, what was reported is not lost."""
    rows = Rows(database)

    def fail(connection: Connection) -> None:
        raise StorageError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(rows, "write", fail)
        with pytest.raises(StorageError, match="full"), database.transaction():
            add(database, rows, 1)
        with pytest.raises(StorageError, match="full"), database.transaction():
            pytest.fail("no block begins while an earlier one waits")
    database.flush()
    assert stored(database) == [1]


def test_block_that_wrote_at_once_is_undone_where_its_reports_cannot_be_written(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Rows(database)

    def fail(connection: Connection) -> None:
        raise StorageError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(rows, "write", fail)
        with pytest.raises(StorageError, match="full"), database.transaction():
            with database.write() as connection:
                connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            add(database, rows, 2)
    database.flush()
    assert stored(database) == []


def test_what_cannot_be_undone_is_done_after_the_commit(database: Database) -> None:
    done: list[str] = []
    database.after_commit(lambda: done.append("at once"))
    with database.transaction():
        database.after_commit(lambda: done.append("later"))
        assert done == ["at once"]
    with pytest.raises(ZeroDivisionError), database.transaction():
        database.after_commit(lambda: done.append("never"))
        raise ZeroDivisionError
    assert done == ["at once", "later"]


def test_what_cannot_be_written_keeps_waiting(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Rows(database)
    add(database, rows, 1)

    def fail(connection: Connection) -> None:
        raise StorageError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(rows, "write", fail)
        with pytest.raises(StorageError, match="full"):
            database.flush()
        database.flush_in_background(beat=False)  # leaves the error to the foreground
    assert rows.waiting == [1]
    database.flush()
    assert stored(database) == [1]


def test_close_writes_and_a_later_call_opens_again(database: Database) -> None:
    rows = Rows(database)
    add(database, rows, 1)
    database.close()
    database.close()
    assert stored(database) == [1]


def test_transaction_may_open_a_closed_database_again(database: Database) -> None:
    rows = Rows(database)
    database.close()
    with database.transaction():
        with database.write() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        add(database, rows, 2)
    assert stored(database) == [1, 2]
    add(database, rows, 3)
    database.flush()
    assert stored(database) == [1, 2, 3]


def test_reading_transaction_cannot_write(database: Database) -> None:
    """SQLite would refuse it whenever another process had written in between."""
    with (
        pytest.raises(RuntimeError, match="cannot begin to write"),
        database.read(),
        database.write(),
    ):
        pass
    with database.write() as outer, database.write() as inner:
        assert inner is outer


def test_writes_that_are_lost_at_exit_are_said(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Rows(database)
    add(database, rows, 1)

    def fail() -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(databases, "_OPEN", [database])
    said = pytest.warns(StorageWarning, match=r"not in their place\. The disk")
    with monkeypatch.context() as patch, said:
        patch.setattr(database, "flush", fail)
        databases._close_all()


def test_dropped_database_has_written(url: str) -> None:
    database = Database(url)
    rows = Rows(database)
    add(database, rows, 1)
    del database
    again = Database(url)
    assert stored(again) == [1]
    again.close()


def test_poll_tells_of_other_connections_only(database: Database, url: str) -> None:
    rows, other = Rows(database), Database(url)
    seen = database.connection.poll()
    add(database, rows, 1)
    database.flush()
    assert database.connection.poll() == seen
    with other.write() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (2)")
    assert database.connection.poll() > seen
    other.close()


def test_block_sees_what_others_have_committed_before_it_began_or_first_wrote(
    database: Database, url: str
) -> None:
    Rows(database)
    other = Database(url)
    with database.transaction():
        began = database.changes
        with other.write() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        assert database.changes == began
        with database.write():
            pass
        assert database.changes > began
    other.close()


def test_nothing_that_was_read_in_a_block_is_known_once_it_is_undone(database: Database) -> None:
    Rows(database)
    with pytest.raises(ZeroDivisionError), database.transaction():
        seen = database.changes
        raise ZeroDivisionError
    assert database.changes != seen


def test_before_writing_each_source_hears_that_others_wrote(database: Database, url: str) -> None:
    """They may have deleted what the writes belong to."""
    rows, other = Rows(database), Database(url)
    database.flush()
    heard = rows.forgotten
    with other.write() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (2)")
    add(database, rows, 1)
    database.flush()
    assert rows.forgotten == heard + 1
    other.close()


def test_threads_do_not_mix_their_transactions(database: Database) -> None:
    rows = Rows(database)

    def work(base: int) -> None:
        for i in range(20):
            with database.transaction():
                add(database, rows, base + i)
                add(database, rows, base + i)

    threads = [threading.Thread(target=work, args=(1000 * k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = stored(database)
    assert sorted(found) == sorted(2 * [1000 * k + i for k in range(4) for i in range(20)])
    assert found[::2] == found[1::2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_forked_child_leaves_the_parents_connection_alone(database: Database) -> None:
    rows = Rows(database)
    add(database, rows, 1)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            nothing_waits = not rows
            with database.write() as connection:
                connection.exec_driver_sql("INSERT INTO t VALUES (7)")
            status = 0 if nothing_waits and stored(database) == [7] else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    database.flush()
    assert stored(database) == [7, 1]


def test_a_process_beats_while_it_holds_trials(database: Database) -> None:
    with database.write() as connection:
        database.claims.claim(connection, 7)

    def beaten_at() -> float:
        with database.read() as connection:
            rows = connection.exec_driver_sql("SELECT beaten_at FROM automl_processes")
            return float(rows.scalar_one())

    began = beaten_at()
    database.flush_in_background(beat=True)
    assert beaten_at() == began
    database.claims.hold([7])
    database.flush_in_background(beat=False)
    assert beaten_at() == began
    database.flush_in_background(beat=True)
    assert beaten_at() > began
