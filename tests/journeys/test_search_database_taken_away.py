"""The database is removed, moved or replaced during a search: said, rescued, nothing spoilt."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import automl
from automl.studies import load_study
from storage import examine

ROOT = Path(__file__).parents[2]


def remove(path: Path) -> None:
    path.unlink()


def move(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def replace(path: Path) -> None:
    """By a valid database, as people restore a copy."""
    path.with_name("other.db").rename(path)


def remove_all(path: Path) -> None:
    for each in path.parent.glob("automl.db*"):
        each.unlink()


def remove_log(path: Path) -> None:
    path.with_name("automl.db-wal").unlink()


def move_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def replace_folder(path: Path) -> None:
    move_folder(path)
    shutil.copytree(path.parent.with_name("elsewhere"), path.parent)


def start(folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = ["search", "sklearn:iris", "--study", "iris", "--folds", "1", "--workers", "1"]
    more = ["--max-epochs", "5", "--n-trials", "100000", "--no-references", "--storage"]
    url = f"sqlite:///{folder}/automl.db"
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *command, *more, url],
        cwd=folder.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_trials(path: Path, n_trials: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
                (count,) = connection.execute(
                    "SELECT count(*) FROM trials WHERE state = 'COMPLETE'"
                ).fetchone()
            connection.close()
            if count >= n_trials:
                return
        except sqlite3.OperationalError:
            pass
        time.sleep(0.05)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A valid database with another study, and no log beside it."""
    folder = tmp_path_factory.mktemp("other")
    options = {"n_trials": 1, "max_epochs": 1, "folds": 1, "workers": 1}
    automl.search(
        "sklearn:iris", study="other", storage=f"sqlite:///{folder}/automl.db", **options
    )
    return (folder / "automl.db").read_bytes()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "take_away",
    [
        replace,
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in (remove, move, remove_all, remove_log, move_folder, replace_folder)
        ),
    ],
)
def test_search_stops_with_an_error_and_a_copy(
    tmp_path: Path, other: bytes, take_away: Callable[[Path], None]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "automl.db"
    (folder / "other.db").write_bytes(other)
    process = start(folder)
    wait_for_trials(path, 3)
    take_away(path)
    found = path.read_bytes() if path.exists() else None
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    last = " ".join(errors.split("Error: ")[-1].split())
    assert "must stay in its place" in last
    assert "Traceback" not in errors
    rescued = Path(re.search(r"all that it held is in (\S+),", last)[1])  # type: ignore[index]
    try:
        check_copy(rescued)
    finally:
        if folder not in rescued.parents:
            rescued.unlink()
    if take_away is not remove_log:  # SQLite itself may still write the database, from its log
        assert (path.read_bytes() if path.exists() else None) == found
    if take_away is replace:
        assert [one.name for one in folder.glob("automl.db-*")] == []
        assert examine(f"sqlite:///{path}")[0].kind in ("artifact", "leftover")
        assert load_study("other", f"sqlite:///{path}").trials


def check_copy(rescued: Path) -> None:
    """It opens as a normal study, and goes on."""
    url = f"sqlite:///{rescued}"
    assert ".rescued-" in rescued.name
    records = load_study("iris", url).records
    assert len(records.complete_trials) >= 3
    assert not [one for one in examine(url) if one.kind in ("integrity", "schema", "damaged")]
    n_trials = len(records.trials)
    options = {"max_epochs": 5, "folds": 1, "workers": 1}
    result = automl.search(
        "sklearn:iris", study="iris", storage=url, n_trials=n_trials + 1, **options
    )
    assert len(result.trials) == n_trials + 1
    assert all(trial.outcome != "unfinished" for trial in result.trials)
