"""Optuna's studies as rows: reading, creating, deleting, and their attributes.

These are few and rarely written, so they go straight to the file. Everything here takes a
connection whose transaction is open.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from optuna.study import StudyDirection
from sqlalchemy import Connection, String, Table, bindparam, select, type_coerce

from storage import optuna_schema as schema
from storage.engine import inserted_id, upsert
from storage.errors import DamagedError, NotStoredError
from storage.stored_values import attribute, damaged_in

_NAME_OF = select(schema.STUDIES.c.study_name).where(
    schema.STUDIES.c.study_id == bindparam("study_id")
)


DIRECTION = (
    schema.DIRECTIONS.c.study_id,
    schema.DIRECTIONS.c.objective,
    type_coerce(schema.DIRECTIONS.c.direction, String),
)
"""The columns of `direction`, as they are stored."""


def require_study(connection: Connection, study_id: int) -> str:
    """The study's name.

    Raises:
        NotStoredError: there is no such study.
    """
    name = connection.scalar(_NAME_OF, {"study_id": study_id})
    if name is None:
        raise NotStoredError(
            f"A study must exist to be used, but there is none with study_id={study_id}: it was "
            f"deleted, here or by another program. A new search makes a new one."
        )
    return checked_name(study_id, name)


def checked_name(study_id: int, stored: Any) -> str:
    """The name of a study as it is stored.

    Raises:
        DamagedError: it is no text.
    """
    if not isinstance(stored, str):
        why = f"a study's name must be a text, but is {stored!r:.40}"
        raise DamagedError(schema.STUDIES.name, "study_name", {"study_id": study_id}, why)
    return stored


def direction(study_id: int, objective: int, stored: Any) -> StudyDirection:
    """A direction of a study by its stored name.

    Raises:
        DamagedError: it is none.
    """
    row = {"study_id": study_id, "objective": objective}
    with damaged_in(schema.DIRECTIONS.name, "direction", **row):
        return StudyDirection[stored]


def study_id_of(connection: Connection, study_name: str) -> int:
    """The id of a study.

    Raises:
        NotStoredError: there is no such study.
    """
    query = select(schema.STUDIES.c.study_id).where(schema.STUDIES.c.study_name == study_name)
    study_id: int | None = connection.scalar(query)
    if study_id is None:
        pairs = connection.execute(select(schema.STUDIES.c.study_id, schema.STUDIES.c.study_name))
        names = [checked_name(*pair) for pair in pairs]
        raise NotStoredError(
            f"A study must exist to be used, but there is none named {study_name!r} "
            f"(there are: {', '.join(names[:10]) or 'none'}). It was never made, or deleted."
        )
    return study_id


def create_study(
    connection: Connection, study_name: str, directions: Sequence[StudyDirection]
) -> int:
    """Insert a study and its directions; IntegrityError where the name is taken."""
    result = connection.execute(schema.STUDIES.insert(), {"study_name": study_name})
    study_id = inserted_id(result)
    rows = [
        {"study_id": study_id, "objective": objective, "direction": direction}
        for objective, direction in enumerate(directions)
    ]
    connection.execute(schema.DIRECTIONS.insert(), rows)
    return study_id


def delete_study(connection: Connection, study_id: int) -> None:
    """Delete a study with all its trials; triggers delete our own rows."""
    require_study(connection, study_id)
    trial_ids = select(schema.TRIALS.c.trial_id).where(schema.TRIALS.c.study_id == study_id)
    for table in schema.TRIAL_CHILDREN:
        connection.execute(table.delete().where(table.c.trial_id.in_(trial_ids)))
    for table in (schema.TRIALS, *schema.STUDY_CHILDREN, schema.STUDIES):
        connection.execute(table.delete().where(table.c.study_id == study_id))


def directions_of(connection: Connection, study_id: int) -> list[StudyDirection]:
    """A study's directions, in the order of its objectives."""
    require_study(connection, study_id)
    table = schema.DIRECTIONS.c
    query = select(*DIRECTION).where(table.study_id == study_id).order_by(table.objective)
    return [direction(*row) for row in connection.execute(query)]


def attributes_of(connection: Connection, table: Table, study_id: int) -> dict[str, Any]:
    """The user or system attributes of a study."""
    require_study(connection, study_id)
    query = select(table.c.key, table.c.value_json).where(table.c.study_id == study_id)
    return {
        key: attribute(table.name, "study_id", study_id, key, text)
        for key, text in connection.execute(query)
    }


def set_attribute(
    connection: Connection, table: Table, study_id: int, key: str, value: Any
) -> None:
    """Set one attribute of a study."""
    require_study(connection, study_id)
    statement = upsert(table, ("study_id", "key"), ("value_json",), connection.dialect.name)
    connection.execute(
        statement, {"study_id": study_id, "key": key, "value_json": json.dumps(value)}
    )


def delete_attribute(connection: Connection, table: Table, study_id: int, key: str) -> None:
    """Remove one attribute of a study, where it is set."""
    connection.execute(table.delete().where(table.c.study_id == study_id, table.c.key == key))


def all_studies(connection: Connection) -> list[schema.FrozenStudy]:
    """All studies, by id."""
    directions: dict[int, list[StudyDirection]] = defaultdict(list)
    order = select(*DIRECTION).order_by(schema.DIRECTIONS.c.objective)
    for row in connection.execute(order):
        directions[row[0]].append(direction(*row))
    user = _all_attributes(connection, schema.STUDY_USER_ATTRIBUTES)
    system = _all_attributes(connection, schema.STUDY_SYSTEM_ATTRIBUTES)
    studies = schema.STUDIES.c
    query = select(studies.study_id, studies.study_name).order_by(studies.study_id)
    return [
        schema.FrozenStudy(
            study_name=checked_name(study_id, name),
            direction=None,
            directions=directions[study_id],
            user_attrs=user[study_id],
            system_attrs=system[study_id],
            study_id=study_id,
        )
        for study_id, name in connection.execute(query)
    ]


def _all_attributes(connection: Connection, table: Table) -> dict[int, dict[str, Any]]:
    attributes: dict[int, dict[str, Any]] = defaultdict(dict)
    query = select(table.c.study_id, table.c.key, table.c.value_json)
    for study_id, key, text in connection.execute(query):
        attributes[study_id][key] = attribute(table.name, "study_id", study_id, key, text)
    return attributes
