"""A study by its name: a transaction that reads or writes, with the id that its rows bear."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from storage.database import Database
from storage.study_rows import study_id_of


@contextmanager
def reading(database: Database, study_name: str) -> Iterator[tuple[Connection, int]]:
    """A transaction that reads a study, and the study's id.

    Raises:
        NotStoredError: there is no such study.
    """
    with database.read() as connection:
        yield connection, _id_in(database, connection, study_name)


@contextmanager
def writing(database: Database, study_name: str) -> Iterator[tuple[Connection, int]]:
    """A transaction that writes to a study, and the study's id.

    Raises:
        NotStoredError: there is no such study, or another one has taken its place.
    """
    with database.write() as connection:
        study_id = _id_in(database, connection, study_name)
        database.study_names.check_name(connection, study_name, study_id)
        yield connection, study_id


def id_of(database: Database, study_name: str) -> int:
    """The id of a study.

    Raises:
        NotStoredError: there is no such study.
    """
    with database.lock:
        known = database.study_names.ids.get(study_name, database.changes)
        if known is not None:
            return known
        with reading(database, study_name) as (_, study_id):
            return study_id


def _id_in(database: Database, connection: Connection, study_name: str) -> int:
    study_id = database.study_names.ids.get(study_name, database.changes)
    if study_id is None:
        study_id = study_id_of(connection, study_name)
        database.study_names.ids.keep(study_name, study_id)
    return study_id
