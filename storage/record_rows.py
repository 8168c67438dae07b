"""Records to rows and back: one pair of functions per kind, without SQL.

Field and column names are the same, so most rows are the record's fields as they are.
`stored_values.py` holds each field against its type when it is read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar, get_args

from optuna.trial import FrozenTrial
from sqlalchemy import Row, Table

from storage.call_records import BeliefRecord, PolicyRecord, StopReason
from storage.earlier_records import EarlierStudy
from storage.errors import DamagedError
from storage.records import (
    ArtifactRecord,
    DataCheckRecord,
    Diagnosis,
    RunRecord,
    StudySettings,
    TrialRecord,
    TrialState,
)
from storage.score_records import METRICS, AnswerRecord, EvaluationRecord, ImportancesRecord
from storage.stored_values import UnfitError, fitting, parse_json, record_of
from storage.tables import (
    ANSWERS,
    ARTIFACTS,
    BELIEFS,
    DATA_CHECKS,
    DIAGNOSES,
    EARLIER_STUDIES,
    EVALUATIONS,
    IMPORTANCES,
    POLICIES,
    RUNS,
    SETTINGS,
    STOPS,
    WIDENINGS,
    Json,
)
from storage.widening_records import WideningRecord

Record = TypeVar("Record")

WITHOUT_CLASSES = frozenset({"regression", "objective"})
"""Tasks that have none."""

LAST_SECOND = 253_402_300_800.0
"""Seconds since 1970 at the end of the year 9999, the last that a date can have."""


def settings_json(settings: StudySettings) -> dict[str, Any]:
    """The settings as JSON."""
    return asdict(settings)


def settings_record(stored: Any, study_id: int) -> StudySettings:
    """The settings from JSON. Keys that only a newer version knows are left out.

    Raises:
        DamagedError: a setting is missing, or has a value it cannot have.
    """
    try:
        settings: StudySettings = fitting(parse_json(stored), StudySettings)
        _check_settings(settings)
    except UnfitError as error:
        row = {"study_id": study_id}
        raise DamagedError(SETTINGS.name, "settings", row, str(error)) from error
    return settings


def _check_settings(settings: StudySettings) -> None:
    """Refuse what no study is made with, though the type is right."""
    rules = {
        "max_epochs": settings.max_epochs >= 1,
        "patience": settings.patience >= 1,
        "epoch_steps": settings.epoch_steps == "full" or settings.epoch_steps >= 1,
        "max_parameters": settings.max_parameters is None or settings.max_parameters >= 1,
        "max_latency": settings.max_latency is None or 0 < settings.max_latency < math.inf,
        "latency_rows": settings.latency_rows >= 1,
        "seed": 0 <= settings.seed < 2**63,
        "n_features": settings.n_features >= 0,
        "n_rows": all(count >= 0 for count in settings.n_rows.values()),
        "n_measured": settings.n_measured is None or settings.n_measured >= 1,
        "target_error": settings.target_error is None or 0 <= settings.target_error < math.inf,
        "created_at": 0 <= settings.created_at < LAST_SECOND,
        "class_names": settings.task in WITHOUT_CLASSES or len(settings.class_names) >= 1,
        "metric": settings.metric in METRICS.get(settings.task, ()) or settings.metric is None,
    }
    for name, is_kept in rules.items():
        if not is_kept:
            raise UnfitError(f"in {name!r}: no study is made with {getattr(settings, name)!r}")


def run_row(record: RunRecord, study_id: int, process: str) -> dict[str, Any]:
    """A run as a row of `automl_runs`."""
    values = {field.name: getattr(record, field.name) for field in fields(RunRecord)}
    del values["run_id"]
    values["params"] = None if record.params is None else dict(record.params)
    return {**values, "study_id": study_id, "process": process}


def run_record(row: Row[Any]) -> RunRecord:
    """A row of `automl_runs` as a run."""
    return _record(RunRecord, RUNS, dict(row._mapping))


def diagnosis_row(record: Diagnosis, study_id: int) -> dict[str, Any]:
    """A diagnosis as a row of `automl_diagnoses`."""
    return {**asdict(record), "study_id": study_id}


def diagnosis_record(row: Row[Any]) -> Diagnosis:
    """A row of `automl_diagnoses` as a diagnosis."""
    return _record(Diagnosis, DIAGNOSES, dict(row._mapping))


def data_check_row(record: DataCheckRecord, study_id: int) -> dict[str, Any]:
    """A data check as a row of `automl_data_checks`."""
    return {**asdict(record), "study_id": study_id}


def data_check_record(row: Row[Any]) -> DataCheckRecord:
    """A row of `automl_data_checks` as a data check; SQL knows no NaN but NULL."""
    value = math.nan if row.value is None else row.value
    return _record(DataCheckRecord, DATA_CHECKS, {**row._mapping, "value": value})


def answer_row(record: AnswerRecord, study_id: int) -> dict[str, Any]:
    """An answer as a row of `automl_answers`, which gives it its id."""
    values = asdict(record)
    del values["answer_id"]
    return {**values, "study_id": study_id}


def answer_record(row: Row[Any]) -> AnswerRecord:
    """A row of `automl_answers` as an answer.

    Raises:
        DamagedError: there are no members, or their weights are not shares of 1.
    """
    record = _record(AnswerRecord, ANSWERS, dict(row._mapping))
    weights = [member.weight for member in record.members]
    if not (all(weight > 0 for weight in weights) and math.isclose(sum(weights), 1.0)):
        place, why = {"answer_id": record.answer_id}, "the weights of members must be shares of 1"
        raise DamagedError(ANSWERS.name, "members", place, why)
    return record


def evaluation_row(record: EvaluationRecord, study_id: int) -> dict[str, Any]:
    """An evaluation as a row of `automl_evaluations`."""
    return {**asdict(record), "study_id": study_id}


def evaluation_record(row: Row[Any]) -> EvaluationRecord:
    """A row of `automl_evaluations` as an evaluation.

    Raises:
        DamagedError: it has no loss, or an interval or a comparison of a score that it has not.
            A fitted reference may have none: a linear model of a row that is far off predicts
            what is no number.
    """
    record = _record(EvaluationRecord, EVALUATIONS, dict(row._mapping))
    place = {"evaluation_id": row.evaluation_id}
    needed = {"loss", *record.intervals}.union(*(one.network_gains for one in record.references))
    if lacking := needed - record.scores.keys():
        raise DamagedError(
            EVALUATIONS.name, "scores", place, f"it lacks {', '.join(sorted(lacking))}"
        )
    for one in record.references:
        always = {"loss"} if one.name == "guessing" else set()
        needed = always.union(one.intervals, one.network_gains, one.guessing_gains)
        if lacking := needed - one.scores.keys():
            why = f"{one.name} lacks the score {', '.join(sorted(lacking))}"
            raise DamagedError(EVALUATIONS.name, "references", place, why)
    return record


def importances_row(record: ImportancesRecord, study_id: int) -> dict[str, Any]:
    """Importances as a row of `automl_importances`."""
    return {**asdict(record), "study_id": study_id}


def importances_record(row: Row[Any]) -> ImportancesRecord:
    """A row of `automl_importances` as importances.

    Raises:
        DamagedError: a column has no importance by the loss, or there are neither columns nor a
            reason.
    """
    record = _record(ImportancesRecord, IMPORTANCES, dict(row._mapping))
    place = {"importances_id": row.importances_id}
    if lacking := [one.name for one in record.columns if "loss" not in one.gains]:
        why = f"{', '.join(lacking)} lacks the loss"
        raise DamagedError(IMPORTANCES.name, "columns", place, why)
    if not record.columns and record.missing_because is None:
        raise DamagedError(IMPORTANCES.name, "columns", place, "there are none")
    return record


def artifact_row(record: ArtifactRecord, study_id: int) -> dict[str, Any]:
    """An artifact as a row of `automl_artifacts`."""
    return {**asdict(record), "study_id": study_id}


def artifact_record(row: Row[Any]) -> ArtifactRecord:
    """A row of `automl_artifacts` as an artifact."""
    record = _record(ArtifactRecord, ARTIFACTS, dict(row._mapping))
    _check_details(ARTIFACTS, record.artifact_id, record.details, _DETAILS.get(record.kind, {}))
    return record


def _check_details(
    table: Table, row_id: int | str, details: Mapping[str, Any], hints: Mapping[str, Any]
) -> None:
    """Refuse details that lack something, or have it of another type."""
    try:
        for name, hint in hints.items():
            fitting(details.get(name), hint)
    except UnfitError as error:
        (key,) = (column.name for column in table.primary_key)
        raise DamagedError(table.name, "details", {key: row_id}, str(error)) from error


_OF_WEIGHTS: Mapping[str, Any] = {
    "run": Mapping[str, Any] | None,
    "target_mean": float | None,
    "target_scale": float | None,
    "prediction_range": tuple[float, float] | None,
    "target_curve": Mapping[str, Any] | None,
}

_DETAILS: Mapping[str, Mapping[str, Any]] = {
    "preprocessing": {"fold": int},
    "weights": _OF_WEIGHTS,
    "answer_weights": _OF_WEIGHTS,
}
"""What the details of an artifact must have, by its kind; what a run is, its reader checks."""


def policy_record(row: Row[Any]) -> PolicyRecord:
    """A row of `automl_policies` as a policy."""
    return _record(PolicyRecord, POLICIES, dict(row._mapping))


def stop_record(row: Row[Any]) -> StopReason:
    """A row of `automl_stops` as the reason of a call's end."""
    record = _record(StopReason, STOPS, dict(row._mapping))
    _check_details(STOPS, row.stop_id, record.details, _REACHED.get(record.because, {}))
    return record


