from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Enum,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.exc import IntegrityError

from storage import prepared
from storage.database import Database
from storage.errors import StorageError
from storage.prepared import Prepared


class State(enum.Enum):
    NEW = 1
    OLD = 2


ROWS = Table(
    "rows",
    MetaData(),
    Column("row_id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("state", Enum(State)),
    Column("at", DateTime),
    Column("data", LargeBinary),
)
UPSERT = ("key",), ("state", "at", "data"), "sqlite"
MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture(params=["as SQLite takes it", "as other databases take it"])
def connection(
    request: pytest.FixtureRequest, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connection]:
    """Both ways must come to the same, so both are gone on the database that is at hand."""
    if request.param == "as other databases take it":
        monkeypatch.setattr(prepared, "is_sqlite", lambda connection: False)
    with database.write() as connection:
        ROWS.create(connection)
        yield connection


def rows(connection: Connection) -> list[tuple[object, ...]]:
    query = select(ROWS.c.key, ROWS.c.state, ROWS.c.at, ROWS.c.data).order_by(ROWS.c.key)
    return [tuple(row) for row in connection.execute(query)]


def test_rows_are_inserted_or_take_the_place_of_those_with_their_key(
    connection: Connection,
) -> None:
    upsert = Prepared.upsert(ROWS, *UPSERT)
    upsert.run(connection, [])
    upsert.run(connection, [("a", State.NEW, MOMENT, b"x"), ("b", State.NEW, None, None)])
    upsert.run(connection, [("b", State.OLD, MOMENT, b""), ("c", None, None, b"z")])
    assert rows(connection) == [
        ("a", State.NEW, MOMENT, b"x"),
        ("b", State.OLD, MOMENT, b""),
        ("c", None, None, b"z"),
    ]


def test_database_says_the_id_of_a_new_row(connection: Connection) -> None:
    insert = Prepared(ROWS.insert(), ("state", "key"))
    assert [insert.insert(connection, State.NEW, key) for key in "ab"] == [1, 2]
    assert rows(connection) == [(key, State.NEW, None, None) for key in "ab"]


def test_statement_may_have_values_of_its_own(connection: Connection) -> None:
    Prepared.upsert(ROWS, *UPSERT).run(
        connection,
        [(key, state, None, b"x") for key, state in zip("abc", [*State, None], strict=True)],
    )
    statement = (
        ROWS.update()
        .where(
            ROWS.c.key == bindparam("of"),
            or_(ROWS.c.state == State.NEW, ROWS.c.state == State.OLD),
        )
        .values(state=State.OLD, data=func.coalesce(bindparam("other"), ROWS.c.data))
    )
    age = Prepared(statement, ("other", "of"))
    assert age.change(connection, b"y", "a") == 1
    assert age.change(connection, b"y", "c") == 0
    age.run(connection, [(None, "b"), (b"y", "d")])
    assert [row[1::2] for row in rows(connection)] == [
        (State.OLD, b"y"),
        (State.OLD, b"x"),
        (None, b"x"),
    ]


def test_first_row_that_is_found(connection: Connection) -> None:
    find = Prepared(select(ROWS.c.key).where(ROWS.c.row_id >= bindparam("least")), ("least",))
    assert find.first(connection, 1) is None
    insert = Prepared(ROWS.insert(), ("key",))
    for key in "ab":
        insert.insert(connection, key)
    assert find.first(connection, 2) == ("b",)


def test_errors_are_those_of_sqlalchemy(connection: Connection) -> None:
    insert = Prepared(ROWS.insert(), ("key",))
    insert.insert(connection, "a")
    with pytest.raises(IntegrityError, match="UNIQUE"):
        insert.insert(connection, "a")
    with pytest.raises(IntegrityError, match="NOT NULL"):
        insert.run(connection, [("b",), (None,)])


def test_what_cannot_be_written_is_said_in_one_line(database: Database) -> None:
    insert = Prepared(ROWS.insert(), ("key",))
    with pytest.raises(StorageError, match="no such table"), database.write() as connection:
        insert.insert(connection, "a")
