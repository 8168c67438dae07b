"""What has writes that wait: the promise that `database.py` asks of each source of them.

Reports of trials (`live_trials.py`) and of runs (`epoch_writes.py`) are such sources. Their
writes can be repeated without harm until they are said to be committed.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection


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
        """Remember how things are: a block begins, and nothing waits."""

    def undo(self) -> None:
        """Be as at `begin`: nothing of the block is in the file."""

    def after_fork(self) -> None:
        """Drop all of it, and what is known: it belongs to the parent process."""
