"""How the project's own tables came to be: ordered changes, applied in one transaction.

A file remembers the changes it has had in `automl_schema`. Opening it applies the missing
ones, all or none, under the write lock, so that two processes may open a new file at the
same moment. A file with a change unknown here was made by another version and is refused: a
newer one, or one from before the first change that is listed. A released change is never
edited: the next one is appended.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import Column, Connection, Table, select
from sqlalchemy.schema import CreateColumn

from storage import optuna_schema, tables
from storage.errors import StorageError


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One step from a schema to the next."""

    number: int
    name: str
    apply: Callable[[Connection], None]


def _create_tables(connection: Connection) -> None:
    tables.METADATA.create_all(connection)


def _delete_along(connection: Connection) -> None:
    """Our rows go with Optuna's, whoever deletes them; a deletion is counted."""
    if connection.dialect.name != "sqlite":
        raise StorageError(
            "The storage must be an SQLite URL, "
            f"but got a {connection.dialect.name} database: other databases are not ready yet."
        )
    _replace_triggers(connection)


def _replace_triggers(connection: Connection) -> None:
    """The triggers that delete along, for the tables that there are by now."""
    counted = (
        "INSERT INTO automl_deletions (study_id, n_deletions) VALUES (OLD.study_id, 1) "
        "ON CONFLICT (study_id) DO UPDATE SET n_deletions = n_deletions + 1;"
    )
    of_study = " ".join(
        f"DELETE FROM {table.name} WHERE study_id = OLD.study_id;" for table in tables.OF_A_STUDY
    )
    of_run = " ".join(
        f"DELETE FROM {table.name} WHERE run_id = OLD.run_id;" for table in tables.OF_A_RUN
    )
    claims = f"DELETE FROM {tables.CLAIMS.name} WHERE trial_id = OLD.trial_id;"
    for trigger, table, body in (
        ("automl_after_study", optuna_schema.STUDIES.name, counted + " " + of_study),
        ("automl_after_trial", optuna_schema.TRIALS.name, claims),
        ("automl_after_run", tables.RUNS.name, of_run),
    ):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}")
        connection.exec_driver_sql(
            f"CREATE TRIGGER {trigger} AFTER DELETE ON {table} FOR EACH ROW BEGIN {body} END"
        )


def _keep_reasons(connection: Connection) -> None:
    """Why a call ended, and by which limits it was to; a call may have no total of trials."""
    tables.STOPS.create(connection, checkfirst=True)
    _make_again(connection, tables.POLICIES)
    _replace_triggers(connection)


def _make_again(connection: Connection, table: Table) -> None:
    """A table as it is declared now, with the rows and the columns that it had.

    SQLite cannot change whether a column may be null, and old versions of it cannot drop one.
    """
    there = {one["name"] for one in sqlalchemy.inspect(connection).get_columns(table.name)}
    declared = [column.name for column in table.c]
    if there == set(declared):
        return  # made by this version
    names = ", ".join(f'"{name}"' for name in declared if name in there)
    for index in table.indexes:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {index.name}")
    # With the triggers that name it, which are made again.
    connection.exec_driver_sql("DROP TRIGGER IF EXISTS automl_after_study")
    connection.exec_driver_sql(f"ALTER TABLE {table.name} RENAME TO {table.name}_before")
    table.create(connection)
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {table.name}_before"
    )
    connection.exec_driver_sql(f"DROP TABLE {table.name}_before")


def _add_column(column: Column[Any]) -> Callable[[Connection], None]:
    """Add a column to a table that was made before it was thought of."""

    def apply(connection: Connection) -> None:
        there = {one["name"] for one in sqlalchemy.inspect(connection).get_columns(table.name)}
        if column.name not in there:
            words = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {words}")

    table = column.table
    return apply


def _drop_metric(connection: Connection) -> None:
    """The metric of a study was that of its epochs, which follows from its task."""
    settings = tables.SETTINGS
    for study_id, text in connection.execute(select(settings)).all():
        with suppress(KeyError, TypeError, ValueError):  # of damaged ones their reader tells
            stored = json.loads(text)
            del stored["metric"]
            changed = settings.update().where(settings.c.study_id == study_id)
            connection.execute(changed.values(settings=stored))


