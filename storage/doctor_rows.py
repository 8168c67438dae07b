"""Every row that is damaged, one after the other: what one reads does not hide the next."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, String, Table, select, type_coerce

from storage import optuna_schema as schema
from storage import record_rows, tables, trial_reading
from storage.errors import DamagedError
from storage.stored_values import attribute

_RECORDS: Mapping[Table, Callable[[Row[Any]], object]] = {
    tables.SETTINGS: lambda row: record_rows.settings_record(row.settings, row.study_id),
    tables.RUNS: record_rows.run_record,
    tables.DATA_CHECKS: record_rows.data_check_record,
    tables.EVALUATIONS: record_rows.evaluation_record,
    tables.DIAGNOSES: record_rows.diagnosis_record,
    tables.ARTIFACTS: record_rows.artifact_record,
    tables.POLICIES: record_rows.policy_record,
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
    tables.EVALUATIONS.name,
    tables.DIAGNOSES.name,
    tables.POLICIES.name,
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
    yield from _damaged_trials(connection)


def _damaged_trials(connection: Connection) -> Iterator[DamagedError]:
    trials, params = schema.TRIALS.c, schema.PARAMS.c
    for row in connection.execute(select(trials.trial_id, type_coerce(trials.state, String))):
        yield from _failure(trial_reading.trial_state, *row)
    query = select(
        params.trial_id, params.param_name, params.param_value, params.distribution_json
    )
    for row in connection.execute(query):
        yield from _failure(trial_reading.parameter, *row)


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
    if path is None or error.table not in _SPARE:
        return RESTORE
    where = " AND ".join(f"{name} = {_literal(value)}" for name, value in error.row.items())
    statement = f"DELETE FROM {error.table} WHERE {where}"
    return f"sqlite3 {shlex.quote(str(path))} {shlex.quote(statement)}"


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
