"""What waits to be written: the promise of each source of such writes, and all of them together.

Reports of trials (`live_trials.py`) and of runs (`epoch_writes.py`) are such sources. Their
writes can be repeated without harm until they are said to be committed.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError


class Pending(Protocol):
    """Writes that wait for the next transaction."""

    def __bool__(self) -> bool:
        """Whether anything waits."""

    def forget_deleted(self, connection: Connection) -> None:
        """Drop what belongs to rows that another process has deleted."""

    def write(self, connection: Connection) -> None:
        """Write all of it, and keep it."""

    def clear(self) -> None:
        """Drop all of it: it is committed."""

    def begin(self) -> None:
        """Remember how things are, what waits included: a block begins."""

    def undo(self) -> None:
        """Be as at `begin`: nothing of the block is in the file."""

    def after_fork(self) -> None:
        """Drop all of it, and what is known: it belongs to the parent process."""


class Buffer:
    """All that waits for a database, of every source. A `Pending` itself."""

    def __init__(self) -> None:
        self._sources: list[Pending] = []
        self.is_behind = False  # a block has begun, and nothing was committed since
        self._is_amid = False  # a block has begun and is not at its end

    def register(self, source: Pending) -> None:
        """Add a source. Sources are written in the order of registration."""
        self._sources.append(source)

    def __bool__(self) -> bool:
        return any(self._sources)

    def forget_deleted(self, connection: Connection) -> None:
        """Drop what waits for rows that are gone."""
        for source in self._sources:
            source.forget_deleted(connection)

    def write(self, connection: Connection) -> None:
        """Write all of it, and keep it."""
        try:
            self._write(connection)
        except IntegrityError:  # it belongs to a run that this process itself has deleted
            self.forget_deleted(connection)
            self._write(connection)

    def _write(self, connection: Connection) -> None:
        for source in self._sources:
            if source:
                source.write(connection)

    def clear(self) -> None:
        """Drop all of it: it is committed."""
        self.is_behind = False
        for source in self._sources:
            source.clear()

    def begin(self) -> None:
        """Remember how things are, what waits included: a block begins."""
        self.is_behind = self._is_amid = True
        for source in self._sources:
            source.begin()

    def undo(self) -> None:
        """Be as at `begin`: nothing of the block is in the file."""
        self._is_amid = False
        for source in self._sources:
            source.undo()

    def end(self) -> None:
        """Have all that a block reports."""
        self._is_amid = False

    def write_to_copy(self, connection: Connection) -> None:
        """Write all of it to another file, but nothing of a block that is not at its end.

        Such a block ends with the error that calls for the copy.
        """
        if self._is_amid:
            self.undo()
        self.write(connection)

    def after_fork(self) -> None:
        """Drop all of it, and what is known."""
        self._is_amid = False
        for source in self._sources:
            source.after_fork()
