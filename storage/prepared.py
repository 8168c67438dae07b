"""Statements that a search repeats: made once by SQLAlchemy, then handed to the driver.

SQLAlchemy's own way through a statement takes several times as long as SQLite does. So for
SQLite the text of a statement is kept, with what its columns make of a value; all else is
SQLAlchemy's: connection, transaction, errors. Databases on a server have their own price, and are
served in SQLAlchemy's own way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import Delete, Insert, Select, Update

from storage.engine import inserted_id, upsert

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
        if _is_direct(connection):
            text = self._of(connection.dialect)
            connection.exec_driver_sql(text.sql, [text.values(row) for row in rows])
        else:
            connection.execute(self._statement, [self._named(row) for row in rows])

    def once(self, connection: Connection, *row: Any) -> CursorResult[Any]:
        """Run it with one row, to hear what the database answers."""
        if _is_direct(connection):
            text = self._of(connection.dialect)
            return connection.exec_driver_sql(text.sql, text.values(row))
        return connection.execute(self._statement, self._named(row))

    def insert(self, connection: Connection, *row: Any) -> int:
        """Insert one row; the id that the database gave to it."""
        result = self.once(connection, *row)
        return int(result.lastrowid) if _is_direct(connection) else inserted_id(result)

    def _named(self, row: Row) -> dict[str, Any]:
        return dict(zip(self._names, row, strict=True))

    def _of(self, dialect: Dialect) -> _Text:
        if self._text is None:
            self._text = _text_of(self._statement, self._names, dialect)
        return self._text


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as a driver takes it."""

    sql: str
    constants: Row  # values that the statement has itself
    places: tuple[int, ...]  # of what comes from where in a row with the constants behind it
    made: tuple[tuple[int, Callable[[Any], Any]], ...]  # what becomes of a value, by its place

    def values(self, row: Row) -> Row:
        whole = row + self.constants
        values = [whole[place] for place in self.places]
        for place, make in self.made:
            values[place] = make(values[place])
        return tuple(values)


def _is_direct(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


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
