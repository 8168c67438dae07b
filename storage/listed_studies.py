"""What a list says of each study: read in six queries, however many studies and trials there are.

A whole study takes SQLAlchemy, Optuna and all of its curves; a list of twenty would take seconds.
So a plain SQLite file of this version is read here through Python's own driver. Any other
database is read whole, as `automl/study_list.py` does, by `listed_study`, which says what each
field means: a test holds one against the other.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from storage.answers import study_evaluation
from storage.records import (
    OUTCOMES,
    PAUSED,
    WITHOUT_FAILURE,
    ArtifactRecord,
    Diagnosis,
    Outcome,
    RunRecord,
    StudyRecords,
    StudySettings,
    TrialRecord,
)
from storage.score_records import AnswerRecord, EvaluationRecord
from storage.stored_values import damaged_in, fitting, parse_json, record_of

LATEST_CHANGE = 22
"""Of the schema that is read here, see `schema_changes.CHANGES`."""

OF_OPTUNA_ALONE = (
    "SELECT 1 FROM studies WHERE study_id NOT IN (SELECT study_id FROM automl_study_settings)"
)

STATE: Final = "checkpoint"
"""The kind of file that a trial goes on from."""

JSON_COLUMNS: Mapping[str, frozenset[str]] = {
    "automl_answers": frozenset({"members", "validation"}),
    "automl_evaluations": frozenset({"scores", "intervals", "references"}),
    "automl_diagnoses": frozenset({"evidence", "advice"}),
    "automl_runs": frozenset({"params"}),
}
"""As `tables.py` has them, which takes SQLAlchemy."""


@dataclass(frozen=True, slots=True)
class FileSizes:
    """Bytes that the files of a study take, beside the database."""

    n_bytes: int = 0
    n_bytes_of_states: int = 0  # of these, what trials need that may go on


@dataclass(frozen=True, slots=True)
class ListedStudy:
    """What a list says of a study."""

    settings: StudySettings
    outcomes: Mapping[str, int]  # trials by how they ended, each of `OUTCOMES`
    best: TrialRecord | None  # of it the number and the value alone
    evaluation: EvaluationRecord | None  # of the answer on test rows
    verdict: Diagnosis | None  # the first that is stored of the study or its best trial
    last_call_at: float  # when the last call ended, or how far it has come; seconds since 1970
    files: FileSizes


def listed_study(records: StudyRecords) -> ListedStudy:
    """The same of a study that was read whole."""
    counts = defaultdict[Outcome, int](int)
    for trial in records.trials:
        counts[trial.outcome] += 1
    best = records.best_trial
    moments = [
        records.settings.created_at,
        *(one.ended_at for one in records.stops),
        *(one.started_at or 0.0 for one in records.trials),
        *(one.finished_at or 0.0 for one in records.trials),
    ]
    return ListedStudy(
        settings=records.settings,
        outcomes={outcome: counts[outcome] for outcome in OUTCOMES},
        best=None if best is None else TrialRecord(best.number, "COMPLETE", {}, best.value),
        evaluation=study_evaluation(records, "test"),
        verdict=_verdict(records),
        last_call_at=max(moments),
        files=_files(records.artifacts),
    )


def _files(artifacts: Iterable[ArtifactRecord]) -> FileSizes:
    kept = [one for one in artifacts if one.removed_at is None]
    states = [one.n_bytes for one in kept if one.kind == STATE]
    return FileSizes(sum(one.n_bytes for one in kept), sum(states))


def _verdict(records: StudyRecords) -> Diagnosis | None:
    best = records.best_trial
    of_study = (None, best.number if best else None)
    is_judged = any(one.trial_number in of_study for one in records.diagnoses)
    return records.diagnoses[0] if is_judged else None


def read_listed(path: Path) -> tuple[ListedStudy, ...] | None:
    """The studies of an SQLite file, in the order they were made.

    Returns:
        None where they must be read whole: the file is of another version, or no such database,
        or has studies that were made with Optuna alone.

    Raises:
        DamagedError: a value is not as this program wrote it.
    """
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        ) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")  # all queries see one state of the file
            (change,) = connection.execute("SELECT max(change) FROM automl_schema").fetchone()
            if change != LATEST_CHANGE or connection.execute(OF_OPTUNA_ALONE).fetchone():
                return None
            return tuple(_listed(connection))
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def _listed(connection: sqlite3.Connection) -> Iterator[ListedStudy]:
    outcomes, moments = _outcomes(connection)
    best, files = dict(_best(connection)), dict(_file_sizes(connection))
    answers = _records(connection, AnswerRecord, "answer_id", "automl_answers")
    scored = _records(connection, EvaluationRecord, "evaluation_id", "automl_evaluations")
    verdicts = _records(connection, Diagnosis, "diagnosis_id", "automl_diagnoses")
    for study_id, text in connection.execute(
        "SELECT study_id, settings FROM automl_study_settings JOIN studies USING (study_id) "
        "ORDER BY study_id"
    ).fetchall():
        with damaged_in("automl_study_settings", "settings", study_id=study_id):
            settings: StudySettings = fitting(parse_json(text), StudySettings)
        first = best.get(study_id)
        records = StudyRecords(
            settings,
            trials=() if first is None else (first,),
            answers=tuple(answers[study_id]),
            evaluations=tuple(scored[study_id]),
            diagnoses=tuple(verdicts[study_id]),
        )
        if first is not None and not any(
            one.best_trial_number == first.number for one in records.answers
        ):
            records = replace(records, runs=tuple(_runs(connection, study_id, first.number)))
        yield ListedStudy(
            settings=settings,
            outcomes=outcomes.get(study_id, dict.fromkeys(OUTCOMES, 0)),
            best=first,
            evaluation=study_evaluation(records, "test"),
            verdict=_verdict(records),
            last_call_at=max(settings.created_at, moments[study_id]),
            files=files.get(study_id, FileSizes()),
        )


def _outcomes(
    connection: sqlite3.Connection,
) -> tuple[dict[int, dict[str, int]], Mapping[int, float]]:
    """How the trials of each study ended, and the last moment that is known of it."""
    counts: dict[int, dict[str, int]] = {}
    moments = defaultdict[int, float](float)
    query = (
        "SELECT study_id, state, cause.value_json AS cause, paused.value_json AS paused, "
        "count(*) AS n, max(datetime_start) AS started, max(datetime_complete) AS finished "
        "FROM trials LEFT JOIN trial_user_attributes AS cause "
        "ON cause.trial_id = trials.trial_id AND cause.key = 'cause' "
        "LEFT JOIN trial_user_attributes AS paused "
        "ON paused.trial_id = trials.trial_id AND paused.key = ? "
        "GROUP BY study_id, state, cause.value_json, "
        "coalesce(paused.value_json, 'null') = 'null'"
    )
    for row in connection.execute(query, (PAUSED,)):
        study_id, paused = row["study_id"], parse_json(row["paused"])
        trial = TrialRecord(
            0, row["state"], {}, cause=parse_json(row["cause"]), user_attributes={PAUSED: paused}
        )
        told = counts.setdefault(study_id, dict.fromkeys(OUTCOMES, 0))
        told[trial.outcome] += row["n"]
        ends = (_moment(row[name]) for name in ("started", "finished"))
        moments[study_id] = max(moments[study_id], *ends)
    query = "SELECT study_id, max(ended_at) FROM automl_stops GROUP BY study_id"
    for study_id, ended_at in connection.execute(query):
        moments[study_id] = max(moments[study_id], ended_at)
    return counts, moments


def _file_sizes(connection: sqlite3.Connection) -> Iterator[tuple[int, FileSizes]]:
    query = (
        "SELECT study_id, sum(n_bytes), coalesce(sum(n_bytes) FILTER (WHERE kind = ?), 0) "
        "FROM automl_artifacts WHERE removed_at IS NULL GROUP BY study_id"
    )
    for study_id, *sizes in connection.execute(query, (STATE,)):
        yield study_id, FileSizes(*sizes)


def _moment(stored: str | None) -> float:
    """Seconds since 1970 of a moment as Optuna's tables have it, in UTC; 0 where there is none."""
    if stored is None:
        return 0.0
    return datetime.fromisoformat(stored).replace(tzinfo=UTC).timestamp()


