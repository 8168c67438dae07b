from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import optuna
import pytest
from optuna.storages import RDBStorage

from storage.errors import StorageError
from storage.opening import check_writable, open_database
from storage.optuna_storage import open_optuna_storage


def change(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


def test_new_file_has_both_kinds_of_tables(url: str, tmp_path: Path) -> None:
    open_database(url).close()
    with sqlite3.connect(tmp_path / "automl.db") as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert {"trials", "alembic_version", "automl_runs", "automl_after_study"} <= names


def test_file_of_optuna_alone_is_completed_and_keeps_its_studies(url: str) -> None:
    theirs = RDBStorage(url)
    study = optuna.create_study(study_name="theirs", storage=theirs)
    study.add_trial(optuna.trial.create_trial(value=1.0))
    theirs.engine.dispose()
    ours = open_optuna_storage(url)
    assert optuna.load_study(study_name="theirs", storage=ours).best_value == 1.0
    ours.close()


def test_opening_again_writes_nothing(url: str, tmp_path: Path) -> None:
    open_database(url).close()
    before = (tmp_path / "automl.db").read_bytes()
    open_database(url).close()
    assert (tmp_path / "automl.db").read_bytes() == before


def test_unknown_optuna_tables_are_refused_untouched(url: str, tmp_path: Path) -> None:
    open_database(url).close()
    change(tmp_path / "automl.db", "UPDATE alembic_version SET version_num = 'v9.9.9'")
    before = (tmp_path / "automl.db").read_bytes()
    with pytest.raises(StorageError, match=r"must have revision v3\.2\.0\.a, but .* has v9\.9\.9"):
        open_database(url)
    assert (tmp_path / "automl.db").read_bytes() == before


def test_newer_tables_of_ours_are_refused_untouched(url: str, tmp_path: Path) -> None:
    open_database(url).close()
    change(tmp_path / "automl.db", "INSERT INTO automl_schema VALUES (99, 'later', 0.0)")
    before = (tmp_path / "automl.db").read_bytes()
    with pytest.raises(StorageError, match=r"of version 99: a newer version of this program"):
        open_database(url)
    assert (tmp_path / "automl.db").read_bytes() == before


def test_what_is_no_database_is_named(url: str, tmp_path: Path) -> None:
    (tmp_path / "automl.db").write_text("a,b\n1,2\n" * 1000)
    with pytest.raises(StorageError, match="not an SQLite database"):
        open_database(url)


def test_many_may_create_the_same_file_at_once(url: str) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            open_database(url).close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_database_that_can_be_written_is_left_as_it_is(url: str, tmp_path: Path) -> None:
    check_writable(url)
    assert not list(tmp_path.iterdir())
    open_database(url).close()
    before = (tmp_path / "automl.db").read_bytes()
    check_writable(url)
    assert (tmp_path / "automl.db").read_bytes() == before


def test_a_folder_that_cannot_be_written_is_told_without_words_of_a_shell(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who calls from Python types no options. Root may write everywhere: nobody may, here."""
    monkeypatch.setattr("storage.opening.os.access", lambda *_: False)
    with pytest.raises(
        StorageError, match=r"must be writable, .* Name another, sqlite:///FILE\.$"
    ):
        check_writable(url)
