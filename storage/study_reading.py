"""Reading the records of a study: one query per table, whatever the number of trials."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Table, select

from storage import record_rows, tables
from storage.errors import DamagedError, StorageError
from storage.packing import unpack_epochs, unpack_layers
from storage.records import (
    EpochRecord,
    LayerGradientRecord,
    StudyRecords,
    StudySettings,
)
from storage.stored_values import PARSE_ERRORS

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
    settings = read_settings(connection, study_id)
    if settings is None:
        raise StorageError(
            f"A study must have been made by this program to be read, but {study_name!r} was "
            f"made by Optuna alone: `optuna-dashboard` shows it."
        )
    runs = tuple(map(record_rows.run_record, _rows(connection, tables.RUNS, study_id)))
    epochs, initial = _read_curves(connection, study_id)
    return StudyRecords(
        settings=settings,
        runs=runs,
        epochs=epochs,
        initial_layers=initial,
        data_checks=tuple(
            map(record_rows.data_check_record, _rows(connection, tables.DATA_CHECKS, study_id))
        ),
        evaluations=tuple(
            map(record_rows.evaluation_record, _rows(connection, tables.EVALUATIONS, study_id))
        ),
        diagnoses=tuple(
            map(record_rows.diagnosis_record, _rows(connection, tables.DIAGNOSES, study_id))
        ),
        artifacts=tuple(
            map(record_rows.artifact_record, _rows(connection, tables.ARTIFACTS, study_id))
        ),
        policies=tuple(
            map(record_rows.policy_record, _rows(connection, tables.POLICIES, study_id))
        ),
    )


def _rows(connection: Connection, table: Table, study_id: int) -> list[Any]:
    """The rows of a study in the order they were written."""
    key = tables.ARTIFACTS.c.created_at if table is tables.ARTIFACTS else table.c[0]
    query = select(table).where(table.c.study_id == study_id).order_by(key)
    return list(connection.execute(query))


def _read_curves(
    connection: Connection, study_id: int
) -> tuple[dict[int, tuple[EpochRecord, ...]], Layers]:
    layers = _read_layers(connection, study_id)
    initial = {run_id: moments.pop(0) for run_id, moments in layers.items() if 0 in moments}
    table = tables.EPOCHS.c
    query = (
        select(table.run_id, table.data, table.n_epochs)
        .where(table.run_id.in_(_runs_of(study_id)))
        .order_by(table.run_id, table.block)
    )
    curves: dict[int, list[EpochRecord]] = defaultdict(list)
    for run_id, data, n_epochs in connection.execute(query):
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
        select(table.run_id, table.epoch, table.data, runs.layer_names)
        .join(tables.RUNS, runs.run_id == table.run_id)
        .where(runs.study_id == study_id)
    )
    moments: dict[int, Layers] = defaultdict(dict)
    for run_id, epoch, data, names in connection.execute(query):
        try:
            moments[run_id][epoch] = unpack_layers(data, names)
        except PARSE_ERRORS as error:
            row = {"run_id": run_id, "epoch": epoch}
            why = f"they are not the numbers of its run's layers ({error})"
            raise DamagedError(tables.LAYERS.name, "data", row, why) from error
    return moments


def _runs_of(study_id: int) -> Any:
    return select(tables.RUNS.c.run_id).where(tables.RUNS.c.study_id == study_id)
