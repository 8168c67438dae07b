from __future__ import annotations

import optuna
import pytest
from optuna.study import StudyDirection
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from storage import optuna_schema as schema
from storage import study_rows
from storage.database import Database
from storage.optuna_storage import OptunaStorage

BOTH = [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]


def test_study_is_found_by_name_and_id(database: Database) -> None:
    with database.write() as connection:
        study_id = study_rows.create_study(connection, "study", BOTH)
        assert study_rows.require_study(connection, study_id) == "study"
        assert study_rows.study_id_of(connection, "study") == study_id
        assert study_rows.directions_of(connection, study_id) == BOTH


def test_missing_study_is_a_key_error(database: Database) -> None:
    with database.read() as connection:
        with pytest.raises(KeyError, match="study_id=7"):
            study_rows.require_study(connection, 7)
        with pytest.raises(KeyError, match="named 'none'"):
            study_rows.study_id_of(connection, "none")


def test_name_is_taken_once(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        study_rows.create_study(connection, "study", BOTH)
        study_rows.create_study(connection, "study", BOTH)


def test_attributes_are_set_replaced_and_deleted(database: Database) -> None:
    table = schema.STUDY_SYSTEM_ATTRIBUTES
    with database.write() as connection:
        study_id = study_rows.create_study(connection, "study", BOTH)
        for value in (1, {"a": [2]}):
            study_rows.set_attribute(connection, table, study_id, "key", value)
        study_rows.set_attribute(connection, table, study_id, "other", None)
        found = study_rows.attributes_of(connection, table, study_id)
        assert found == {"key": {"a": [2]}, "other": None}
        assert study_rows.all_studies(connection)[0].system_attrs == found
        study_rows.delete_attribute(connection, table, study_id, "key")
        assert study_rows.attributes_of(connection, table, study_id) == {"other": None}


def test_deletion_leaves_no_row_of_the_study_and_all_of_others(
    optuna_storage: OptunaStorage,
) -> None:
    for name in ("gone", "kept"):
        study = optuna.create_study(study_name=name, storage=optuna_storage)
        study.set_user_attr("a", 1)
        trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
        trial.report(1.0, 1)
        trial.set_user_attr("b", 2)
        study.tell(trial, 1.0)
    optuna_storage.delete_study(optuna_storage.get_study_id_from_name("gone"))
    tables = (*schema.TRIAL_CHILDREN, schema.TRIALS, *schema.STUDY_CHILDREN, schema.STUDIES)
    with optuna_storage.database.read() as connection:
        counts = {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in tables
        }
    assert set(counts.values()) <= {0, 1}
    assert counts["trials"] == counts["studies"] == counts["trial_params"] == 1
