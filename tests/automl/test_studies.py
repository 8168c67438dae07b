"""Stored studies, without their data."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest

from automl.console import study_commands
from automl.errors import ConfigError, StudyError
from automl.investigation.questions import promote
from automl.result import SearchResult
from automl.studies import (
    compare,
    delete_study,
    diagnose,
    doctor,
    drop_states,
    load_study,
    study_names,
)
from automl.study_list import list_studies
from storage import StorageError, open_store
from storage.adoption import Adoption


def test_loaded_study_equals_the_one_that_was_searched(finished: SearchResult) -> None:
    loaded = load_study("iris-species", finished.storage)
    assert loaded.trials == finished.trials
    assert loaded.records.settings == finished.records.settings


def test_unknown_study_names_those_there_are(finished: SearchResult) -> None:
    with pytest.raises(StudyError, match=r"did you mean 'iris-species'\? It has: iris-species"):
        load_study("iris-specie", finished.storage)


def test_reading_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="must exist to be read"):
        study_names(f"sqlite:///{tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("storage", ["automl.db", "", "postgresql://host:port/name", None])
def test_what_is_no_url_is_told(storage: Any) -> None:
    with pytest.raises(ConfigError, match="storage must be a database URL such as"):
        study_names(storage)


def test_study_of_another_program_is_read_and_otherwise_left_alone(finished_copy: str) -> None:
    optuna.create_study(study_name="theirs", storage=finished_copy)
    optuna.create_study(study_name="two", storage=finished_copy, directions=["minimize"] * 2)
    assert study_names(finished_copy) == ["iris-species", "theirs"]
    listed = [one.settings.study_name for one in list_studies(finished_copy)]
    assert listed == ["iris-species", "theirs"]
    assert load_study("theirs", finished_copy).diagnoses[-1].kind == "made_by_optuna"
    with pytest.raises(StudyError, match="was made with Optuna alone"):
        delete_study("theirs", finished_copy)
    assert "theirs" in study_names(finished_copy)


def test_judging_again_gives_the_same_verdicts(finished_copy: str) -> None:
    before = load_study("iris-species", finished_copy).diagnoses
    assert diagnose("iris-species", finished_copy).diagnoses == before


def test_without_its_states_a_study_goes_on_to_the_same_result(finished_copy: str) -> None:
    name = "iris-species"
    before = load_study(name, finished_copy)
    states = before.records.kept_artifacts("checkpoint")
    n_bytes = sum(one.n_bytes for one in states)
    assert drop_states(name, finished_copy) == n_bytes > 0
    after = load_study(name, finished_copy)
    assert (after.trials, after.answer) == (before.trials, before.answer)
    assert not after.records.kept_artifacts("checkpoint")
    assert doctor(finished_copy) == ()
    assert drop_states(name, finished_copy) == 0
    paused = next(one.number for one in after.trials if one.outcome == "paused")
    again = promote(name, paused, finished_copy, workers=1)
    assert again.epochs_kept == 0 and again.value is not None


def test_the_states_of_a_study_that_is_searched_are_kept(finished_copy: str) -> None:
    with closing(open_store(finished_copy)) as store:
        study = optuna.load_study(study_name="iris-species", storage=store.optuna_storage)
        study.ask()
        with pytest.raises(StudyError, match="while nobody searches it"):
            drop_states("iris-species", finished_copy)
    assert load_study("iris-species", finished_copy).records.kept_artifacts("checkpoint")


@pytest.mark.parametrize("act", [delete_study, drop_states])
def test_nobody_begins_a_trial_between_the_check_and_the_deletion(
    act: Callable[[str, str], object], finished_copy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that claims its first trial then would lose its study, or its states."""
    others, refused = Adoption.others, []

    def told(adoption: Adoption, study: str) -> object:
        found = others(adoption, study)
        path = finished_copy.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=0)) as elsewhere:
            try:
                elsewhere.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                refused.append(str(error))
        return found

    monkeypatch.setattr(Adoption, "others", told)
    act("iris-species", finished_copy)
    assert refused == ["database is locked"]


def test_deleted_study_leaves_neither_rows_nor_files(finished_copy: str) -> None:
    folder = Path(finished_copy.removeprefix("sqlite:///")).with_suffix(".artifacts")
    assert any(path.is_file() for path in folder.rglob("*"))
    delete_study("iris-species", finished_copy)
    assert study_names(finished_copy) == []
    assert not any(path.is_file() for path in folder.rglob("*"))


def test_comparison_needs_two_studies(finished: SearchResult, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="two studies"):
        compare(["iris-species"], tmp_path / "compare.html", finished.storage)


def test_a_comparison_with_its_page_reads_each_study_once(
    finished: SearchResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a search that still runs the page and what is printed are of one moment."""
    loaded: list[str] = []

    def told(study: str, storage: str) -> SearchResult:
        loaded.append(study)
        return load_study(study, storage)

    monkeypatch.setattr("automl.studies.load_study", told)
    page = tmp_path / "compare.html"
    study_commands.compare(["iris-species"] * 2, str(page), finished.storage, as_json=True)
    assert len(loaded) == 2
    assert page.exists()


def test_comparison_is_one_page(finished: SearchResult, tmp_path: Path) -> None:
    path = compare(["iris-species"] * 2, tmp_path / "compare.html", finished.storage)
    assert "iris-species" in path.read_text(encoding="utf-8")
