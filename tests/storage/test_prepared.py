from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text

from storage.database import Database
from storage.prepared import Prepared

ROWS = Table(
    "rows",
    MetaData(),
    Column("first", Integer, primary_key=True),
    Column("second", Text, primary_key=True),
    Column("text", Text),
    Column("data", LargeBinary, nullable=False),
)


def test_rows_are_inserted_or_take_the_place_of_those_with_their_key(database: Database) -> None:
    write = Prepared.upsert(ROWS, ("first", "second"), ("text", "data"), "sqlite")
    with database.write() as connection:
        ROWS.create(connection)
        write.run(connection, [])
        write.run(connection, [(1, "a", "one", b"x"), (1, "b", None, b"y")])
        write.run(connection, [(1, "b", "two", b"z"), (2, "b", "three", b"")])
        rows = connection.execute(ROWS.select().order_by("first", "second")).all()
    assert rows == [(1, "a", "one", b"x"), (1, "b", "two", b"z"), (2, "b", "three", b"")]
