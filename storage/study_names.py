"""The studies that a process writes to: never another one that has taken their name or their id.

SQLite gives the id of a deleted study out again, and anybody may make another study of the same
name. Who reads finds what is there now. But a search that goes on would write its trials and
scores into what somebody else has begun; so what it works on is known by name, id and how often
that id had been deleted, from its first write on.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from storage.errors import gone
from storage.prepared import Prepared
from storage.remembered import Remembered
from storage.tables import DELETIONS


class StudyNames:
    """What names and ids of studies mean to one opened database."""

    def __init__(self) -> None:
        self.ids: Remembered[str, int] = Remembered()  # by name, of what is there now
        self._by_name: dict[str, tuple[int, int]] = {}  # (id, how often it had been deleted)
        self._by_id: dict[int, tuple[str, int]] = {}  # (name, how often the id had been deleted)

    def check_name(self, connection: Connection, study_name: str, study_id: int) -> None:
        """Let the study of a name be written to, if it is the one of before.

        Raises:
            NotStoredError: that one was deleted, and this one has its name.
        """
        now = (study_id, _n_deletions(connection, study_id))
        if self._by_name.setdefault(study_name, now) != now:
            raise gone(repr(study_name))

    def check_id(self, connection: Connection, study_id: int, study_name: str) -> None:
        """Let the study of an id have another trial, if it is the one of before.

        Raises:
            NotStoredError: that one was deleted, and this one has its id.
        """
        n_deletions = _n_deletions(connection, study_id)
        name, before = self._by_id.setdefault(study_id, (study_name, n_deletions))
        if n_deletions != before:
            raise gone(repr(name))

    def asked_for(self, study_id: int) -> None:
        """Somebody here has just made a study or asked for its id: that one is meant by it."""
        self._by_id.pop(study_id, None)

    def forget(self, study_id: int) -> None:
        """This process itself deletes a study: the next one of its name is meant by it."""
        self._by_id.pop(study_id, None)
        self._by_name = {name: one for name, one in self._by_name.items() if one[0] != study_id}

    def clear(self) -> None:
        """Mean nothing, as a fork of the process that did."""
        self.ids.forget()
        self._by_id.clear()
        self._by_name.clear()


def _n_deletions(connection: Connection, study_id: int) -> int:
    row = _DELETED.first(connection, study_id)
    return 0 if row is None else int(row[0])


_DELETED = Prepared(
    select(DELETIONS.c.n_deletions).where(DELETIONS.c.study_id == bindparam("study_id")),
    ("study_id",),
)
