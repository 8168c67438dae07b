from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest
from sqlalchemy import Connection, inspect

from storage import open_store, tables
from storage.call_records import BeliefRecord, PolicyRecord, StopReason
from storage.database import Database
from storage.engine import database_path
from storage.errors import StorageError
from storage.schema_changes import (
    CHANGES,
    SchemaChange,
    applied_changes,
    apply_changes,
    missing_changes,
)
from storage.score_records import ImportancesRecord
from storage.widening_records import WideningRecord
from tests.contracts.store_contract import make_study


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
        missing_changes((3, 4, LATER.number), "sqlite:///a.db")


def test_file_of_an_older_version_is_refused() -> None:
    with pytest.raises(StorageError, match="an older version of this program made them"):
        missing_changes((1, 2), "sqlite:///a.db")


OLD_POLICIES = """
CREATE TABLE automl_policies (
    policy_id INTEGER NOT NULL PRIMARY KEY, study_id INTEGER NOT NULL,
    from_trial_number INTEGER NOT NULL, sampler TEXT NOT NULL, pruner TEXT NOT NULL,
    n_trials INTEGER NOT NULL, timeout FLOAT, trial_timeout FLOAT, n_slots INTEGER NOT NULL,
    n_workers INTEGER NOT NULL, device TEXT NOT NULL, trainer TEXT NOT NULL, amp BOOLEAN NOT NULL,
    channels_last BOOLEAN NOT NULL, preflight BOOLEAN NOT NULL, keep_models INTEGER NOT NULL,
    "references" BOOLEAN NOT NULL
)
"""
"""As the first version of the tables that is opened still, number 4, had them."""


def make_old(url: str) -> None:
    """A file of version 4 with a study and how its call searched."""
    with open_store(url) as store:
        make_study(store)
    with contextlib.closing(sqlite3.connect(database_path(url) or "")) as connection:
        connection.executescript(
            "DROP TRIGGER automl_after_study; DROP TABLE automl_policies; DROP TABLE automl_stops;"
            "DROP TABLE automl_earlier_studies; DROP TABLE automl_widenings;"
            "DROP TABLE automl_beliefs; DROP TABLE automl_reopenings;"
            "ALTER TABLE automl_answers DROP COLUMN n_parameters;"
            "ALTER TABLE automl_answers DROP COLUMN validation;"
            "ALTER TABLE automl_answers DROP COLUMN threshold;"
            "ALTER TABLE automl_evaluations DROP COLUMN only_class;"
            "DROP TABLE automl_importances;"
            "UPDATE automl_study_settings SET settings = "
            "json_set(settings, '$.metric', 'error_rate');"
            "INSERT INTO automl_answers VALUES "
            "(1, 1, 'single', '[{\"run_id\": 1, \"weight\": 1.0}]', 0);"
            + OLD_POLICIES
            + ";CREATE INDEX ix_automl_policies_study_id ON automl_policies (study_id);"
            "INSERT INTO automl_policies VALUES "
            "(1, 1, 0, 'tpe', 'median', 12, NULL, NULL, 4, 2, 'cpu', 'plain', 0, 0, 1, 5, 1);"
            "DELETE FROM automl_schema WHERE change > 4;"
        )


@pytest.mark.parametrize(
    ("stored", "valid", "test"),
    [
        ({"n_folds": 1}, 0.2, 0.2),
        ({"n_folds": 5}, None, 0.2),
        ({"n_folds": 1, "test": "b.csv"}, 0.25, None),
        ({"n_folds": 1, "valid": "a.csv"}, None, 0.2),
    ],
    ids=["one split", "folds", "a test file", "a validation file"],
)
def test_rows_stay_divided_as_they_were(
    url: str, stored: dict[str, object], valid: float | None, test: float | None
) -> None:
    """The default was a fifth of the rows, of whatever table, and no option said another."""
    make_old(url)
    split = {"valid_fraction": 0.2, "test_fraction": 0.2, "valid": None, "test": None, **stored}
    with contextlib.closing(sqlite3.connect(database_path(url) or "")) as connection:
        connection.execute(
            "UPDATE automl_study_settings SET settings = json_set(settings, '$.split', json(?), "
            '\'$.data_options\', json(\'{"folds": null, "group": "g"}\'))',
            [json.dumps(split)],
        )
        connection.commit()
    with open_store(url) as store:
        settings = store.read_study("study").settings
    fractions = {"valid_fraction": valid, "test_fraction": test}
    assert settings.split == split | fractions
    assert settings.data_options == {**fractions, "folds": stored["n_folds"], "group": "g"}


def test_a_file_of_an_earlier_version_keeps_what_it_had(url: str) -> None:
    make_old(url)
    with open_store(url) as store:
        (policy,) = store.read_study("study").policies
        assert (policy.pruner, policy.n_trials, policy.trainer) == ("median", 12, "plain")
        assert (policy.max_epochs_total, policy.target_loss, policy.policy) == (
            None,
            None,
            "optuna",
        )
        store.calls.add("study", PolicyRecord(3, "tpe", "none", timeout=60.0))
        store.calls.add("study", StopReason("interrupted", n_trials=3))
        store.widenings.add("study", WideningRecord(3, {"x": (0.0, 2.0)}))
        store.beliefs.add("study", BeliefRecord("freeze_thaw", 3, 9, {}))
        assert store.read_study("study").importances == ()
        store.add_importances("study", ImportancesRecord(1, missing_because="no time"))
        records = store.read_study("study")
        assert [one.n_trials for one in records.policies] == [12, None]
        assert [one.because for one in records.stops] == ["interrupted"]
        assert [one.answer for one in records.policies] == ["single", "single"]
        assert [(one.searches, one.untrained) for one in records.policies] == [(True, None)] * 2
        (answer,) = records.answers
        assert (answer.kind, answer.n_parameters, answer.validation) == ("single", None, None)
        assert answer.threshold is None and records.settings.metric is None
        assert records.settings.epoch_metric == "error_rate"
        store.delete_study("study")
        with store._database.read() as connection:
            for table in (
                *(tables.POLICIES, tables.STOPS, tables.WIDENINGS, tables.EARLIER_STUDIES),
                *(tables.BELIEFS, tables.REOPENINGS, tables.IMPORTANCES),
            ):
                assert connection.execute(table.select()).all() == []
