"""Many rows by one statement: inserted, or put in the place of those with the same key.

Where a driver takes tuples, as SQLite's does, the rows go to it as they are, by the text that
SQLAlchemy has made of the statement: a dictionary for each row, and a look at each value, take
about as long again as SQLite itself. So values must be what a driver takes: numbers of Python's,
texts, bytes, None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

from storage.engine import upsert

Row = tuple[Any, ...]
"""Values of a row: those of its key first."""


class BulkWrite:
    """The writing of rows of one table, in one dialect.

    Args:
        keys, values: of columns in the table's order, which is that of the rows.
    """

    def __init__(
        self, table: Table, keys: Sequence[str], values: Sequence[str], dialect: str
    ) -> None:
        self._names = (*keys, *values)
        self._statement = upsert(table, keys, values, dialect)
        self._text: str | None = None  # of the statement, with places for tuples

    def run(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write rows, if there are any."""
        if not rows:
            return
        if not connection.dialect.positional:
            named = [dict(zip(self._names, row, strict=True)) for row in rows]
            connection.execute(self._statement, named)
            return
        if self._text is None:
            names = list(self._names)
            compiled = self._statement.compile(dialect=connection.dialect, column_keys=names)
            assert compiled.positiontup == names
            self._text = compiled.string
        connection.exec_driver_sql(self._text, list(rows))
