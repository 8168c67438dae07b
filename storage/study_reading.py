"""Reading the records of a study: one query per table, whatever the number of trials."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, select, type_coerce
from sqlalchemy.types import NullType

from storage import record_rows, tables
from storage.call_records import BeliefRecord
from storage.earlier_records import EarlierStudy
from storage.errors import StorageError
from storage.packing import Layers, check_epochs, check_layers, unpack_epochs, unpack_layers
from storage.records import (
    EpochRecord,
    StudyRecords,
    StudySettings,
)
from storage.score_records import AnswerRecord
from storage.stored_values import damaged_in
from storage.widening_records import WideningRecord

Record = TypeVar("Record")

RAW = NullType()
"""The type of a column that is read as it is stored: what does not fit, the reader says."""

Moment = tuple[int, int]
"""A run and one of its epochs; 0 is before the first."""


def read_settings(connection: Connection, study_id: int) -> StudySettings | None:
    """What a study was created with."""
    table = tables.SETTINGS.c
    row = connection.execute(select(table.settings).where(table.study_id == study_id)).first()
    return None if row is None else record_rows.settings_record(row.settings, study_id)


def read_study(connection: Connection, study_id: int, study_name: str) -> StudyRecords:
    """All records of a study but its trials, which Optuna's storage has.

    Raises:
        StorageError: the study has no settings, so this program has not made it.
    """
    with damaged_in(tables.SETTINGS.name, "settings", study_id=study_id):
        settings = read_settings(connection, study_id)
    if settings is None:
        raise StorageError(
            f"A study must have been made by this program to be read, but {study_name!r} was "
            f"made by Optuna alone: `optuna-dashboard` shows it."
        )
    epochs, initial = _read_curves(connection, tables.RUNS.c.study_id == study_id)
    return StudyRecords(
        settings=settings,
        runs=_records(connection, tables.RUNS, study_id, record_rows.run_record),
        epochs=epochs,
        initial_layers=initial,
        **read_judgements(connection, study_id),
    )


def read_trials(
    connection: Connection, study_id: int, settings: StudySettings, numbers: Collection[int]
) -> StudyRecords:
    """Runs, curves and artifacts of some trials: what others a study has costs nothing."""
    runs, artifacts = tables.RUNS, tables.ARTIFACTS
    own_runs = runs.c.trial_number.in_(numbers)
    epochs, initial = _read_curves(connection, (runs.c.study_id == study_id) & own_runs)
    own = artifacts.c.trial_number.in_(numbers)
    return StudyRecords(
        settings=settings,
        runs=_records(connection, runs, study_id, record_rows.run_record, own_runs),
        epochs=epochs,
        initial_layers=initial,
        artifacts=_records(connection, artifacts, study_id, record_rows.artifact_record, own),
    )


def read_judgements(connection: Connection, study_id: int) -> dict[str, Any]:
    """What is kept and said of a study beside its runs, by the field of `StudyRecords`."""
    return {
        "data_checks": _records(
            connection, tables.DATA_CHECKS, study_id, record_rows.data_check_record
        ),
        "answers": read_answers(connection, study_id),
        "evaluations": _records(
            connection, tables.EVALUATIONS, study_id, record_rows.evaluation_record
        ),
        "importances": _records(
            connection, tables.IMPORTANCES, study_id, record_rows.importances_record
        ),
        "diagnoses": _records(
            connection, tables.DIAGNOSES, study_id, record_rows.diagnosis_record
        ),
        "artifacts": _records(connection, tables.ARTIFACTS, study_id, record_rows.artifact_record),
        "policies": _records(connection, tables.POLICIES, study_id, record_rows.policy_record),
        "stops": _records(connection, tables.STOPS, study_id, record_rows.stop_record),
        "widenings": read_widenings(connection, study_id),
        "beliefs": read_beliefs(connection, study_id),
    }


def read_answers(connection: Connection, study_id: int) -> tuple[AnswerRecord, ...]:
    """The answers of a study, in the order they were found."""
    return _records(connection, tables.ANSWERS, study_id, record_rows.answer_record)


def read_earlier(connection: Connection, study_id: int) -> tuple[EarlierStudy, ...]:
    """The earlier studies that a study learns from, in the order they were given."""
    return _records(connection, tables.EARLIER_STUDIES, study_id, record_rows.earlier_record)


def read_widenings(connection: Connection, study_id: int) -> tuple[WideningRecord, ...]:
    """The looks at the ends of ranges, in their order."""
    return _records(connection, tables.WIDENINGS, study_id, record_rows.widening_record)


def read_beliefs(connection: Connection, study_id: int) -> tuple[BeliefRecord, ...]:
    """What policies have learned of a study, in their order."""
    return _records(connection, tables.BELIEFS, study_id, record_rows.belief_record)


def _records(
    connection: Connection,
    table: Table,
    study_id: int,
    as_record: Callable[[Any], Record],
    *which: ColumnElement[bool],
) -> tuple[Record, ...]:
    """The rows of a study in the order they were written."""
    key = tables.ARTIFACTS.c.created_at if table is tables.ARTIFACTS else table.c[0]
    query = select(table).where(table.c.study_id == study_id, *which).order_by(key)
    with damaged_in(table.name):
        return tuple(map(as_record, connection.execute(query)))


def _read_curves(
    connection: Connection, of_runs: ColumnElement[bool]
) -> tuple[dict[int, tuple[EpochRecord, ...]], dict[int, Layers]]:
    """The curve of each run, and the layers that it began with."""
    layers = _read_layers(connection, of_runs)
    table = tables.EPOCHS.c
    query = (
        select(table.run_id, table.block, type_coerce(table.data, RAW), table.n_epochs)
        .where(table.run_id.in_(select(tables.RUNS.c.run_id).where(of_runs)))
        .order_by(table.run_id, table.block)
    )
    rows = connection.execute(query).all()
    for run_id, block, data, n_epochs in rows:
        check_epoch_row(run_id, block, data, n_epochs)
    epochs = unpack_epochs([(run_id, data, n) for run_id, _, data, n in rows], layers)
    curves: dict[int, list[EpochRecord]] = defaultdict(list)
    for one in epochs:
        curves[one.run_id].append(one)
    initial = {run_id: kept for (run_id, epoch), kept in layers.items() if epoch == 0}
    return {run_id: tuple(curve) for run_id, curve in curves.items()}, initial


def _read_layers(connection: Connection, of_runs: ColumnElement[bool]) -> dict[Moment, Layers]:
    table, runs = tables.LAYERS.c, tables.RUNS.c
    query = (
        select(table.run_id, table.epoch, type_coerce(table.data, RAW), runs.layer_names)
        .join(tables.RUNS, runs.run_id == table.run_id)
        .where(of_runs)
    )
    rows = connection.execute(query).all()
    for row in rows:
        check_layer_row(*row)
    layers = unpack_layers([(data, names) for *_, data, names in rows])
    return {(run_id, epoch): kept for (run_id, epoch, *_), kept in zip(rows, layers, strict=True)}


def check_epoch_row(run_id: int, block: int, data: object, n_epochs: object) -> None:
    """Refuse a row that no epochs can be read from.

    Raises:
        DamagedError: it is one.
    """
    with damaged_in(tables.EPOCHS.name, "data or n_epochs", run_id=run_id, block=block):
        check_epochs(data, n_epochs)


def check_layer_row(run_id: int, epoch: int, data: object, names: object) -> None:
    """Refuse a row that no layers can be read from, with the names that its run has.

    Raises:
        DamagedError: they do not go together.
    """
    what = "data, or layer_names of its run,"
    with damaged_in(tables.LAYERS.name, what, run_id=run_id, epoch=epoch):
        check_layers(data, names)
