"""A full disk, a read-only file, a truncated file, a newer file: a clear error, nothing lost."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from storage.doctor import examine
from storage.errors import StorageError
from storage.store import open_store
from tests.contracts.store_contract import epoch, make_study


def can_mount() -> bool:
    """Whether a process may have mounts of its own, as on most Linux systems."""
    if shutil.which("unshare") is None:
        return False
    trial = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        check=False,
        capture_output=True,
    )
    return trial.returncode == 0


needs_mounts = pytest.mark.skipif(not can_mount(), reason="needs `unshare -rm mount`")


def run_with_mount(script: str, folder: Path, mount: str) -> str:
    """Run a Python script in a process that alone sees a mount on a folder."""
    command = f'{mount} && exec "$0" -c "$1" "$2"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", command, sys.executable, script, str(folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


_FULL_DISK = """
import pathlib, sys, optuna
from storage import StorageError, open_store
from tests.contracts.store_contract import epoch, make_study
optuna.logging.set_verbosity(optuna.logging.ERROR)
folder = pathlib.Path(sys.argv[1])
store = open_store(f"sqlite:///{folder}/automl.db")
study = make_study(store)
(folder / "ballast").write_bytes(bytes(300_000))
told = 0
try:
    while True:
        trial = study.ask()
        run = store.runs.begin("study", trial_number=trial.number, purpose="search", seed=1)
        for number in range(1, 30):
            store.runs.add_epochs([epoch(run.run_id, number)])
            trial.report(1.0, number)
        study.tell(trial, float(told))
        told += 1
except StorageError as error:
    print(error)
(folder / "ballast").unlink()
trial = study.ask()
study.tell(trial, 0.5)
store.close()
again = open_store(f"sqlite:///{folder}/automl.db")
records = again.read_study("study")
values = [trial.value for trial in records.trials if trial.state == "COMPLETE"]
print(told, values == [*map(float, range(told)), 0.5])
again.close()
"""


@needs_mounts
def test_full_disk_is_said_and_the_study_goes_on_once_there_is_space(tmp_path: Path) -> None:
    output = run_with_mount(
        _FULL_DISK, tmp_path, f"mount -t tmpfs -o size=1500k tmpfs '{tmp_path}'"
    )
    message, result = output.splitlines()
    assert "the disk is full. Free some space" in message
    told, all_there = result.split()
    assert int(told) > 3
    assert all_there == "True"


_FULL_TO_THE_END = """
import os, pathlib, re, sys, optuna
from storage import StorageError, open_store
from tests.contracts.store_contract import epoch, make_study
optuna.logging.set_verbosity(optuna.logging.ERROR)
folder = pathlib.Path(sys.argv[1])
store = open_store(f"sqlite:///{folder}/automl.db")
study = make_study(store)
run = store.runs.begin("study", trial_number=study.ask().number, purpose="search", seed=1)
try:
    for number in range(1, 100_000):
        store.runs.add_epochs([epoch(run.run_id, number)])
        if number % 500 == 0:
            store.flush()
except StorageError:
    pass
try:
    store.close()
except StorageError as error:
    print(error)
    copy = re.search(r"it held is in (\\S+),", str(error))[1]
    with open_store(f"sqlite:///{copy}") as copied:
        print(len(copied.read_study("study").epochs[run.run_id]) == number)
        print(copied.adoption.dead("study"))
    os.unlink(copy)
"""


@needs_mounts
def test_what_a_full_disk_would_lose_at_the_end_is_kept_elsewhere(tmp_path: Path) -> None:
    output = run_with_mount(
        _FULL_TO_THE_END, tmp_path, f"mount -t tmpfs -o size=1500k tmpfs '{tmp_path}'"
    )
    message, has_all, waiting = output.splitlines()
    assert "the disk is full. Free some space" in message
    assert has_all == "True"
    assert waiting == "(0,)", "the next call goes on with the trial"


_READ_ONLY = """
import sys
from storage import StorageError, open_store
try:
    with open_store(f"sqlite:///{sys.argv[1]}/automl.db") as store:
        store.optuna_storage.create_new_study([0])
except StorageError as error:
    print(error)
"""


@needs_mounts
def test_read_only_file_is_said(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        make_study(store)
    mount = f"mount --bind '{tmp_path}' '{tmp_path}' && mount -o remount,ro,bind '{tmp_path}'"
    output = run_with_mount(_READ_ONLY, tmp_path, mount)
    assert "cannot be used" in output
    assert "writable" in output


def test_write_to_a_database_opened_read_only_is_said(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        make_study(store)
    with open_store(f"sqlite:///file:{tmp_path}/automl.db?mode=ro&uri=true") as store:
        assert store.read_study("study").trials == ()
        with pytest.raises(StorageError, match=r"it is read-only\. Make the file"):
            store.optuna_storage.create_new_study([])


def test_file_truncated_in_the_middle_is_said_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "automl.db"
    url = f"sqlite:///{path}"
    with open_store(url) as store:
        study = make_study(store)
        for _ in range(20):
            trial = study.ask()
            run = store.runs.begin("study", trial_number=trial.number, purpose="search", seed=1)
            store.runs.add_epochs([epoch(run.run_id, number) for number in range(1, 40)])
            study.tell(trial, 1.0)
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    with (
        pytest.raises(StorageError, match=r"the file is damaged\. Restore a copy"),
        open_store(url) as store,
    ):
        store.read_study("study")
    assert path.read_bytes() == half
    assert [finding.kind for finding in examine(url)] == ["integrity"]


@pytest.mark.parametrize(
    ("change", "version"),
    [
        ("INSERT INTO automl_schema VALUES (99, 'later', 0.0)", "a newer version"),
        ("UPDATE automl_schema SET change = change - 2", "an older version"),
    ],
)
def test_database_of_another_version_is_refused_and_not_touched(
    tmp_path: Path, change: str, version: str
) -> None:
    path = tmp_path / "automl.db"
    with open_store(f"sqlite:///{path}") as store:
        make_study(store)
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match=f"{version} of this program made them"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before