_REACHED: Mapping[str, Mapping[str, Any]] = {
    "n_trials": {"n_trials": int},
    "timeout": {"timeout": float},
    "max_epochs_total": {"max_epochs_total": int},
    "target_loss": {"target_loss": float, "trial_number": int, "valid_loss": float},
    "patience_trials": {"n_since": int},
}
"""What the details of an end must have, by its reason."""


def belief_record(row: Row[Any]) -> BeliefRecord:
    """A row of `automl_beliefs` as what a policy had learned."""
    return _record(BeliefRecord, BELIEFS, dict(row._mapping))


def earlier_row(record: EarlierStudy, study_id: int) -> dict[str, Any]:
    """An earlier study as a row of `automl_earlier_studies`."""
    return {**asdict(record), "study_id": study_id}


def earlier_record(row: Row[Any]) -> EarlierStudy:
    """A row of `automl_earlier_studies` as an earlier study."""
    return _record(EarlierStudy, EARLIER_STUDIES, dict(row._mapping))


def widening_row(record: WideningRecord, study_id: int) -> dict[str, Any]:
    """A widening as a row of `automl_widenings`."""
    return {**asdict(record), "study_id": study_id}


def widening_record(row: Row[Any]) -> WideningRecord:
    """A row of `automl_widenings` as a widening.

    Raises:
        DamagedError: a range is none.
    """
    record = _record(WideningRecord, WIDENINGS, dict(row._mapping))
    for name, (low, high) in record.ranges.items():
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            place, why = {"widening_id": row.widening_id}, f"{name} has no range {low} to {high}"
            raise DamagedError(WIDENINGS.name, "ranges", place, why)
    return record


