"""What a whole study has: settings, what was known before its first trial, a best model."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from storage import record_rows, study_reading
from storage.records import StudyRecords
from storage.tables import RUNS
from storage.trial_reading import read_trials


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a study should have."""

    message: str
    is_made_again: bool = True  # by the next call of the same search


def lacks_of_study(connection: Connection, study_id: int, name: str) -> tuple[Lack, ...]:
    """What a study lacks.

    A study without a trial lacks nothing: the next search makes its beginning. Nor does one
    that only Optuna made. The preprocessing is there before any weights are.

    Raises:
        DamagedError: a row cannot be read, and may hide what is lacking.
    """
    return tuple(_lacks(connection, study_id, name))


def _lacks(connection: Connection, study_id: int, name: str) -> Iterator[Lack]:
    if study_reading.read_settings(connection, study_id) is None:
        if connection.scalar(select(RUNS.c.run_id).where(RUNS.c.study_id == study_id)):
            yield Lack(f"The settings of {name!r} are missing, though it has runs.", False)
        return
    records = _read(connection, study_id, name)
    if not records.trials:
        return
    if records.kept_artifacts("weights"):
        yield from _lacks_of_preprocessing(records)
    if not records.policies:
        yield Lack(f"By which sampler and pruner {name!r} was searched is missing.")
    yield from _lacks_of_best(records)


def _read(connection: Connection, study_id: int, name: str) -> StudyRecords:
    records = study_reading.read_study(connection, study_id, name)
    trials = tuple(map(record_rows.trial_record, read_trials(connection, study_id)))
    return dataclasses.replace(records, trials=trials)


def _lacks_of_preprocessing(records: StudyRecords) -> Iterator[Lack]:
    kept = {one.details.get("fold") for one in records.kept_artifacts("preprocessing")}
    n_folds = records.settings.split.get("n_folds", 1)
    folds = set(range(n_folds)) if isinstance(n_folds, int) else {0}
    if missing := ", ".join(map(str, sorted(folds - kept))):
        name = records.settings.study_name
        yield Lack(f"The preprocessing of {name!r} is missing, of fold {missing}.")


def _lacks_of_best(records: StudyRecords) -> Iterator[Lack]:
    """Weights of the best trial; an objective need not have given a state."""
    best = records.best_trial
    if best is None or records.settings.is_objective:
        return
    runs = {run.run_id for run in records.search_runs(best.number)}
    kept = {one.run_id for one in records.kept_artifacts("weights")}
    if not runs or not runs <= kept:
        name = records.settings.study_name
        message = f"The weights of trial {best.number}, the best of {name!r}, are missing."
        yield Lack(message, is_made_again=bool(runs))
