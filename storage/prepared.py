"""Statements that a search repeats: made once by SQLAlchemy, then handed to the driver.

SQLAlchemy's own way through a statement takes several times as long as SQLite does. So for
SQLite the text of a statement is kept, with what its columns make of a value, and goes to
SQLite's connection; transactions and errors are SQLAlchemy's. Databases on a server have their
own price, and are served in SQLAlchemy's own way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Delete, Insert, Select, Update

from storage.engine import inserted_id, is_sqlite, of_sqlite, upsert

Row = tuple[Any, ...]
"""Values for the names of a statement, in their order."""


class Prepared:
    """A statement with values for some names: parameters, or columns of an INSERT."""

    def __init__(
        self, statement: Insert | Update | Delete | Select[Any], names: Sequence[str]
    ) -> None:
        self._statement = statement
        self._names = tuple(names)
        self._text: _Text | None = None

    @classmethod
    def upsert(
        cls, table: Table, keys: Sequence[str], values: Sequence[str], dialect: str
    ) -> Prepared:
        """INSERT that replaces `values` where a row of the same `keys` exists."""
        return cls(upsert(table, keys, values, dialect), (*keys, *values))

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Run it with each of the rows, if there are any."""
        if not rows:
            return
        if is_sqlite(connection):
            self._of(connection.dialect).run(connection, rows)
        else:
            connection.execute(self._statement, [self._named(row) for row in rows])

    def insert(self, connection: Connection, *row: Any) -> int:
        """Insert one row; the id that the database gave to it."""
        if is_sqlite(connection):
            return int(self._of(connection.dialect).run_once(connection, row).lastrowid or 0)
        return inserted_id(connection.execute(self._statement, self._named(row)))

    def change(self, connection: Connection, *row: Any) -> int:
        """Change or delete what one row says; the number of rows that were there to be changed."""
        if is_sqlite(connection):
            return self._of(connection.dialect).run_once(connection, row).rowcount
        return connection.execute(self._statement, self._named(row)).rowcount

    def first(self, connection: Connection, *row: Any) -> Row | None:
        """The first row that is found; None where there is none."""
        return next(iter(self.all(connection, *row)), None)

    def all(self, connection: Connection, *row: Any) -> list[Row]:
        """The rows that are found."""
        if is_sqlite(connection):
            return self._of(connection.dialect).run_once(connection, row).fetchall()
        found = connection.execute(self._statement, self._named(row)).all()
        return [tuple(one) for one in found]

    def _named(self, row: Row) -> dict[str, Any]:
        return dict(zip(self._names, row, strict=True))

    def _of(self, dialect: Dialect) -> _Text:
        if self._text is None:
            self._text = _text_of(self._statement, self._names, dialect)
        return self._text


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as SQLite takes it."""

    sql: str
    constants: Row  # values that the statement has itself
    places: tuple[int, ...]  # of what comes from where in a row with the constants behind it
    made: tuple[tuple[int, Callable[[Any], Any]], ...]  # what becomes of a value, by its place

    def run(self, connection: Connection, rows: Iterable[Row]) -> None:
        values = [self._values(row) for row in rows]
        try:
            of_sqlite(connection).executemany(self.sql, values)
        except sqlite3.Error as error:
            raise self._failure(error, connection) from error

    def run_once(self, connection: Connection, row: Row) -> sqlite3.Cursor:
        try:
            return of_sqlite(connection).execute(self.sql, self._values(row))
        except sqlite3.Error as error:
            raise self._failure(error, connection) from error

    def _values(self, row: Row) -> Sequence[Any]:
        whole = row + self.constants
        values = [whole[place] for place in self.places]
        for place, make in self.made:
            values[place] = make(values[place])
        return values

    def _failure(self, error: sqlite3.Error, connection: Connection) -> BaseException:
        dialect = connection.dialect
        return DBAPIError.instance(self.sql, None, error, sqlite3.Error, dialect=dialect)


def _text_of(statement: Any, names: tuple[str, ...], dialect: Dialect) -> _Text:
    is_insert = isinstance(statement, Insert)
    compiled = statement.compile(dialect=dialect, column_keys=names if is_insert else None)
    order = [*compiled.positiontup]
    constants = {name: value for name, value in compiled.params.items() if name not in names}
    known = [*names, *constants]
    types = {name: bind.type.dialect_impl(dialect) for name, bind in compiled.binds.items()}
    makers = {place: types[name].bind_processor(dialect) for place, name in enumerate(order)}
    return _Text(
        compiled.string,
        tuple(constants.values()),
        tuple(known.index(name) for name in order),
        tuple((place, make) for place, make in makers.items() if make is not None),
    )