def _say_fractions(connection: Connection) -> None:
    """How rows were divided of which nobody had said it: the default is another one by now."""
    settings = tables.SETTINGS
    for study_id, text in connection.execute(select(settings)).all():
        with suppress(AttributeError, KeyError, TypeError, ValueError):  # their reader tells
            stored = json.loads(text)
            split, options = stored["split"], stored["data_options"]
            if not split:  # an objective has no rows
                continue
            own = {name: not split.get(name) for name in ("valid", "test")}
            has_valid = own["valid"] and split["n_folds"] == 1
            valid = (0.2 if own["test"] else 0.25) if has_valid else None
            fractions = {"valid_fraction": valid, "test_fraction": 0.2 if own["test"] else None}
            stored["split"] = {**split, **fractions}
            stored["data_options"] = {**options, **fractions, "folds": split["n_folds"]}
            changed = settings.update().where(settings.c.study_id == study_id)
            connection.execute(changed.values(settings=stored))


def _add_tables(connection: Connection) -> None:
    """Make the tables that are new since; in a new file they are there already."""
    _create_tables(connection)
    _delete_along(connection)


CHANGES: tuple[SchemaChange, ...] = (
    SchemaChange(3, "tables", _create_tables),
    SchemaChange(4, "rows go with Optuna's", _delete_along),
    SchemaChange(5, "policies have a name", _add_column(tables.POLICIES.c.policy)),
    SchemaChange(6, "where a call trained", _add_column(tables.POLICIES.c.environment)),
    SchemaChange(7, "duplicates are a choice", _add_column(tables.POLICIES.c.duplicates)),
    SchemaChange(8, "why a call ended", _keep_reasons),
    SchemaChange(9, "earlier studies and widenings", _add_tables),
    SchemaChange(10, "what policies learn", _add_tables),
    SchemaChange(11, "trials that go on", _add_tables),
    SchemaChange(12, "how large an answer is", _add_column(tables.ANSWERS.c.n_parameters)),
    SchemaChange(13, "what an answer is worth", _add_column(tables.ANSWERS.c.validation)),
    SchemaChange(14, "the answer is a choice", _add_column(tables.POLICIES.c.answer)),
    SchemaChange(15, "answers decide by a threshold", _add_column(tables.ANSWERS.c.threshold)),
    SchemaChange(16, "one class only", _add_column(tables.EVALUATIONS.c.only_class)),
    SchemaChange(17, "the metric is a choice", _drop_metric),
    SchemaChange(18, "calls that search nothing", _add_column(tables.POLICIES.c.searches)),
    SchemaChange(19, "why an answer is missing", _add_column(tables.POLICIES.c.untrained)),
    SchemaChange(20, "of which trial", _add_column(tables.POLICIES.c.untrained_trial)),
    SchemaChange(21, "fractions of rows are a choice", _say_fractions),
    SchemaChange(22, "which columns an answer uses", _add_tables),
)


def applied_changes(connection: Connection) -> tuple[int, ...]:
    """Numbers of the changes a file has had; empty for a file that is not ours."""
    if not sqlalchemy.inspect(connection).has_table(tables.SCHEMA.name):
        return ()
    query = select(tables.SCHEMA.c.change).order_by(tables.SCHEMA.c.change)
    return tuple(connection.scalars(query))


def missing_changes(
    applied: tuple[int, ...], url: str, changes: tuple[SchemaChange, ...] = CHANGES
) -> tuple[SchemaChange, ...]:
    """The changes a file still needs.

    Raises:
        StorageError: the file has had a change that is unknown here.
    """
    unknown = sorted(set(applied) - {change.number for change in changes})
    if unknown and unknown[0] < changes[0].number:
        raise StorageError(
            f"The tables in {url} must be of version {changes[0].number} or newer, but they are "
            f"of version {unknown[-1]}: an older version of this program made them, and its "
            f"studies cannot be read here. Use another database, or install that version; the "
            f"file was not touched."
        )
    if unknown:
        raise StorageError(
            f"The tables in {url} must be of version {changes[-1].number} or older, but they are "
            f"of version {unknown[-1]}: a newer version of this program made them. "
            f"Install that version; the file was not touched."
        )
    return tuple(change for change in changes if change.number not in applied)


def apply_changes(connection: Connection, changes: tuple[SchemaChange, ...]) -> None:
    """Apply changes in their order, in the transaction that is open."""
    for change in changes:
        change.apply(connection)
        connection.execute(
            tables.SCHEMA.insert(),
            {"change": change.number, "name": change.name, "applied_at": time.time()},
        )
