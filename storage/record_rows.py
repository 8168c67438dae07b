"""Records to rows and back: one pair of functions per kind, without SQL.

Field and column names are the same, so most rows are the record's fields as they are. JSON
turns tuples into lists; reading turns them back where the record says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_args

from optuna.trial import FrozenTrial
from sqlalchemy import Row

from storage.records import (
    Advice,
    ArtifactRecord,
    DataCheckRecord,
    Diagnosis,
    EvaluationRecord,
    PolicyRecord,
    RunRecord,
    SpaceChange,
    StudySettings,
    TrialRecord,
    TrialState,
)


def settings_json(settings: StudySettings) -> dict[str, Any]:
    """The settings as JSON."""
    return asdict(settings)


def settings_record(stored: Mapping[str, Any]) -> StudySettings:
    """The settings from JSON. Keys that only a newer version knows are left out."""
    known = {field.name for field in fields(StudySettings)}
    values = {key: value for key, value in stored.items() if key in known}
    values["class_names"] = tuple(values.get("class_names", ()))
    return StudySettings(**values)


def run_row(record: RunRecord, study_id: int, process: str) -> dict[str, Any]:
    """A run as a row of `automl_runs`."""
    values = {field.name: getattr(record, field.name) for field in fields(RunRecord)}
    del values["run_id"]
    values["params"] = None if record.params is None else dict(record.params)
    return {**values, "study_id": study_id, "process": process}


def run_record(row: Row[Any]) -> RunRecord:
    """A row of `automl_runs` as a run."""
    return RunRecord(**{field.name: getattr(row, field.name) for field in fields(RunRecord)})


def diagnosis_row(record: Diagnosis, study_id: int) -> dict[str, Any]:
    """A diagnosis as a row of `automl_diagnoses`."""
    return {**asdict(record), "study_id": study_id}


def diagnosis_record(row: Row[Any]) -> Diagnosis:
    """A row of `automl_diagnoses` as a diagnosis."""
    advice = tuple(
        Advice(one["text"], tuple(SpaceChange(**change) for change in one["changes"]))
        for one in row.advice
    )
    return Diagnosis(
        kind=row.kind,
        severity=row.severity,
        message=row.message,
        evidence=row.evidence,
        advice=advice,
        trial_number=row.trial_number,
    )


def data_check_row(record: DataCheckRecord, study_id: int) -> dict[str, Any]:
    """A data check as a row of `automl_data_checks`."""
    return {**asdict(record), "study_id": study_id}


def data_check_record(row: Row[Any]) -> DataCheckRecord:
    """A row of `automl_data_checks` as a data check; SQL knows no NaN but NULL."""
    value = float("nan") if row.value is None else row.value
    return DataCheckRecord(row.kind, row.subject, value, row.details)


def evaluation_row(record: EvaluationRecord, study_id: int) -> dict[str, Any]:
    """An evaluation as a row of `automl_evaluations`."""
    return {**asdict(record), "study_id": study_id}


def evaluation_record(row: Row[Any]) -> EvaluationRecord:
    """A row of `automl_evaluations` as an evaluation."""
    values = {field.name: getattr(row, field.name) for field in fields(EvaluationRecord)}
    for name in ("intervals", "linear_intervals"):
        values[name] = {key: tuple(pair) for key, pair in values[name].items()}
    return EvaluationRecord(**values)


def artifact_row(record: ArtifactRecord, study_id: int) -> dict[str, Any]:
    """An artifact as a row of `automl_artifacts`."""
    return {**asdict(record), "study_id": study_id}


def artifact_record(row: Row[Any]) -> ArtifactRecord:
    """A row of `automl_artifacts` as an artifact."""
    names = [field.name for field in fields(ArtifactRecord)]
    return ArtifactRecord(**{name: getattr(row, name) for name in names})


def policy_record(row: Row[Any]) -> PolicyRecord:
    """A row of `automl_policies` as a policy."""
    return PolicyRecord(row.from_trial_number, row.sampler, row.pruner)


_STATES: Mapping[str, TrialState] = {name: name for name in get_args(TrialState)}


def trial_record(trial: FrozenTrial) -> TrialRecord:
    """An Optuna trial as a record."""
    started, finished = trial.datetime_start, trial.datetime_complete
    return TrialRecord(
        number=trial.number,
        state=_STATES[trial.state.name],
        params=dict(trial.params),
        value=trial.values[0] if trial.values else None,
        cause=trial.user_attrs.get("cause"),
        started_at=None if started is None else started.timestamp(),
        finished_at=None if finished is None else finished.timestamp(),
        user_attributes=dict(trial.user_attrs),
    )
