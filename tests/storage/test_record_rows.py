from __future__ import annotations

import datetime
import json
import math
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import pytest
from optuna.trial import TrialState, create_trial

from storage import record_rows, tables
from storage.call_records import PolicyRecord, StopReason
from storage.errors import DamagedError
from storage.records import ArtifactRecord, RunRecord
from storage.score_records import (
    ColumnImportance,
    EvaluationRecord,
    ImportancesRecord,
    PairedDifference,
    ReferenceRecord,
)
from tests.contracts.store_contract import settings


def test_every_field_of_a_run_has_a_column() -> None:
    names = {field.name for field in fields(RunRecord)}
    assert names <= set(tables.RUNS.c.keys())
    row = record_rows.run_row(RunRecord(1, 2, "search", 3), 4, "process")
    assert set(row) == (set(tables.RUNS.c.keys()) - {"run_id", "layer_names"})


def test_every_field_of_an_artifact_policy_or_end_has_a_column() -> None:
    for record, table in (
        (ArtifactRecord, tables.ARTIFACTS),
        (PolicyRecord, tables.POLICIES),
        (StopReason, tables.STOPS),
    ):
        assert {field.name for field in fields(record)} <= set(table.c.keys())


def test_settings_survive_json_and_unknown_keys() -> None:
    """A later version may add a setting; this one leaves it out."""
    stored = json.dumps({**record_rows.settings_json(settings()), "later": 1})
    assert record_rows.settings_record(stored, 1) == settings()


def test_epochs_of_a_study_from_before_there_were_others_are_passes() -> None:
    stored = record_rows.settings_json(settings())
    del stored["epoch_steps"]
    assert record_rows.settings_record(json.dumps(stored), 1).epoch_steps == "full"


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


@pytest.mark.parametrize(
    ("state", "losses", "value"),
    [
        (TrialState.RUNNING, {1: 0.5, 3: 0.3, 2: 0.1}, 0.3),  # unfinished: the last one
        (TrialState.RUNNING, {1: 0.5, 2: math.nan}, None),
        (TrialState.RUNNING, {}, None),
        (TrialState.FAIL, {1: 0.5}, None),
    ],
)
def test_an_unfinished_trial_is_worth_its_last_loss(
    state: TrialState, losses: dict[int, float], value: float | None
) -> None:
    trial = create_trial(state=state, intermediate_values=losses)
    assert record_rows.trial_record(trial).value == value


LOSS = {"loss": 0.5}
GAIN = {"accuracy": PairedDifference(0.1, 0.01, 0.08, 0.12)}


def stored(record: EvaluationRecord) -> Any:
    """The row of an evaluation, as it is read."""
    row = record_rows.evaluation_row(record, 1)
    for name in ("scores", "intervals", "references"):
        row[name] = json.dumps(row[name])
    row["evaluation_id"] = 3
    return SimpleNamespace(_mapping=row, evaluation_id=3)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (EvaluationRecord(1, "test", {}), "scores .* evaluation_id = 3 .* lacks loss"),
        (EvaluationRecord(1, "test", LOSS, {"r2": (0.0, 1.0)}), "scores .* it lacks r2"),
        (
            EvaluationRecord(
                1, "test", LOSS, references=(ReferenceRecord("guessing", LOSS, {}, GAIN),)
            ),
            "scores .* it lacks accuracy",
        ),
        (
            EvaluationRecord(1, "test", LOSS, references=(ReferenceRecord("guessing", {}),)),
            "references .* guessing lacks the score loss",
        ),
        (
            EvaluationRecord(
                1, "test", LOSS, references=(ReferenceRecord("guessing", LOSS, {}, {}, GAIN),)
            ),
            "references .* guessing lacks the score accuracy",
        ),
    ],
)
def test_what_an_evaluation_compares_it_has(record: EvaluationRecord, said: str) -> None:
    with pytest.raises(DamagedError, match=said):
        record_rows.evaluation_record(stored(record))


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            ImportancesRecord(1, (ColumnImportance("age", GAIN),)),
            "columns .* importances_id = 3 .* age lacks the loss",
        ),
        (ImportancesRecord(1), "columns .* there are none"),
    ],
)
def test_importances_are_of_columns_or_say_why_not(record: ImportancesRecord, said: str) -> None:
    row = record_rows.importances_row(record, 1)
    row |= {"columns": json.dumps(row["columns"]), "importances_id": 3}
    with pytest.raises(DamagedError, match=said):
        record_rows.importances_record(
            SimpleNamespace(_mapping=row, importances_id=3)  # type: ignore[arg-type]
        )


def test_a_fitted_reference_may_have_no_scores() -> None:
    references = (ReferenceRecord("guessing", LOSS), ReferenceRecord("linear_model", {}))
    record = EvaluationRecord(1, "test", LOSS, references=references)
    assert record_rows.evaluation_record(stored(record)) == record


def test_an_evaluation_survives_its_row() -> None:
    scores = {"loss": 0.5, "accuracy": 0.9}
    reference = ReferenceRecord("linear_model", scores, {"loss": (0.4, 0.6)}, GAIN, GAIN)
    record = EvaluationRecord(1, "test", scores, {"accuracy": (0.8, 1.0)}, (reference,), 2.0)
    assert record_rows.evaluation_record(stored(record)) == record