_STATES: Mapping[str, TrialState] = {name: name for name in get_args(TrialState)}


def _record(kind: type[Record], table: Table, row: Mapping[str, Any]) -> Record:
    (key,) = (column.name for column in table.primary_key)
    json_columns = frozenset(column.name for column in table.c if isinstance(column.type, Json))
    return record_of(kind, table.name, key, row, json_columns)


def trial_record(trial: FrozenTrial) -> TrialRecord:
    """An Optuna trial as a record.

    Raises:
        DamagedError: an attribute of ours has another type.
    """
    for name, value in trial.user_attrs.items():
        check_attribute(trial._trial_id, name, value)
    started, finished = trial.datetime_start, trial.datetime_complete
    return TrialRecord(
        number=trial.number,
        state=_STATES[trial.state.name],
        params=dict(trial.params),
        value=_value(trial),
        cause=trial.user_attrs.get("cause"),
        started_at=None if started is None else started.timestamp(),
        finished_at=None if finished is None else finished.timestamp(),
        user_attributes=dict(trial.user_attrs),
    )


def _value(trial: FrozenTrial) -> float | None:
    """What a trial was told to be worth, of an unfinished one its last loss.

    Optuna tells the same of those that are pruned.
    """
    if trial.values:
        return float(trial.values[0])
    if trial.state.is_finished() or not trial.intermediate_values:
        return None
    last = float(trial.intermediate_values[max(trial.intermediate_values)])
    return last if math.isfinite(last) else None


_OURS: Mapping[str, Any] = {
    "cause": str,
    "cause_message": str,
    "best_epochs": str,
    "n_epochs": float,
    "n_parameters": float,
    "latency": float,
    "seconds": float,
    "paused": int | None,
    "train_loss": float,
    "generalization_gap": float,
}
"""User attributes that the search sets, see `TrialInTraining.user_attributes`."""


def check_attribute(trial_id: int, name: str, value: Any) -> None:
    """Refuse a value of a user attribute of ours that the search cannot have set.

    Raises:
        DamagedError: it has another type.
    """
    if name not in _OURS:
        return
    try:
        fitting(value, _OURS[name])
    except UnfitError as error:
        row = {"trial_id": trial_id, "key": name}
        raise DamagedError("trial_user_attributes", "value_json", row, str(error)) from error
