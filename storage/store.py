"""The store: everything that is kept of a study, behind one object.

`Store.optuna_storage` holds the trials, as any Optuna storage does, and `Store.adoption` takes
over those of processes that died; `Store.runs` holds what is trained, `Store.earlier` what a study
learns from, `Store.widenings` how its space has grown, `Store.beliefs` what its policies have
learned, `Store.calls` how its calls searched; the store's own methods hold the other records of
`records.py`; `Store.artifacts` holds files. All share one connection and one buffer, so that a
round of epochs costs one transaction. Reading is in `study_reading.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import optuna
from optuna.trial import TrialState
from sqlalchemy import Connection

from storage import record_rows, study_reading, tables
from storage.adoption import Adoption
from storage.artifacts import Artifacts
from storage.calls import Calls
from storage.earlier_records import EarlierStudy
from storage.earlier_studies import Beliefs, EarlierStudies, Widenings
from storage.engine import artifact_folder, database_path, inserted_id
from storage.errors import StorageError
from storage.opening import open_database
from storage.optuna_storage import OptunaStorage
from storage.records import (
    WITHOUT_FAILURE,
    DataCheckRecord,
    Diagnosis,
    StudyRecords,
    StudySettings,
    TrialRecord,
)
from storage.runs import Runs
from storage.score_records import AnswerRecord, EvaluationRecord, ImportancesRecord
from storage.study_access import id_of, reading, writing


def open_store(url: str) -> Store:
    """Open a database and the artifact folder beside it, creating what is missing.

    Args:
        url: for example `sqlite:///automl.db`, beside which the folder is `automl.artifacts`.

    Raises:
        StorageError: it cannot be opened, or was made by a newer version.
    """
    return Store(url)


class Store:
    """An opened database with its artifacts. Close it, or use it in a `with` statement."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._database = open_database(url)
        self.optuna_storage = OptunaStorage(self._database)
        self.runs = Runs(self._database)
        self.earlier = EarlierStudies(self._database)
        self.widenings = Widenings(self._database)
        self.beliefs = Beliefs(self._database)
        self.calls = Calls(self._database)
        self.adoption = Adoption(self.optuna_storage)
        path = database_path(url)
        folder = None if path is None else artifact_folder(path)
        self.artifacts = Artifacts(folder, self.optuna_storage)
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

    def create_study(
        self, settings: StudySettings, earlier: Sequence[EarlierStudy] = ()
    ) -> optuna.Study:
        """Make a study and keep what is fixed of it: in one transaction, all or nothing.

        Args:
            earlier: studies that it learns from.

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
            rows = [record_rows.earlier_row(one, study._study_id) for one in earlier]
            _insert(connection, tables.EARLIER_STUDIES, rows)
        return study

    def change_settings(self, study_name: str, **changed: Any) -> None:
        """Change what no trial depends on: what the person hopes for, or wants to be chosen by.

        Args:
            changed: fields of its `StudySettings`.
        """
        table = tables.SETTINGS
        with writing(self._database, study_name) as (connection, study_id):
            stored = study_reading.read_settings(connection, study_id)
            if stored is None:
                raise StorageError(f"A study of Optuna alone has no settings: {study_name!r}.")
            new = record_rows.settings_json(dataclasses.replace(stored, **changed))
            connection.execute(
                table.update().where(table.c.study_id == study_id).values(settings=new)
            )

    def read_settings(self, study_name: str) -> StudySettings | None:
        """What a study was created with; None for a study that Optuna made without us."""
        with reading(self._database, study_name) as (connection, study_id):
            return study_reading.read_settings(connection, study_id)

    def read_study(self, study_name: str) -> StudyRecords:
        """All records of a study.

        Raises:
            StorageError: there is no such study, or it was not made by this program.
        """
        with self._database.lock:
            self.flush()
            with reading(self._database, study_name) as (connection, study_id):
                records = study_reading.read_study(connection, study_id, study_name)
                # In the same transaction: who has ended and whose weights are kept must agree.
                return dataclasses.replace(records, trials=_trials(self.optuna_storage, study_id))

    def refreshed(self, records: StudyRecords) -> StudyRecords:
        """The records as the study is by now.

        Where its trials are the same, as after the last training unless others search it too,
        runs and curves stay as they were read: they are most of a study. Settings are read again:
        another process may have chosen by another metric.
        """
        with self._database.lock:
            self.flush()
            with reading(self._database, records.settings.study_name) as (connection, study_id):
                if _trials(self.optuna_storage, study_id) != records.trials:
                    return self.read_study(records.settings.study_name)
                judgements = study_reading.read_judgements(connection, study_id)
                settings = study_reading.read_settings(connection, study_id) or records.settings
        return dataclasses.replace(records, settings=settings, **judgements)

    def ranking(self, study_name: str) -> list[tuple[float, int]]:
        """(value, number) of the trials that completed with a value, the best first."""
        trials = self.optuna_storage.get_all_trials(
            id_of(self._database, study_name), deepcopy=False, states=(TrialState.COMPLETE,)
        )
        return sorted(
            (trial.values[0], trial.number)
            for trial in trials
            if trial.values and trial.user_attrs.get("cause") in WITHOUT_FAILURE
        )

    def delete_study(self, study_name: str) -> None:
        """Delete a study: its trials and records, and its files once these are gone."""
        with self.transaction(at_once=True):
            artifacts = self.artifacts.list(study_name)
            self.optuna_storage.delete_study(id_of(self._database, study_name))
            self._database.after_commit(lambda: self.artifacts.remove_files(artifacts))

    # Other records

    def add_data_checks(self, study_name: str, checks: Sequence[DataCheckRecord]) -> None:
        """Keep what was noticed in the data."""
        with writing(self._database, study_name) as (connection, study_id):
            rows = [record_rows.data_check_row(check, study_id) for check in checks]
            _insert(connection, tables.DATA_CHECKS, rows)

    def add_answer(self, study_name: str, record: AnswerRecord) -> AnswerRecord:
        """Keep an answer; what is returned has its id."""
        with writing(self._database, study_name) as (connection, study_id):
            row = record_rows.answer_row(record, study_id)
            answer_id = inserted_id(connection.execute(tables.ANSWERS.insert(), row))
        return dataclasses.replace(record, answer_id=answer_id)

    def read_answers(self, study_name: str) -> tuple[AnswerRecord, ...]:
        """The answers of a study, in the order they were found."""
        with reading(self._database, study_name) as (connection, study_id):
            return study_reading.read_answers(connection, study_id)

    def add_evaluation(self, study_name: str, record: EvaluationRecord) -> None:
        """Keep the scores of an answer on a split. Every look at test rows is a row."""
        with writing(self._database, study_name) as (connection, study_id):
            rows = [record_rows.evaluation_row(record, study_id)]
            _insert(connection, tables.EVALUATIONS, rows)

    def add_importances(self, study_name: str, record: ImportancesRecord) -> None:
        """Keep which columns an answer uses, or why that is not known."""
        with writing(self._database, study_name) as (connection, study_id):
            _insert(
                connection, tables.IMPORTANCES, [record_rows.importances_row(record, study_id)]
            )

    def replace_diagnoses(self, study_name: str, diagnoses: Sequence[Diagnosis]) -> None:
        """Keep these diagnoses of a study, in their order, instead of the earlier ones."""
        table = tables.DIAGNOSES
        with writing(self._database, study_name) as (connection, study_id):
            connection.execute(table.delete().where(table.c.study_id == study_id))
            rows = [record_rows.diagnosis_row(one, study_id) for one in diagnoses]
            _insert(connection, table, rows)


def _insert(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _trials(storage: OptunaStorage, study_id: int) -> tuple[TrialRecord, ...]:
    return tuple(map(record_rows.trial_record, storage.get_all_trials(study_id, deepcopy=False)))
