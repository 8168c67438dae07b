"""A database of others is read, and stays as it is."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import optuna
import pytest

from storage import StorageError, open_store
from storage.untouched import is_foreign_database, open_untouched


def made_by_optuna(path: Path) -> str:
    url = f"sqlite:///{path}"
    optuna.create_study(storage=url, study_name="theirs").optimize(lambda trial: 1.0, n_trials=1)
    return url


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_database_of_others_is_as_it_was_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    url = made_by_optuna(path)
    before = digest(path)
    assert is_foreign_database(url)
    with open_untouched(url) as store:
        assert store.study_names() == ("theirs",)
        assert store.url == url
        copy = Path(store._database.connection.url.removeprefix("sqlite:///"))
        assert copy.exists()
    assert not copy.exists()
    assert digest(path) == before
    assert [one.name for one in tmp_path.iterdir()] == ["theirs.db"]


def test_a_database_of_ours_is_opened_in_its_place(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    open_store(url).close()
    assert not is_foreign_database(url)
    with open_untouched(url) as store:
        assert store._database.connection.url == url


def test_one_for_reading_only_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "it's #1"
    folder.mkdir()
    path = folder / "theirs.db"
    url = made_by_optuna(path)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
    raw.close()
    path.chmod(0o444)
    folder.chmod(0o555)
    try:
        with open_untouched(url) as store:
            assert store.study_names() == ("theirs",)
    finally:
        folder.chmod(0o755)
    if os.geteuid():
        assert [one.name for one in folder.iterdir()] == ["theirs.db"]


def test_what_is_no_database_is_told_by_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("shopping list" * 100)
    with (
        pytest.raises(StorageError, match=r"notes\.db.*not an SQLite database"),
        open_untouched(f"sqlite:///{path}"),
    ):
        pass


def test_tables_of_an_earlier_optuna_are_told_by_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    url = made_by_optuna(path)
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = 'v2.6.0.a'")
    raw.close()
    with (
        pytest.raises(StorageError, match="optuna storage upgrade --storage") as told,
        open_untouched(url),
    ):
        pass
    assert url in str(told.value) and "copy.db" not in str(told.value)
