from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect

from storage import optuna_schema
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


def test_a_file_from_before_a_table_gets_it_and_its_rows_go_with_the_study(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/automl.db")
    added = ("automl_earlier_studies", "automl_widenings")
    with database.write() as connection:
        optuna_schema.OPTUNA_METADATA.create_all(connection)
        apply_changes(connection, CHANGES[:2])
        for table in added:
            connection.exec_driver_sql(f"DROP TABLE {table}")
        (number,) = (one.number for one in CHANGES if one.name == "earlier studies and widenings")
        apply_changes(connection, tuple(one for one in CHANGES if one.number == number))
        connection.exec_driver_sql("INSERT INTO studies VALUES (1, 'study')")
        connection.exec_driver_sql("INSERT INTO automl_widenings VALUES (1, 1, 25, '{}')")
        connection.exec_driver_sql("DELETE FROM studies")
        assert connection.exec_driver_sql("SELECT * FROM automl_widenings").all() == []
        assert set(added) <= set(inspect(connection).get_table_names())
    database.close()


def test_a_file_of_before_gets_the_columns_that_came_later(tmp_path: Path) -> None:
    """Its rows have the defaults, and what is there is left alone."""
    engine = create_engine(f"sqlite:///{tmp_path}/old.db")
    with engine.begin() as connection:
        optuna_schema.OPTUNA_METADATA.create_all(connection)
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
