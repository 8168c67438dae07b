"""Examine a database and its artifacts, and say for each fault which command mends it.

Nothing is changed here, and a file that cannot even be opened is a finding too. Damaged rows
are looked for in `doctor_rows.py`, what a study lacks in `doctor_studies.py`.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, select

from storage import (
    adoption,
    optuna_schema,
    record_rows,
    schema_changes,
    study_reading,
    study_rows,
)
from storage.artifact_files import ArtifactFolder
from storage.database import Database
from storage.doctor_rows import RESTORE, command_against, damaged_rows, removal
from storage.doctor_studies import lacks_of_study
from storage.engine import artifact_folder, database_path
from storage.errors import ArtifactError, DamagedError, StorageError
from storage.records import ArtifactRecord
from storage.tables import ARTIFACTS
from storage.untouched import copied, is_foreign_database


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    kind: Literal[
        "integrity", "schema", "damaged", "dead_trials", "incomplete", "artifact", "leftover"
    ]
    message: str
    command: str  # what mends it, to be typed; empty where nothing can


def examine(url: str) -> tuple[Finding, ...]:
    """Look for faults in a database and the artifact folder beside it.

    Returns:
        The findings, the gravest first; empty if all is well.
    """
    path = database_path(url)
    if path is not None and not path.exists():
        return (Finding("integrity", f"There is no database {path}.", ""),)
    folder = None if path is None else ArtifactFolder(artifact_folder(path))
    try:
        damage = tuple(_integrity(path))
        if not damage and path is not None and is_foreign_database(url):
            return _examine_foreign(path, url)
        return damage or _examine_content(url, folder)
    except StorageError as error:
        return (Finding("integrity", str(error), _recover(path)),)


def _integrity(path: Path | None) -> Iterator[Finding]:
    if path is None:
        return
    try:
        with sqlite3.connect(path) as connection:
            answers = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        connection.close()
    except sqlite3.DatabaseError as error:
        answers = [str(error)]
    if answers != ["ok"]:
        shown = "; ".join(answers[:3])
        yield Finding("integrity", f"The file {path} is damaged: {shown}.", _recover(path))


def _recover(path: Path | None) -> str:
    if path is None:
        return ""
    mended = path.with_name(f"{path.stem}-recovered{path.suffix}")
    return f"sqlite3 {shlex.quote(str(path))} .recover | sqlite3 {shlex.quote(str(mended))}"


def _examine_foreign(path: Path, url: str) -> tuple[Finding, ...]:
    """Whether this program can read studies of Optuna alone; opening the file would change it."""
    with copied(path, url) as copy:
        database = Database(f"sqlite:///{copy}")
        try:
            with database.read() as connection:
                return tuple(_schema(connection, url))
        finally:
            database.close()


def _examine_content(url: str, folder: ArtifactFolder | None) -> tuple[Finding, ...]:
    database = Database(url)
    try:
        with database.read() as connection:
            findings = list(_schema(connection, url))
            if not findings and schema_changes.applied_changes(connection):
                damaged = list(damaged_rows(connection))
                findings += [_damage(error, database_path(url)) for error in damaged]
                findings += _of_studies(connection, url, {error.table for error in damaged})
                if folder is not None:
                    findings += _artifacts(connection, folder, database_path(url))
            return tuple(findings)
    finally:
        database.close()


def _schema(connection: Connection, url: str) -> Iterator[Finding]:
    if not optuna_schema.has_optuna_tables(connection):
        yield Finding("schema", f"The database {url} holds no studies.", "")
        return
    try:
        optuna_schema.check_revision(optuna_schema.optuna_revision(connection), url)
    except StorageError as error:
        yield Finding("schema", str(error), f"optuna storage upgrade --storage {url}")
    applied = schema_changes.applied_changes(connection)
    if not applied:  # studies of Optuna alone: what this program would add is no lack
        return
    try:
        missing = schema_changes.missing_changes(applied, url)
    except StorageError as error:
        is_newer = applied[-1] > schema_changes.CHANGES[-1].number
        yield Finding("schema", str(error), "pip install --upgrade automl-torch" * is_newer)
        return
    if missing:
        yield Finding(
            "schema",
            f"The tables in {url} lack {len(missing)} changes of this version; opening the "
            f"database makes them.",
            f"automl studies --storage {url}",
        )


def _damage(error: DamagedError, path: Path | None) -> Finding:
    message = f"{error.place} is damaged: {error.why}."
    return Finding("damaged", message, command_against(error, path))


def _of_studies(connection: Connection, url: str, named: set[str]) -> Iterator[Finding]:
    """What each study lacks; damage that stands in the way, unless its table was named."""
    studies = connection.execute(
        select(optuna_schema.STUDIES.c.study_id, optuna_schema.STUDIES.c.study_name)
    ).all()
    for study_id, name in studies:
        try:
            study_rows.checked_name(study_id, name)
            yield from _of_study(connection, study_id, name, url)
        except DamagedError as error:
            if error.table not in named:
                named.add(error.table)
                yield _damage(error, database_path(url))


def _of_study(connection: Connection, study_id: int, name: str, url: str) -> Iterator[Finding]:
    command = _search_command(connection, study_id, name, url)
    dead = adoption.dead_trials(connection, study_id)
    # Those of a search that was stopped, or whose time was up, wait: that is no fault.
    numbers = [str(one.number) for one in dead if one.was_killed]
    if numbers:
        yield Finding(
            "dead_trials",
            f"The process that ran trials {', '.join(numbers)} of {name!r} was killed. "
            f"Going on with the study adopts them.",
            command,
        )
    for lack in lacks_of_study(connection, study_id, name):
        mends = command if lack.is_made_again else RESTORE
        yield Finding("incomplete", lack.message, mends)


def _search_command(connection: Connection, study_id: int, name: str, url: str) -> str:
    """What the person typed to make the study: typed again, it goes on."""
    try:
        settings = study_reading.read_settings(connection, study_id)
    except DamagedError:
        settings = None
    if settings is not None and settings.command.startswith("automl "):
        return settings.command
    return f"automl search DATA --study {shlex.quote(name)} --storage {url}"


def _artifacts(
    connection: Connection, folder: ArtifactFolder, database: Path | None
) -> Iterator[Finding]:
    if folder.path.exists() and not folder.path.is_dir():
        what = f"{folder.path} must be a folder, but is none."
        yield Finding("artifact", what, _aside(folder.path))
        return
    kept = _listed(connection)
    for row in connection.execute(select(ARTIFACTS)):
        try:
            record = record_rows.artifact_record(row)
        except DamagedError:  # named with the other damaged rows
            kept.add(str(row.artifact_id))
            continue
        if record.removed_at is None:
            kept.add(record.artifact_id)
            yield from _fault_of(record, folder, database)
    for name in sorted(folder.names() - kept):
        if not folder.is_being_written(name):
            path = folder.path / name
            what = "half-written" if folder.is_temporary(name) else "of no study"
            yield Finding("leftover", f"The file {path} is {what}.", f"rm {_quoted(path)}")


def _fault_of(
    record: ArtifactRecord, folder: ArtifactFolder, database: Path | None
) -> Iterator[Finding]:
    try:
        folder.read_checked(record.artifact_id, record.sha256, record.n_bytes)
    except ArtifactError as error:
        try:
            path = folder.file(record.artifact_id)
        except ArtifactError:
            command = ""
        else:
            command = _aside(path) if path.exists() else "restore it from a copy"
            if record.kind == "checkpoint" and not path.exists():
                yield _lost_head_start(record, error, database)
                return
        yield Finding("artifact", f"{record.file_name}: {error}", command)


def _lost_head_start(
    record: ArtifactRecord, error: ArtifactError, database: Path | None
) -> Finding:
    """A checkpoint only spares training: the same epochs again give the same curve."""
    row = {"artifact_id": record.artifact_id}
    message = (
        f"{record.file_name}: {error} Nothing but a head start is lost: whoever goes on with "
        f"trial {record.trial_number} trains it from the beginning. Its row may be removed."
    )
    return Finding("artifact", message, removal(ARTIFACTS.name, row, database))


def _aside(path: Path) -> str:
    return f"mv {_quoted(path)} {_quoted(path.with_name(path.name + '.aside'))}"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _listed(connection: Connection) -> set[str]:
    """Ids of the artifacts that people have uploaded themselves, through the dashboard."""
    ids: set[str] = set()
    for table in (optuna_schema.STUDY_SYSTEM_ATTRIBUTES, optuna_schema.SYSTEM_ATTRIBUTES):
        keys = connection.scalars(select(table.c.key).where(table.c.key.contains("artifacts:")))
        ids |= {key.rpartition(":")[2] for key in keys}
    return ids
