"""Optuna's own tables: the one module that reaches into Optuna's private parts.

Optuna publishes no description of its relational schema but the models of its `RDBStorage`.
They are used for the table definitions and the way values are encoded, and nothing else, so
that a file written here is the file that `RDBStorage`, its command line and its dashboard
read. The revision is checked on opening. `FrozenStudy`, which `get_all_studies` must return,
has no public name either.
"""

from __future__ import annotations

import datetime
import math

import optuna
import sqlalchemy
from optuna.storages._base import DEFAULT_STUDY_NAME_PREFIX
from optuna.storages._rdb import models
from optuna.study._frozen import FrozenStudy
from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table

from storage.errors import StorageError

__all__ = ["DEFAULT_STUDY_NAME_PREFIX", "FrozenStudy"]

REVISION = "v3.2.0.a"
"""Optuna's schema revision since its version 3.2 (the head of its Alembic scripts)."""

OPTUNA_METADATA: MetaData = models.BaseModel.metadata
STUDIES: Table = OPTUNA_METADATA.tables["studies"]
DIRECTIONS: Table = OPTUNA_METADATA.tables["study_directions"]
STUDY_USER_ATTRIBUTES: Table = OPTUNA_METADATA.tables["study_user_attributes"]
STUDY_SYSTEM_ATTRIBUTES: Table = OPTUNA_METADATA.tables["study_system_attributes"]
TRIALS: Table = OPTUNA_METADATA.tables["trials"]
PARAMS: Table = OPTUNA_METADATA.tables["trial_params"]
VALUES: Table = OPTUNA_METADATA.tables["trial_values"]
INTERMEDIATE_VALUES: Table = OPTUNA_METADATA.tables["trial_intermediate_values"]
USER_ATTRIBUTES: Table = OPTUNA_METADATA.tables["trial_user_attributes"]
SYSTEM_ATTRIBUTES: Table = OPTUNA_METADATA.tables["trial_system_attributes"]
HEARTBEATS: Table = OPTUNA_METADATA.tables["trial_heartbeats"]
VERSION_INFO: Table = OPTUNA_METADATA.tables["version_info"]

TRIAL_CHILDREN = (
    PARAMS,
    VALUES,
    INTERMEDIATE_VALUES,
    USER_ATTRIBUTES,
    SYSTEM_ATTRIBUTES,
    HEARTBEATS,
)
STUDY_CHILDREN = (DIRECTIONS, STUDY_USER_ATTRIBUTES, STUDY_SYSTEM_ATTRIBUTES)

_ALEMBIC = MetaData()
ALEMBIC_VERSION = Table(
    "alembic_version",
    _ALEMBIC,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def create_optuna_tables(connection: Connection) -> None:
    """Create what Optuna's `RDBStorage` would have created, where there is nothing yet."""
    if has_optuna_tables(connection):
        return
    OPTUNA_METADATA.create_all(connection)
    _ALEMBIC.create_all(connection)
    version = {
        "version_info_id": 1,
        "schema_version": models.SCHEMA_VERSION,
        "library_version": optuna.__version__,
    }
    connection.execute(VERSION_INFO.insert(), version)
    connection.execute(ALEMBIC_VERSION.insert(), {"version_num": REVISION})


def has_optuna_tables(connection: Connection) -> bool:
    """Whether somebody has created Optuna's tables."""
    return sqlalchemy.inspect(connection).has_table(STUDIES.name)


def optuna_revision(connection: Connection) -> str | None:
    """The revision that the file says it has; None where it says nothing."""
    if not sqlalchemy.inspect(connection).has_table(ALEMBIC_VERSION.name):
        return None
    return connection.scalar(sqlalchemy.select(ALEMBIC_VERSION.c.version_num))


def check_revision(revision: str | None, url: str) -> None:
    """Refuse a file whose tables are not the ones this module knows.

    Raises:
        StorageError: older, newer or unknown tables.
    """
    if revision == REVISION:
        return
    fix = f"Run `optuna storage upgrade --storage {url}`, or install the Optuna it was made with"
    raise StorageError(
        f"Optuna's tables must have revision {REVISION}, but {url} has {revision} "
        f"(Optuna {optuna.__version__} is installed). {fix}."
    )


# How Optuna encodes what a float column cannot hold.

FINITE, POSITIVE, NEGATIVE, NOT_A_NUMBER = "FINITE", "INF_POS", "INF_NEG", "NAN"

DECODED = {POSITIVE: math.inf, NEGATIVE: -math.inf, NOT_A_NUMBER: math.nan}


def encode(value: float) -> tuple[float | None, str]:
    """A float as a column's value and the name of its kind."""
    if math.isfinite(value):
        return value, FINITE
    if math.isnan(value):
        return None, NOT_A_NUMBER
    return None, POSITIVE if value > 0 else NEGATIVE


def to_utc(moment: datetime.datetime | None) -> datetime.datetime | None:
    """Naive local time, as in `FrozenTrial`, to naive UTC, as in the file."""
    if moment is None:
        return None
    return moment.astimezone(datetime.UTC).replace(tzinfo=None)


def to_local(moment: datetime.datetime | None) -> datetime.datetime | None:
    """Naive UTC to naive local time."""
    if moment is None:
        return None
    return moment.replace(tzinfo=datetime.UTC).astimezone().replace(tzinfo=None)
