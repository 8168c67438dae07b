"""Reading the records of a study: one query per table, whatever the number of trials."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select, type_coerce
from sqlalchemy.types import NullType

from storage import record_rows, tables
from storage.errors import StorageError
from storage.packing import unpack_epochs, unpack_layers
from storage.records import (
    EpochRecord,
    LayerGradientRecord,
    StudyRecords,
    StudySettings,
)
from storage.score_records import AnswerRecord
from storage.stored_values import damaged_in

Record = TypeVar("Record")

RAW = NullType()
"""The type of a column that is read as it is stored: what does not fit, the reader says."""

Layers = dict[int, tuple[LayerGradientRecord, ...]]


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
    epochs, initial = _read_curves(connection, study_id)
    return StudyRecords(
        settings=settings,
        runs=_records(connection, tables.RUNS, study_id, record_rows.run_record),
        epochs=epochs,
        initial_layers=initial,
        data_checks=_records(
            connection, tables.DATA_CHECKS, study_id, record_rows.data_check_record
        ),
        answers=read_answers(connection, study_id),
        evaluations=_records(
            connection, tables.EVALUATIONS, study_id, record_rows.evaluation_record
        ),
        diagnoses=_records(connection, tables.DIAGNOSES, study_id, record_rows.diagnosis_record),
        artifacts=_records(connection, tables.ARTIFACTS, study_id, record_rows.artifact_record),
        policies=_records(connection, tables.POLICIES, study_id, record_rows.policy_record),
    )


def read_answers(connection: Connection, study_id: int) -> tuple[AnswerRecord, ...]:
    """The answers of a study, in the order they were found."""
    return _records(connection, tables.ANSWERS, study_id, record_rows.answer_record)


def _records(
    connection: Connection, table: Table, study_id: int, as_record: Callable[[Any], Record]
) -> tuple[Record, ...]:
    """The rows of a study in the order they were written."""
    key = tables.ARTIFACTS.c.created_at if table is tables.ARTIFACTS else table.c[0]
    query = select(table).where(table.c.study_id == study_id).order_by(key)
    with damaged_in(table.name):
        return tuple(map(as_record, connection.execute(query)))


def _read_curves(
    connection: Connection, study_id: int
) -> tuple[dict[int, tuple[EpochRecord, ...]], Layers]:
    layers = _read_layers(connection, study_id)
    initial = {run_id: moments.pop(0) for run_id, moments in layers.items() if 0 in moments}
    table = tables.EPOCHS.c
    query = (
        select(table.run_id, table.block, type_coerce(table.data, RAW), table.n_epochs)
        .where(table.run_id.in_(_runs_of(study_id)))
        .order_by(table.run_id, table.block)
    )
    curves: dict[int, list[EpochRecord]] = defaultdict(list)
    for run_id, block, data, n_epochs in connection.execute(query):
        with damaged_in(tables.EPOCHS.name, "data or n_epochs", run_id=run_id, block=block):
            curves[run_id] += unpack_epochs(run_id, data, n_epochs)
    return {
        run_id: tuple(_with_layers(curve, layers.get(run_id, {})))
        for run_id, curve in curves.items()
    }, initial


def _with_layers(curve: list[EpochRecord], layers: Layers) -> list[EpochRecord]:
    if not layers:
        return curve
    return [
        dataclasses.replace(one, layers=layers[one.epoch]) if one.epoch in layers else one
        for one in curve
    ]


def _read_layers(connection: Connection, study_id: int) -> dict[int, Layers]:
    table, runs = tables.LAYERS.c, tables.RUNS.c
    query = (
        select(table.run_id, table.epoch, type_coerce(table.data, RAW), runs.layer_names)
        .join(tables.RUNS, runs.run_id == table.run_id)
        .where(runs.study_id == study_id)
    )
    moments: dict[int, Layers] = defaultdict(dict)
    for run_id, epoch, data, names in connection.execute(query):
        moments[run_id][epoch] = layers_of_row(run_id, epoch, data, names)
    return moments


def layers_of_row(
    run_id: int, epoch: int, data: bytes, names: str
) -> tuple[LayerGradientRecord, ...]:
    """The layers of one moment, from its row and the names that its run has.

    Raises:
        DamagedError: they do not go together.
    """
    what = "data, or layer_names of its run,"
    with damaged_in(tables.LAYERS.name, what, run_id=run_id, epoch=epoch):
        return unpack_layers(data, names)


def _runs_of(study_id: int) -> Any:
    return select(tables.RUNS.c.run_id).where(tables.RUNS.c.study_id == study_id)
