from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage.engine import artifact_folder
from storage.errors import StorageError
from storage.rescue import FileGuard
from storage.store import open_store
from tests.contracts.store_contract import epoch, make_study


def nothing(connection: Connection) -> None:
    """Nothing waits."""


def test_file_in_its_place_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    raw = sqlite3.connect("automl.db")
    raw.execute("CREATE TABLE t (x)")
    guard = FileGuard(Path("automl.db"), raw)
    monkeypatch.chdir("/")  # the path was relative, the file is the same
    guard.check(nothing)
    assert guard.lost is None
    raw.close()


def remove(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    other = path.with_name("other.db")
    sqlite3.connect(other).execute("CREATE TABLE other (x)").connection.close()
    other.rename(path)


@pytest.mark.parametrize("take_away", [remove, replace])
def test_all_that_was_stored_or_waits_is_in_the_copy(
    url: str, tmp_path: Path, take_away: Callable[[Path], None]
) -> None:
    path = tmp_path / "automl.db"
    store = open_store(url)
    trial = make_study(store).ask()
    run = store.runs.begin("study", trial_number=0, purpose="search", seed=1)
    store.runs.add_epochs([epoch(run.run_id, 1)])
    store.artifacts.save_weights("study", 0, run.run_id, {}, {})
    store.runs.add_epochs([epoch(run.run_id, 2)])
    take_away(path)
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(StorageError, match=r"stay in its place.*rescued-"):
        store.flush()
    trial.report(1.0, 1)
    with pytest.raises(StorageError, match="stay in its place"):
        store.flush()
    store.optuna_storage.database.close()
    assert (path.read_bytes() if path.exists() else None) == before
    assert not list(tmp_path.glob("automl.db-*"))
    (copy,) = tmp_path.glob("automl.db.rescued-*")
    assert artifact_folder(copy) == tmp_path / "automl.artifacts"
    with open_store(f"sqlite:///{copy}") as rescued:
        records = rescued.read_study("study")
        assert len(records.epochs[run.run_id]) == 2
        assert rescued.artifacts.is_whole(records.artifacts[0])
        assert rescued.adoption.dead("study") == (0,), "the trial can be adopted at once"


@pytest.mark.parametrize("is_amid", [True, False])
def test_block_is_in_the_copy_as_a_whole_or_not_at_all(
    url: str, tmp_path: Path, is_amid: bool
) -> None:
    """A half round would have reports of which nobody has judged."""
    store = open_store(url)
    trial = make_study(store).ask()
    run = store.runs.begin("study", trial_number=0, purpose="search", seed=1)
    store.runs.add_epochs([epoch(run.run_id, 1)])
    with pytest.raises(StorageError, match="stay in its place"), store.transaction():
        store.runs.add_epochs([epoch(run.run_id, 2)])
        trial.report(1.0, 1)
        (tmp_path / "automl.db").unlink()
        if is_amid:
            store.runs.begin("study", trial_number=0, purpose="search", seed=2)
    store.optuna_storage.database.close()
    (copy,) = tmp_path.glob("automl.db.rescued-*")
    with open_store(f"sqlite:///{copy}") as rescued:
        records = rescued.read_study("study")
        (found,) = rescued.optuna_storage.get_all_trials(1)
    assert len(records.epochs[run.run_id]) == (1 if is_amid else 2)
    assert found.intermediate_values == ({} if is_amid else {1: 1.0})


def replace_log(path: Path, suffix: str) -> None:
    path.with_name("other").write_bytes(b"")
    path.with_name("other").rename(path.with_name(path.name + suffix))


def remove_log(path: Path, suffix: str) -> None:
    path.with_name(path.name + suffix).unlink()


@pytest.mark.skipif(os.name != "posix", reason="files that are removed while they are open")
@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
@pytest.mark.parametrize("take_away", [remove_log, replace_log])
def test_log_taken_away_is_as_the_database_taken_away(
    url: str, tmp_path: Path, take_away: Callable[[Path, str], None], suffix: str
) -> None:
    store = open_store(url)
    make_study(store)
    run = store.runs.begin("study", trial_number=0, purpose="search", seed=1)
    take_away(tmp_path / "automl.db", suffix)
    store.runs.add_epochs([epoch(run.run_id, 1)])
    with pytest.raises(StorageError, match=rf"its log \S+automl.db{suffix} was.*rescued-"):
        store.flush()
    store.optuna_storage.database.close()
    (copy,) = tmp_path.glob("automl.db.rescued-*")
    with open_store(f"sqlite:///{copy}") as rescued:
        assert len(rescued.read_study("study").epochs[run.run_id]) == 1


def test_log_removed_at_the_end_is_noticed_at_closing(url: str, tmp_path: Path) -> None:
    store = open_store(url)
    make_study(store)
    (tmp_path / "automl.db-wal").unlink()
    with pytest.raises(StorageError, match="stay in its place"):
        store.close()
    assert len(list(tmp_path.glob("automl.db.rescued-*"))) == 1


def test_log_that_is_emptied_or_shared_stays_in_place(url: str, tmp_path: Path) -> None:
    """A checkpoint keeps the file, and so does another process that comes and goes."""
    come_and_go = "import sys; from storage import open_store; open_store(sys.argv[1]).close()"
    with open_store(url) as store:
        make_study(store)
    with open_store(url) as store:
        for number in range(3):
            store.runs.begin("study", trial_number=number, purpose="search", seed=1)
            subprocess.run([sys.executable, "-c", come_and_go, url], check=True)
            with sqlite3.connect(tmp_path / "automl.db") as other:
                other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            other.close()
    assert not list(tmp_path.glob("*rescued*"))


def test_removed_at_the_end_is_noticed_at_closing(url: str, tmp_path: Path) -> None:
    store = open_store(url)
    make_study(store)
    (tmp_path / "automl.db").unlink()
    with pytest.raises(StorageError, match="stay in its place"):
        store.close()
    assert len(list(tmp_path.glob("automl.db.rescued-*"))) == 1


def test_reading_alone_rescues_nothing(url: str, tmp_path: Path) -> None:
    with open_store(url) as store:
        make_study(store)
    with open_store(url) as store:
        store.study_names()
        (tmp_path / "automl.db").unlink()
    assert not list(tmp_path.glob("*rescued*"))


@pytest.mark.skipif(os.name != "posix", reason="a folder that is gone while files in it are open")
def test_without_its_folder_the_copy_lies_among_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / "folder"
    folder.mkdir()
    store = open_store(f"sqlite:///{folder}/automl.db")
    make_study(store)
    folder.rename(tmp_path / "moved")
    with pytest.raises(StorageError, match="removed or moved away"):
        store.close()
    assert len(list(tmp_path.glob("automl.db.rescued-*"))) == 1
