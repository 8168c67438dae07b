"""Runs as they are trained: begun in the file at once, their epochs buffered, ended at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from storage import record_rows, tables
from storage.database import Database
from storage.epoch_writes import EpochWrites
from storage.prepared import Prepared
from storage.records import (
    EpochRecord,
    LayerGradientRecord,
    ParameterValue,
    Purpose,
    RunRecord,
    RunState,
)
from storage.study_access import writing

_COLUMNS = tuple(
    column.name for column in tables.RUNS.c if column.name not in ("run_id", "layer_names")
)
_INSERT = Prepared(tables.RUNS.insert(), _COLUMNS)


class Runs:
    """The writing of runs. They are read with their study."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._epochs = EpochWrites(database.connection.dialect)
        database.buffer.register(self._epochs)

    def begin(
        self,
        study_name: str,
        *,
        trial_number: int,
        purpose: Purpose,
        seed: int,
        fold: int = 0,
        rows_fraction: float = 1.0,
        continues_run_id: int | None = None,
        attempt: int = 1,
        n_parameters: int | None = None,
        label: str = "",
        params: Mapping[str, ParameterValue] | None = None,
    ) -> RunRecord:
        """Begin a run: it is in the file, with its trial's parameters, when this returns."""
        record = RunRecord(
            run_id=-1,
            trial_number=trial_number,
            purpose=purpose,
            seed=seed,
            fold=fold,
            rows_fraction=rows_fraction,
            continues_run_id=continues_run_id,
            attempt=attempt,
            n_parameters=n_parameters,
            label=label,
            params=params,
        )
        claims = self._database.claims
        with writing(self._database, study_name) as (connection, study_id):
            claims.register(connection)
            row = record_rows.run_row(record, study_id, claims.key)
            run_id = _INSERT.insert(connection, *(row[name] for name in _COLUMNS))
        claims.registered()
        return dataclasses.replace(record, run_id=run_id)

    def add_epochs(self, epochs: Sequence[EpochRecord]) -> None:
        """Keep a round of epochs, layers included; buffered."""
        with self._database.lock:
            self._epochs.add(epochs)
            self._database.changed()

    def add_initial_layers(self, run_id: int, layers: Sequence[LayerGradientRecord]) -> None:
        """Keep the layers' signals before training; buffered."""
        with self._database.lock:
            self._epochs.add_layers(run_id, 0, layers)
            self._database.changed()

    def finish(
        self,
        run_id: int,
        state: RunState,
        cause: str | None = None,
        n_parameters: int | None = None,
    ) -> None:
        """End a run, in the file at once (inside `transaction()`, at its end).

        Args:
            n_parameters: of its network, where it was not known when the run began.
        """
        with self._database.lock:
            self._epochs.add_end(run_id, state, cause, n_parameters)
            self._database.changed()
            self._database.flush()