def _best(connection: sqlite3.Connection) -> Iterator[tuple[int, TrialRecord]]:
    """The complete trial of each study that has the lowest value, of several the first."""
    query = (
        "SELECT study_id, number, value FROM (SELECT study_id, number, value, row_number() "
        "OVER (PARTITION BY study_id ORDER BY value, number) AS place FROM trials "
        "JOIN trial_values ON trial_values.trial_id = trials.trial_id AND objective = 0 "
        "LEFT JOIN trial_user_attributes AS cause "
        "ON cause.trial_id = trials.trial_id AND cause.key = 'cause' "
        "WHERE state = 'COMPLETE' AND value_type = 'FINITE' "
        f"AND coalesce(cause.value_json, 'null') IN ({', '.join('?' * len(WITHOUT_FAILURE))})) "
        "WHERE place = 1"
    )
    for study_id, number, value in connection.execute(query, [*map(json.dumps, WITHOUT_FAILURE)]):
        yield study_id, TrialRecord(number, "COMPLETE", {}, value)


def _records(
    connection: sqlite3.Connection, kind: type[Any], key: str, table: str
) -> Mapping[int, list[Any]]:
    """The rows of a table as records, by study, in the order they were written."""
    found = defaultdict[int, list[Any]](list)
    for row in connection.execute(f"SELECT * FROM {table} ORDER BY {key}"):
        record = record_of(kind, table, key, dict(row), JSON_COLUMNS[table])
        found[row["study_id"]].append(record)
    return found


def _runs(connection: sqlite3.Connection, study_id: int, number: int) -> Iterable[RunRecord]:
    """The runs of a trial."""
    query = (
        "SELECT * FROM automl_runs WHERE study_id = ? AND trial_number = ? "
        "AND purpose = 'search' ORDER BY run_id"
    )
    for row in connection.execute(query, (study_id, number)):
        yield record_of(RunRecord, "automl_runs", "run_id", dict(row), JSON_COLUMNS["automl_runs"])
