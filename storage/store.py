"""The store: everything that is kept of a study, behind one object.

`Store.optuna_storage` holds the trials, as any Optuna storage does; the store's own methods
hold the records of `records.py`; `Store.artifacts` holds files. All three share one
connection and one buffer, so that a round of epochs costs one transaction. Reading is in
`study_reading.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import optuna
from optuna.trial import TrialState
from sqlalchemy import Connection

from storage import adoption, record_rows, study_reading, study_rows, tables
from storage.adoption import ClaimedTrial
from storage.artifacts import Artifacts
from storage.engine import artifact_folder, database_path, inserted_id
from storage.epoch_writes import EpochWrites
from storage.errors import StorageError
from storage.opening import open_database
from storage.optuna_storage import OptunaStorage
from storage.records import (
    AnswerRecord,
    DataCheckRecord,
    Diagnosis,
    EpochRecord,
    EvaluationRecord,
    LayerGradientRecord,
    ParameterValue,
    PolicyRecord,
    Purpose,
    RunRecord,
    RunState,
    StudyRecords,
    StudySettings,
    best_first,
)


def open_store(url: str, artifacts: Path | None = None) -> Store:
    """Open a database and the artifact folder beside it, creating what is missing.

    Args:
        url: for example `sqlite:///automl.db`.
        artifacts: the folder of artifacts; `automl.artifacts` beside `automl.db` if None.

    Raises:
        StorageError: it cannot be opened, or was made by a newer version.
    """
    return Store(url, artifacts)


class Store:
    """An opened database with its artifacts. Close it, or use it in a `with` statement."""

    def __init__(self, url: str, artifacts: Path | None = None) -> None:
        self.url = url
        self._database = open_database(url)
        self.optuna_storage = OptunaStorage(self._database)
        self._epochs = EpochWrites(self._database.connection.dialect)
        self._database.buffer.register(self._epochs)
        path = database_path(url)
        if artifacts is None and path is not None:
            artifacts = artifact_folder(path)
        self.artifacts = Artifacts(artifacts, self.optuna_storage)
        self.artifacts.remove_abandoned()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # Transactions

    @contextmanager
    def transaction(self, *, at_once: bool = False) -> Iterator[None]:
        """Make all writes of a block, Optuna's too, one transaction: all of it or nothing.

        An error inside undoes the block, in the file and in memory. Nothing slow belongs
        inside: other threads wait, and so do other processes from the first write on. See
        `Database.transaction` for what holds where the block cannot be written.
        """
        with self._database.transaction(at_once=at_once):
            yield

    def flush(self) -> None:
        """Write all that is buffered now."""
        self._database.flush()

    def close(self) -> None:
        """Write what is buffered, give up this process's trials, close the database."""
        self.optuna_storage.close()

    # Studies

    def study_names(self) -> tuple[str, ...]:
        """Names of all studies, in the order they were made."""
        return tuple(study.study_name for study in self.optuna_storage.get_all_studies())

    def create_study(self, settings: StudySettings) -> optuna.Study:
        """Make a study and keep what is fixed of it: in one transaction, both or neither.

        Raises:
            optuna.exceptions.DuplicatedStudyError: there is one of that name.
        """
        with self._database.write() as connection:
            study = optuna.create_study(
                study_name=settings.study_name,
                storage=self.optuna_storage,
                direction="minimize",
            )
            row = {
                "study_id": study._study_id,
                "settings": record_rows.settings_json(settings),
            }
            connection.execute(tables.SETTINGS.insert(), row)
        return study

    def write_target_error(self, study_name: str, target_error: float) -> None:
        """Change what the person hopes for: no trial depends on it, only the verdict does."""
        table = tables.SETTINGS
        with self._writing(study_name) as (connection, study_id):
            stored = study_reading.read_settings(connection, study_id)
            if stored is None:
                raise StorageError(f"A study of Optuna alone has no settings: {study_name!r}.")
            changed = dataclasses.replace(stored, target_error=target_error)
            connection.execute(
                table.update()
                .where(table.c.study_id == study_id)
                .values(settings=record_rows.settings_json(changed))
            )

    def read_settings(self, study_name: str) -> StudySettings | None:
        """What a study was created with; None for a study that Optuna made without us."""
        with self._reading(study_name) as (connection, study_id):
            return study_reading.read_settings(connection, study_id)

    def read_study(self, study_name: str) -> StudyRecords:
        """All records of a study.

        Raises:
            StorageError: there is no such study, or it was not made by this program.
        """
        with self._database.lock:
            self.flush()
            return self._read_study(study_name)

    def _read_study(self, study_name: str) -> StudyRecords:
        with self._reading(study_name) as (connection, study_id):
            records = study_reading.read_study(connection, study_id, study_name)
            # In the same transaction: who has ended and whose weights are kept must agree.
            trials = self.optuna_storage.get_all_trials(study_id, deepcopy=False)
        return dataclasses.replace(
            records, trials=tuple(record_rows.trial_record(trial) for trial in trials)
        )

    def ranking(self, study_name: str) -> list[tuple[float, int]]:
        """(value, number) of the trials that completed with a value, the best first."""
        trials = self.optuna_storage.get_all_trials(
            self._id_of(study_name), deepcopy=False, states=(TrialState.COMPLETE,)
        )
        return [
            (record.value, record.number)
            for record in best_first(record_rows.trial_record(trial) for trial in trials)
            if record.value is not None
        ]

    def delete_study(self, study_name: str) -> None:
        """Delete a study: its trials, records and files."""
        artifacts = self.artifacts.list(study_name)
        self.optuna_storage.delete_study(self._id_of(study_name))
        self.artifacts.remove_files(artifacts)

    # Runs and epochs

    def add_run(
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
        with self._writing(study_name) as (connection, study_id):
            claims.register(connection)
            row = record_rows.run_row(record, study_id, claims.key)
            result = connection.execute(tables.RUNS.insert(), row)
            run_id = inserted_id(result)
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

    def finish_run(
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
            self.flush()

    # Other records

    def add_data_checks(self, study_name: str, checks: Sequence[DataCheckRecord]) -> None:
        """Keep what was noticed in the data."""
        with self._writing(study_name) as (connection, study_id):
            rows = [record_rows.data_check_row(check, study_id) for check in checks]
            _insert(connection, tables.DATA_CHECKS, rows)

    def add_answer(self, study_name: str, record: AnswerRecord) -> AnswerRecord:
        """Keep an answer; what is returned has its id."""
        with self._writing(study_name) as (connection, study_id):
            row = record_rows.answer_row(record, study_id)
            answer_id = inserted_id(connection.execute(tables.ANSWERS.insert(), row))
        return dataclasses.replace(record, answer_id=answer_id)

    def read_answers(self, study_name: str) -> tuple[AnswerRecord, ...]:
        """The answers of a study, in the order they were found."""
        with self._reading(study_name) as (connection, study_id):
            return study_reading.read_answers(connection, study_id)

    def add_evaluation(self, study_name: str, record: EvaluationRecord) -> None:
        """Keep the scores of an answer on a split. Every look at test rows is a row."""
        with self._writing(study_name) as (connection, study_id):
            rows = [record_rows.evaluation_row(record, study_id)]
            _insert(connection, tables.EVALUATIONS, rows)

    def replace_diagnoses(self, study_name: str, diagnoses: Sequence[Diagnosis]) -> None:
        """Keep these diagnoses of a study, in their order, instead of the earlier ones."""
        table = tables.DIAGNOSES
        with self._writing(study_name) as (connection, study_id):
            connection.execute(table.delete().where(table.c.study_id == study_id))
            rows = [record_rows.diagnosis_row(one, study_id) for one in diagnoses]
            _insert(connection, table, rows)

    def add_policy(self, study_name: str, record: PolicyRecord) -> None:
        """Keep how a call searches, from a trial on."""
        with self._writing(study_name) as (connection, study_id):
            rows = [{**dataclasses.asdict(record), "study_id": study_id}]
            _insert(connection, tables.POLICIES, rows)

    # Trials whose process died

    def dead_trials(self, study_name: str) -> tuple[int, ...]:
        """Numbers of the trials that run in the file but in no living process."""
        with self._reading(study_name) as (connection, study_id):
            return tuple(one.number for one in adoption.dead_trials(connection, study_id))

    def claim_trials(self, study_name: str) -> tuple[ClaimedTrial, ...]:
        """Take over all trials whose process died; see `adoption.py`."""
        return adoption.claim_trials(self.optuna_storage, self._id_of(study_name))

    def reopen_trial(self, study: optuna.Study, trial_number: int) -> optuna.trial.Trial:
        """Open a running trial again, to report and tell: no random number is drawn."""
        trial_id = self.optuna_storage.get_trial_id_from_study_id_trial_number(
            self._id_of(study.study_name), trial_number
        )
        return optuna.trial.Trial(study, trial_id)

    # Names to ids

    def _id_of(self, study_name: str) -> int:
        with self._reading(study_name) as (_, study_id):
            return study_id

    @contextmanager
    def _reading(self, study_name: str) -> Iterator[tuple[Connection, int]]:
        with self._database.read() as connection:
            yield connection, study_rows.study_id_of(connection, study_name)

    @contextmanager
    def _writing(self, study_name: str) -> Iterator[tuple[Connection, int]]:
        with self._database.write() as connection:
            yield connection, study_rows.study_id_of(connection, study_name)


def _insert(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)
