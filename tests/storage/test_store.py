from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from storage.errors import StorageError, StudyIsFull
from storage.store import Store, open_store
from tests.contracts.store_contract import StoreContract, epoch, make_study


class TestStoreOnSQLite(StoreContract):
    @pytest.fixture
    def reopen(self, url: str) -> Iterator[Callable[[], Store]]:
        opened: list[Store] = []

        def reopen() -> Store:
            for store in opened:
                store.close()
            opened.append(open_store(url))
            return opened[-1]

        yield reopen
        for store in opened:
            store.close()


def n_rows(tmp_path: Path, table: str) -> int:
    """Rows that are in the file, seen through SQLite alone."""
    with sqlite3.connect(tmp_path / "automl.db") as connection:
        count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    connection.close()
    return count


def test_params_are_in_the_file_when_a_run_begins(store: Store, tmp_path: Path) -> None:
    trial = make_study(store).ask()
    trial.suggest_float("x", 0, 1)
    assert n_rows(tmp_path, "trial_params") == 0
    store.runs.begin("study", trial_number=0, purpose="search", seed=1)
    assert n_rows(tmp_path, "trial_params") == 1


def test_transaction_takes_records_and_trials_together(store: Store, tmp_path: Path) -> None:
    study = make_study(store)
    trial = study.ask()
    run = store.runs.begin("study", trial_number=0, purpose="search", seed=1)
    with store.transaction():
        store.runs.add_epochs([epoch(run.run_id, 1)])
        trial.report(1.0, 1)
        store.runs.finish(run.run_id, "complete")
        study.tell(trial, 1.0)
        assert n_rows(tmp_path, "automl_epochs") == 0
        assert n_rows(tmp_path, "trial_values") == 0
    assert n_rows(tmp_path, "automl_epochs") == 1
    assert n_rows(tmp_path, "trial_values") == 1


def test_error_in_a_block_undoes_trials_and_records_alike(store: Store) -> None:
    study = make_study(store)
    trial = study.ask()
    drawn = trial.suggest_float("x", 0, 1)
    run = store.runs.begin("study", trial_number=0, purpose="search", seed=1)
    store.runs.add_epochs([epoch(run.run_id, 1)])
    with pytest.raises(ZeroDivisionError), store.transaction():
        study.ask().suggest_float("x", 0, 1)
        store.runs.begin("study", trial_number=1, purpose="search", seed=1)
        store.runs.add_epochs([epoch(run.run_id, 2)])
        store.runs.finish(run.run_id, "complete")
        study.tell(trial, 1.0)
        assert [one.state for one in study.trials] == [TrialState.COMPLETE, TrialState.RUNNING]
        raise ZeroDivisionError
    (left,) = study.trials
    assert (left.state, left.params, left.values) == (TrialState.RUNNING, {"x": drawn}, None)
    assert len(store.read_study("study").epochs[run.run_id]) == 1
    store.runs.add_epochs([epoch(run.run_id, 2)])
    store.runs.finish(run.run_id, "complete")
    study.tell(trial, 2.0)
    records = store.read_study("study")
    assert [one.value for one in records.trials] == [2.0]
    assert len(records.epochs[run.run_id]) == 2
    assert study.ask().number == 1


def test_files_of_a_deleted_study_go_once_its_rows_are_gone(store: Store) -> None:
    study = make_study(store)
    trial = study.ask()
    run = store.runs.begin("study", trial_number=0, purpose="search", seed=1)
    file = store.artifacts.path(
        store.artifacts.save_weights("study", 0, run.run_id, {"w": np.ones(2)}, {})
    )
    with pytest.raises(ZeroDivisionError), store.transaction(at_once=True):
        store.delete_study("study")
        assert store.study_names() == ()
        raise ZeroDivisionError
    assert file.exists()
    study.tell(trial, 1.0)
    records = store.read_study("study")
    assert (len(records.trials), len(records.artifacts)) == (1, 1)
    with store.transaction():
        store.delete_study("study")
        assert file.exists()
    assert not file.exists()
    assert store.study_names() == ()


def test_total_holds_whoever_makes_trials(store: Store, url: str) -> None:
    study = make_study(store)
    other = optuna.load_study(study_name="study", storage=url)
    with store.optuna_storage.trials.at_most(3):
        study.ask()
        other.ask()
        study.ask()
        with pytest.raises(StudyIsFull, match="at most 3"):
            study.ask()
    assert study.ask().number == 3


def test_ranking_is_that_of_the_database(store: Store, url: str) -> None:
    study = make_study(store)
    other = optuna.load_study(study_name="study", storage=url)
    study.tell(study.ask(), 2.0)
    other.tell(other.ask(), 1.0)
    study.tell(study.ask(), 1.0)
    with store.transaction():
        study.tell(study.ask(), 0.5)
        other_value = [value for value, _ in store.ranking("study")]
    assert other_value == [0.5, 1.0, 1.0, 2.0]
    assert [number for _, number in store.ranking("study")] == [3, 1, 2, 0]


def test_epochs_of_a_study_that_is_deleted_elsewhere_are_dropped(store: Store, url: str) -> None:
    make_study(store).ask()
    make_study(store, "other").ask()
    gone = store.runs.begin("study", trial_number=0, purpose="search", seed=1)
    kept = store.runs.begin("other", trial_number=0, purpose="search", seed=1)
    store.runs.add_epochs([epoch(gone.run_id, 1), epoch(kept.run_id, 1)])
    optuna.delete_study(study_name="study", storage=url)
    store.runs.add_epochs([epoch(gone.run_id, 2), epoch(kept.run_id, 2)])
    store.flush()
    assert store.study_names() == ("other",)
    assert len(store.read_study("other").epochs[kept.run_id]) == 2


def test_store_in_memory_works_without_a_folder() -> None:
    with open_store("sqlite://") as store:
        make_study(store)
        assert store.study_names() == ("study",)
        with pytest.raises(StorageError, match="need a folder"):
            store.artifacts.save_weights("study", 0, 1, {}, {})


def test_reopened_trial_is_the_same(store: Store) -> None:
    study = make_study(store)
    trial = study.ask()
    drawn = trial.suggest_float("x", 0, 1)
    again = store.adoption.open_again(study, 0)
    assert again.suggest_float("x", 0, 1) == drawn
    study.tell(again, 1.0)
    assert study.trials[0].value == 1.0
