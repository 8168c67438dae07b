from __future__ import annotations

import datetime
import json
from dataclasses import fields

from optuna.trial import TrialState, create_trial

from storage import record_rows, tables
from storage.records import ArtifactRecord, PolicyRecord, RunRecord
from tests.contracts.store_contract import settings


def test_every_field_of_a_run_has_a_column() -> None:
    names = {field.name for field in fields(RunRecord)}
    assert names <= set(tables.RUNS.c.keys())
    row = record_rows.run_row(RunRecord(1, 2, "search", 3), 4, "process")
    assert set(row) == (set(tables.RUNS.c.keys()) - {"run_id", "layer_names"})


def test_every_field_of_an_artifact_or_policy_has_a_column() -> None:
    for record, table in ((ArtifactRecord, tables.ARTIFACTS), (PolicyRecord, tables.POLICIES)):
        assert {field.name for field in fields(record)} <= set(table.c.keys())


def test_settings_survive_json_and_unknown_keys() -> None:
    """A later version may add a setting; this one leaves it out."""
    stored = json.dumps({**record_rows.settings_json(settings()), "later": 1})
    assert record_rows.settings_record(stored, 1) == settings()


def test_trial_is_told_in_seconds_and_with_its_cause() -> None:
    trial = create_trial(state=TrialState.PRUNED, user_attrs={"cause": "diverged"})
    trial.datetime_start = datetime.datetime(2026, 1, 2)
    trial.datetime_complete = None
    record = record_rows.trial_record(trial)
    assert record.cause == "diverged"
    assert record.outcome == "failed"
    assert record.value is None
    assert record.started_at == datetime.datetime(2026, 1, 2).timestamp()
    assert record.finished_at is None
