"""Lists of studies, of databases of any kind and state."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from automl.errors import ConfigError
from automl.result import SearchResult
from automl.studies import load_study
from automl.study_list import list_studies
from storage import StorageError
from storage.listed_studies import listed_study, read_listed


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def test_a_list_says_what_the_whole_studies_do(finished_copy: str) -> None:
    (found,) = read_listed(path_of(finished_copy)) or ()
    assert found == listed_study(load_study("iris-species", finished_copy).records)
    assert found.outcomes["complete"] and found.outcomes["paused"]
    assert found.evaluation is not None and found.verdict is not None


def test_failures_ties_and_trials_without_numbers_are_counted_alike(finished_copy: str) -> None:
    """As other programs, and later calls, may leave them."""
    with sqlite3.connect(path_of(finished_copy)) as connection:
        connection.execute("UPDATE trial_values SET value = 0.5")
        first = "(SELECT min(trial_id) FROM trials)"
        connection.execute(
            "INSERT OR REPLACE INTO trial_user_attributes (trial_id, key, value_json) "
            f"VALUES ({first}, 'cause', '\"diverged\"')"
        )
        connection.execute(
            "UPDATE trials SET state = 'COMPLETE' WHERE state = 'PRUNED' AND number = 5"
        )
        connection.execute("DELETE FROM automl_answers")
    connection.close()
    (found,) = read_listed(path_of(finished_copy)) or ()
    assert found == listed_study(load_study("iris-species", finished_copy).records)
    assert found.outcomes["failed"] == 1


def test_a_file_of_another_version_is_left_to_whoever_reads_it_whole(
    finished_copy: str, tmp_path: Path
) -> None:
    with sqlite3.connect(path_of(finished_copy)) as connection:
        connection.execute(
            "DELETE FROM automl_schema WHERE change = (SELECT max(change) FROM automl_schema)"
        )
    connection.close()
    assert read_listed(path_of(finished_copy)) is None
    (tmp_path / "junk.db").write_bytes(b"this is no database" * 100)
    assert read_listed(tmp_path / "junk.db") is None
    assert read_listed(tmp_path / "none.db") is None
    assert not (tmp_path / "none.db").exists()


def test_a_damaged_value_is_told(finished_copy: str) -> None:
    with sqlite3.connect(path_of(finished_copy)) as connection:
        connection.execute("UPDATE automl_study_settings SET settings = '{}'")
    connection.close()
    with pytest.raises(StorageError, match="automl_study_settings"):
        read_listed(path_of(finished_copy))


def test_the_finished_study_is_not_changed_by_reading(finished: SearchResult) -> None:
    before = path_of(finished.storage).read_bytes()
    read_listed(path_of(finished.storage))
    assert path_of(finished.storage).read_bytes() == before


def test_any_spelling_of_a_url_gives_the_same_list(finished_copy: str) -> None:
    whole = (listed_study(load_study("iris-species", finished_copy).records),)
    assert list_studies(finished_copy) == whole
    assert list_studies(finished_copy.replace("sqlite:", "sqlite+pysqlite:")) == whole


def test_what_cannot_be_read_is_told_as_everywhere(tmp_path: Path) -> None:
    (tmp_path / "junk.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError, match="not an SQLite database"):
        list_studies(f"sqlite:///{tmp_path}/junk.db")
    with pytest.raises(StorageError, match="must exist to be read"):
        list_studies(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(ConfigError, match="database URL"):
        list_studies("automl.db")
