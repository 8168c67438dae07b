from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect

from storage.database import Database
from storage.errors import StorageError
from storage.schema_changes import (
    CHANGES,
    SchemaChange,
    applied_changes,
    apply_changes,
    missing_changes,
)


def add_column(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE automl_runs ADD COLUMN later INTEGER")


def fail(connection: Connection) -> None:
    add_column(connection)
    raise StorageError("half-way")


LATER = SchemaChange(CHANGES[-1].number + 1, "a column", add_column)


def columns(database: Database) -> set[str]:
    with database.read() as connection:
        return {column["name"] for column in inspect(connection).get_columns("automl_runs")}


def test_numbers_are_in_order_without_gaps() -> None:
    first = CHANGES[0].number
    assert [change.number for change in CHANGES] == list(range(first, first + len(CHANGES)))


def test_new_file_has_had_all_changes(database: Database) -> None:
    with database.read() as connection:
        assert applied_changes(connection) == tuple(change.number for change in CHANGES)


def test_only_what_is_missing_is_applied(database: Database) -> None:
    with database.write() as connection:
        missing = missing_changes(applied_changes(connection), "url", (*CHANGES, LATER))
        assert missing == (LATER,)
        apply_changes(connection, missing)
        assert applied_changes(connection)[-1] == LATER.number
    assert "later" in columns(database)


def test_failed_change_leaves_the_file_as_it_was(database: Database) -> None:
    with pytest.raises(StorageError, match="half-way"), database.write() as connection:
        apply_changes(connection, (SchemaChange(LATER.number, "fails", fail),))
    assert "later" not in columns(database)


def test_file_without_our_tables_has_had_none() -> None:
    database = Database("sqlite://")
    with database.read() as connection:
        assert applied_changes(connection) == ()
    database.close()


def test_change_from_the_future_is_refused() -> None:
    with pytest.raises(StorageError, match="Install that version; the file was not touched"):
        missing_changes((3, 4, 9), "sqlite:///a.db")


def test_file_of_an_older_version_is_refused() -> None:
    with pytest.raises(StorageError, match="an older version of this program made them"):
        missing_changes((1, 2), "sqlite:///a.db")


def test_a_file_of_before_gets_the_columns_that_came_later(tmp_path: Path) -> None:
    """Its rows have the defaults, and what is there is left alone."""
    engine = create_engine(f"sqlite:///{tmp_path}/old.db")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE automl_policies (policy_id INTEGER PRIMARY KEY, sampler TEXT)"
        )
        connection.exec_driver_sql("INSERT INTO automl_policies VALUES (1, 'random')")
        later = tuple(change for change in CHANGES if change.number > 4)
        for _ in range(2):
            for change in later:
                change.apply(connection)
        row = connection.exec_driver_sql("SELECT sampler, policy FROM automl_policies").one()
    assert tuple(row) == ("random", "optuna")
