"""Examine a database and its artifacts, and say for each fault which command mends it.

Nothing is changed here, and a file that cannot even be opened is a finding too.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, select

from storage import adoption, optuna_schema, schema_changes, study_reading, study_rows
from storage.artifact_files import TEMPORARY_SUFFIX, ArtifactFolder, hash_of
from storage.database import Database
from storage.engine import database_path
from storage.errors import StorageError
from storage.tables import ARTIFACTS


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    kind: Literal["integrity", "schema", "dead_trials", "artifact", "leftover"]
    message: str
    command: str  # what mends it, to be typed; empty where nothing can


def examine(url: str, artifacts: Path | None = None) -> tuple[Finding, ...]:
    """Look for faults in a database and the artifact folder beside it.

    Returns:
        The findings, the gravest first; empty if all is well.
    """
    path = database_path(url)
    if path is not None and not path.exists():
        return (Finding("integrity", f"There is no database {path}.", ""),)
    if artifacts is None and path is not None:
        artifacts = path.with_suffix(".artifacts")
    try:
        damage = tuple(_integrity(url, path))
        return damage or _examine_content(url, ArtifactFolder(artifacts) if artifacts else None)
    except StorageError as error:
        return (Finding("integrity", str(error), _recover(path)),)


def _integrity(url: str, path: Path | None) -> Iterator[Finding]:
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


def _examine_content(url: str, folder: ArtifactFolder | None) -> tuple[Finding, ...]:
    database = Database(url)
    try:
        with database.read() as connection:
            findings = list(_schema(connection, url))
            if not findings:
                findings += _dead_trials(connection, url)
                if folder is not None:
                    findings += _artifacts(connection, folder)
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
    try:
        applied = schema_changes.applied_changes(connection)
        missing = schema_changes.missing_changes(applied, url)
    except StorageError as error:
        yield Finding("schema", str(error), "pip install --upgrade automl-torch")
        return
    if missing:
        yield Finding(
            "schema",
            f"The tables in {url} lack {len(missing)} changes of this version; opening the "
            f"database makes them.",
            f"automl studies --storage {url}",
        )


def _dead_trials(connection: Connection, url: str) -> Iterator[Finding]:
    studies = connection.execute(
        select(optuna_schema.STUDIES.c.study_id, optuna_schema.STUDIES.c.study_name)
    ).all()
    for study_id, name in studies:
        dead = adoption.dead_trials(connection, study_id)
        # Those of a search that was stopped, or whose time was up, wait: that is no fault.
        numbers = [str(one.number) for one in dead if one.was_killed]
        if numbers:
            yield Finding(
                "dead_trials",
                f"The process that ran trials {', '.join(numbers)} of {name!r} was killed. "
                f"Going on with the study adopts them.",
                _search_command(connection, study_id, name, url),
            )


def _search_command(connection: Connection, study_id: int, name: str, url: str) -> str:
    """What the person typed to make the study: typed again, it goes on."""
    settings = study_reading.read_settings(connection, study_id)
    if settings is not None and settings.command.startswith("automl "):
        return settings.command
    return f"automl search DATA --study {shlex.quote(name)} --storage {url}"


def _artifacts(connection: Connection, folder: ArtifactFolder) -> Iterator[Finding]:
    table = ARTIFACTS.c
    query = select(table.artifact_id, table.file_name, table.sha256, table.removed_at)
    known: set[str] = set()
    for artifact_id, file_name, sha256, removed_at in connection.execute(query):
        known.add(artifact_id)
        path = folder.file(artifact_id)
        if removed_at is not None:
            continue
        if not path.exists():
            yield Finding(
                "artifact", f"The file {path} ({file_name}) is missing.", "restore it from a copy"
            )
        elif hash_of(path.read_bytes()) != sha256:
            yield Finding(
                "artifact",
                f"The file {path} ({file_name}) was altered since it was written.",
                f"rm {shlex.quote(str(path))}",
            )
    known |= _listed(connection)
    for name in sorted(folder.names() - known):
        what = "half-written" if name.endswith(TEMPORARY_SUFFIX) else "of no study"
        path = folder.path / name
        yield Finding("leftover", f"The file {path} is {what}.", f"rm {shlex.quote(str(path))}")


def _listed(connection: Connection) -> set[str]:
    """Ids of the artifacts that people have uploaded themselves, through the dashboard."""
    ids: set[str] = set()
    for study in study_rows.all_studies(connection):
        ids |= {key.rpartition(":")[2] for key in study.system_attrs if "artifacts:" in key}
    table = optuna_schema.SYSTEM_ATTRIBUTES.c
    keys = connection.scalars(select(table.key).where(table.key.like("artifacts:%")))
    return ids | {key.rpartition(":")[2] for key in keys}
