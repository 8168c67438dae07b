from __future__ import annotations

import datetime
import math
import sqlite3
from pathlib import Path

import pytest
from optuna.storages import RDBStorage

from storage import optuna_schema as schema
from storage.database import Database
from storage.errors import StorageError


def definitions(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
    connection.close()
    return {name: sql for name, sql in rows if not name.startswith("sqlite_")}


def test_tables_are_those_that_optuna_creates(tmp_path: Path) -> None:
    ours = Database(f"sqlite:///{tmp_path}/ours.db")
    with ours.write() as connection:
        schema.create_optuna_tables(connection)
        schema.create_optuna_tables(connection)  # does nothing the second time
    ours.close()
    theirs = RDBStorage(f"sqlite:///{tmp_path}/theirs.db")
    theirs.engine.dispose()
    assert definitions(tmp_path / "ours.db") == definitions(tmp_path / "theirs.db")


def test_revision_is_the_installed_optunas() -> None:
    storage = RDBStorage("sqlite://")
    assert storage.get_head_version() == schema.REVISION
    storage.engine.dispose()


@pytest.mark.parametrize("revision", ["v2.6.0.a", "v9.0.0.a", None])
def test_other_revisions_are_refused(revision: str | None) -> None:
    with pytest.raises(StorageError, match=r"must have revision .*`optuna storage upgrade"):
        schema.check_revision(revision, "sqlite:///a.db")


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (1.5, (1.5, "FINITE")),
        (math.inf, (None, "INF_POS")),
        (-math.inf, (None, "INF_NEG")),
        (math.nan, (None, "NAN")),
    ],
)
def test_floats_are_encoded_as_optuna_does(value: float, stored: tuple[object, str]) -> None:
    assert schema.encode(value) == stored


def test_times_are_kept_in_utc() -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 678)
    assert schema.to_local(schema.to_utc(moment)) == moment
    assert schema.to_utc(None) is None
    assert schema.to_local(None) is None
