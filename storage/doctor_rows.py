"""Every row that is damaged, one after the other: what one reads does not hide the next."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Table, select, type_coerce

from storage import optuna_schema as schema
from storage import record_rows, study_reading, study_rows, tables, trial_reading
from storage.errors import DamagedError
from storage.stored_values import attribute

_RECORDS: Mapping[Table, Callable[[Row[Any]], object]] = {
    tables.SETTINGS: lambda row: record_rows.settings_record(row.settings, row.study_id),
    tables.RUNS: record_rows.run_record,
    tables.DATA_CHECKS: record_rows.data_check_record,
    tables.ANSWERS: record_rows.answer_record,
    tables.EVALUATIONS: record_rows.evaluation_record,
    tables.IMPORTANCES: record_rows.importances_record,
    tables.DIAGNOSES: record_rows.diagnosis_record,
    tables.ARTIFACTS: record_rows.artifact_record,
    tables.POLICIES: record_rows.policy_record,
    tables.STOPS: record_rows.stop_record,
}
_ATTRIBUTES = (
    (schema.STUDY_USER_ATTRIBUTES, "study_id"),
    (schema.STUDY_SYSTEM_ATTRIBUTES, "study_id"),
    (schema.USER_ATTRIBUTES, "trial_id"),
    (schema.SYSTEM_ATTRIBUTES, "trial_id"),
)
_SPARE = {
    *(table.name for table, _ in _ATTRIBUTES),
    tables.DATA_CHECKS.name,
    tables.ANSWERS.name,
    tables.EVALUATIONS.name,
    tables.IMPORTANCES.name,
    tables.DIAGNOSES.name,
    tables.POLICIES.name,
    tables.STOPS.name,
}
"""Tables whose rows a study can do without; those of the others make it what it is."""

RESTORE = "restore the database and its artifacts from a copy"


def damaged_rows(connection: Connection) -> Iterator[DamagedError]:
    """The rows that cannot be read, table by table."""
    for table, as_record in _RECORDS.items():
        for row in connection.execute(select(table)):
            yield from _failure(as_record, row)
    for table, owner in _ATTRIBUTES:
        query = select(table.c[owner], table.c.key, table.c.value_json)
        for owner_id, key, text in connection.execute(query):
            yield from _failure(_attribute, table.name, owner, owner_id, key, text)
    yield from _answers_without_runs(connection)
    yield from _damaged_studies(connection)
    yield from _damaged_trials(connection)
    yield from _damaged_curves(connection)


def _answers_without_runs(connection: Connection) -> Iterator[DamagedError]:
    run_ids = set(connection.scalars(select(tables.RUNS.c.run_id)))
    for row in connection.execute(select(tables.ANSWERS)):
        with contextlib.suppress(DamagedError):  # told with the other rows
            members = record_rows.answer_record(row).members
            for gone in [one.run_id for one in members if one.run_id not in run_ids]:
                place, why = {"answer_id": row.answer_id}, f"there is no run {gone}"
                yield DamagedError(tables.ANSWERS.name, "members", place, why)


def _damaged_studies(connection: Connection) -> Iterator[DamagedError]:
    studies = schema.STUDIES.c
    for row in connection.execute(select(studies.study_id, studies.study_name)):
        yield from _failure(study_rows.checked_name, *row)
    for row in connection.execute(select(*study_rows.DIRECTION)):
        yield from _failure(study_rows.direction, *row)


def _damaged_trials(connection: Connection) -> Iterator[DamagedError]:
    params = schema.PARAMS.c
    n_trials = dict.fromkeys(connection.scalars(select(schema.STUDIES.c.study_id)), 0)
    query = select(*trial_reading.BARE, schema.TRIALS.c.study_id)
    for *bare, study_id in connection.execute(query.order_by(schema.TRIALS.c.trial_id)):
        failures = list(_failure(trial_reading.bare_trial, *bare))
        yield from failures or _failure(_place_in_study, bare[0], bare[1], study_id, n_trials)
        if study_id in n_trials:
            n_trials[study_id] += 1
    for name, columns in trial_reading.NUMBERS.items():
        table = columns[0].table
        for row in connection.execute(select(table.c.trial_id, *columns)):
            yield from _failure(trial_reading.number, name, *row)
    query = select(
        params.trial_id, params.param_name, params.param_value, params.distribution_json
    )
    for row in connection.execute(query):
        yield from _failure(trial_reading.parameter, *row)


def _place_in_study(
    trial_id: int, number: int, study_id: object, n_trials: Mapping[Any, int]
) -> None:
    """A trial belongs to a study, and its number is how many came before it."""
    row = {"trial_id": trial_id}
    if study_id not in n_trials:
        raise DamagedError("trials", "study_id", row, f"there is no study {study_id!r:.40}")
    if number != n_trials[study_id]:
        why = f"{n_trials[study_id]} was to follow, but it is {number}"
        raise DamagedError("trials", "number", row, why)


def _damaged_curves(connection: Connection) -> Iterator[DamagedError]:
    epochs, layers, runs = tables.EPOCHS.c, tables.LAYERS.c, tables.RUNS.c
    raw = type_coerce(epochs.data, study_reading.RAW)
    for row in connection.execute(select(epochs.run_id, epochs.block, raw, epochs.n_epochs)):
        yield from _failure(study_reading.check_epoch_row, *row)
    raw = type_coerce(layers.data, study_reading.RAW)
    query = select(layers.run_id, layers.epoch, raw, runs.layer_names)
    for row in connection.execute(query.join(tables.RUNS, runs.run_id == layers.run_id)):
        yield from _failure(study_reading.check_layer_row, *row)


def _attribute(table: str, owner: str, owner_id: int, key: str, text: str) -> None:
    value = attribute(table, owner, owner_id, key, text)
    if table == schema.USER_ATTRIBUTES.name:
        record_rows.check_attribute(owner_id, key, value)


def _failure(read: Callable[..., object], *values: Any) -> Iterator[DamagedError]:
    try:
        read(*values)
    except DamagedError as error:
        yield error


def command_against(error: DamagedError, path: Path | None) -> str:
    """What mends a damaged row, to be typed: without a row that can be spared, a study goes on."""
    if error.table not in _SPARE or not error.row:
        return RESTORE
    return removal(error.table, error.row, path)


def removal(table: str, row: Mapping[str, object], path: Path | None) -> str:
    """The command that removes one row; another database than SQLite's has no such file."""
    if path is None:
        return RESTORE
    where = " AND ".join(f"{name} = {_literal(value)}" for name, value in row.items())
    statement = f"DELETE FROM {table} WHERE {where}"
    return f"sqlite3 {shlex.quote(str(path))} {shlex.quote(statement)}"


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
