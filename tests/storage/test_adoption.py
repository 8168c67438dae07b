from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState
from sqlalchemy.exc import IntegrityError

from storage.adoption import ClaimedTrial
from storage.store import Store, open_store
from tests.contracts.store_contract import epoch, make_study

_KILLED = """
import os, signal, sys, optuna
from storage import open_store
optuna.logging.set_verbosity(optuna.logging.ERROR)
store = open_store(sys.argv[1])
study = optuna.load_study(study_name="study", storage=store.optuna_storage)
for _ in range(3):
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    store.runs.begin("study", trial_number=trial.number, purpose="search", seed=1)
    if str(trial.number) in sys.argv[2:]:
        trial.set_user_attr("paused", 1)
study.tell(0, 1.0)
store.flush()
os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_a_search(url: str, *paused: str) -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED, url, *paused], check=False)
    assert killed.returncode == -9


def test_trials_of_a_killed_process_are_found_and_taken_over(store: Store, url: str) -> None:
    study = make_study(store)
    kill_a_search(url)
    before = [trial.params for trial in study.trials]
    assert store.adoption.dead("study") == (1, 2)
    assert store.adoption.claim("study") == (ClaimedTrial(1, 1), ClaimedTrial(2, 1))
    assert store.adoption.dead("study") == ()
    trial = store.adoption.open_again(study, 1)
    trial.report(0.5, 1)
    study.tell(trial, 0.5)
    assert [trial.params for trial in study.trials] == before
    records = store.read_study("study")
    assert [trial.state for trial in records.trials] == ["COMPLETE", "COMPLETE", "RUNNING"]
    lost = [(run.state, run.cause) for run in records.runs]
    # The run of trial 0 had not been ended either when the process died.
    assert lost == [("failed", "lost")] * 3


def test_of_some_trials_there_is_what_the_study_has_of_them(store: Store) -> None:
    study = make_study(store)
    for number in range(3):
        study.ask()
        run_id = store.runs.begin("study", trial_number=number, purpose="search", seed=1).run_id
        store.runs.add_epochs([epoch(run_id, one) for one in range(1, 3 + number)])
    whole = store.read_study("study")
    some = store.adoption.records(whole.settings, [0, 2])
    assert some.runs == (whole.runs[0], whole.runs[2])
    assert some.epochs == {one.run_id: whole.epochs[one.run_id] for one in some.runs}
    assert len(some.epochs) == 2


def test_trials_of_a_living_process_are_left_alone(store: Store, url: str) -> None:
    make_study(store).ask()
    with open_store(url) as other:
        assert other.adoption.dead("study") == ()
        assert other.adoption.claim("study") == ()


def test_trial_is_adopted_once(store: Store, url: str) -> None:
    make_study(store)
    kill_a_search(url)
    with open_store(url) as other:
        assert len(store.adoption.claim("study")) == 2
        assert other.adoption.claim("study") == ()


def test_lost_attempts_are_counted(url: str) -> None:
    with open_store(url) as store:
        make_study(store).ask()
    for lost in (1, 2, 3):
        with open_store(url) as store:
            (claimed,) = store.adoption.claim("study")
            assert claimed.lost_attempts == lost


def test_a_trial_that_pauses_is_no_cause_of_a_death(store: Store, url: str) -> None:
    make_study(store)
    kill_a_search(url, "2")
    assert len(store.adoption.claim("study")) == 2
    causes = [run.cause for run in store.read_study("study").runs]
    assert causes == ["lost", "lost", "interrupted"]


def test_trial_that_optuna_began_without_us_is_left_alone(store: Store, url: str) -> None:
    make_study(store)
    optuna.load_study(study_name="study", storage=url).ask()
    assert store.adoption.dead("study") == ()


@pytest.mark.parametrize("state", [TrialState.COMPLETE, TrialState.FAIL])
def test_ended_trial_is_not_dead(store: Store, url: str, state: TrialState) -> None:
    study = make_study(store)
    values = 1.0 if state is TrialState.COMPLETE else None
    study.tell(study.ask(), values, state=state)
    store.close()
    with open_store(url) as again:
        assert again.adoption.dead("study") == ()


def tell_pruned(study: optuna.Study, *, paused: int | None) -> None:
    """A trial with one epoch is told as pruned; one that pauses has the epoch where it does."""
    trial = study.ask()
    trial.report(0.5, 1)
    trial.set_user_attr("paused", paused)
    study.tell(trial, state=TrialState.PRUNED)


def test_only_what_pauses_is_reopened_and_only_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    with open_store(url) as store, open_store(url) as other:
        study = optuna.create_study(study_name="s", storage=store.optuna_storage)
        tell_pruned(study, paused=None)
        for _ in range(2):
            tell_pruned(study, paused=1)
        study.ask()
        assert [trial.value for trial in study.trials] == [0.5, 0.5, 0.5, None]
        for number in (0, 3):
            with pytest.raises(UpdateFinishedTrialError, match=f"trial {number} is"):
                store.adoption.reopen(study, number)
        again = store.adoption.reopen(study, 1)
        again.report(0.25, 2)
        store.flush()
        for one in (study, optuna.load_study(study_name="s", storage=other.optuna_storage)):
            read = one.get_trials(deepcopy=False)[1]
            assert (read.state, read.value) == (TrialState.RUNNING, None)
            assert read.intermediate_values == {1: 0.5, 2: 0.25}
            pruned = one.get_trials(states=[TrialState.PRUNED])
            assert [trial.number for trial in pruned] == [0, 2]
        with pytest.raises(UpdateFinishedTrialError):
            other.adoption.reopen(study, 1)
        study.tell(again, 0.25)
        assert study.best_trial.number == 1
        assert store.adoption.dead("s") == ()


def test_a_trial_whose_reopening_cannot_be_written_pauses_still(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/automl.db") as store:
        study = optuna.create_study(study_name="s", storage=store.optuna_storage)
        tell_pruned(study, paused=1)
        with contextlib.closing(sqlite3.connect(tmp_path / "automl.db")) as connection:
            connection.executescript(
                "CREATE TABLE broken (id REFERENCES studies DEFERRABLE INITIALLY DEFERRED);"
                "CREATE TRIGGER breaks AFTER INSERT ON automl_reopenings "
                "BEGIN INSERT INTO broken VALUES (99); END"
            )
        with pytest.raises(IntegrityError, match="FOREIGN KEY"):  # as it commits
            store.adoption.reopen(study, 0)
        assert study.get_trials(deepcopy=False)[0].state is TrialState.PRUNED
        with contextlib.closing(sqlite3.connect(tmp_path / "automl.db")) as connection:
            connection.execute("DROP TRIGGER breaks")
        store.adoption.reopen(study, 0).report(0.25, 2)


@pytest.mark.parametrize("is_looked_at", [True, False], ids=["seen running", "seen ended"])
@pytest.mark.parametrize(
    ("value", "state"), [(0.25, TrialState.COMPLETE), (None, TrialState.PRUNED)]
)
def test_who_told_a_trial_sees_what_became_of_it_elsewhere(
    tmp_path: Path, is_looked_at: bool, value: float | None, state: TrialState
) -> None:
    """It has ended, and what has ended is not read again: but for what others let go on."""
    url = f"sqlite:///{tmp_path}/automl.db"
    with open_store(url) as store, open_store(url) as other:
        study = optuna.create_study(study_name="s", storage=store.optuna_storage)
        for _ in range(2):
            tell_pruned(study, paused=1)
        known = study.get_trials(deepcopy=False)
        elsewhere = optuna.load_study(study_name="s", storage=other.optuna_storage)
        again = other.adoption.reopen(elsewhere, 0)
        if is_looked_at:
            assert study.get_trials(deepcopy=False)[0].state is TrialState.RUNNING
        again.report(0.25, 2)
        elsewhere.tell(again, value, state)
        found = study.get_trials(deepcopy=False)
        assert (found[0].state, found[0].value) == (state, 0.25)
        assert found[0].intermediate_values == {1: 0.5, 2: 0.25}
        assert found[1] is known[1], "whom nobody let go on"
        alike = study.get_trials(deepcopy=False, states=(state,))
        assert [one.number for one in alike] == ([0] if value else [0, 1])


def test_what_goes_on_elsewhere_is_known_when_it_is_to_be_reopened(tmp_path: Path) -> None:
    """Another process has let it go on and has given it up: it does not pause any more."""
    url = f"sqlite:///{tmp_path}/automl.db"
    with open_store(url) as store, open_store(url) as other:
        study = optuna.create_study(study_name="s", storage=store.optuna_storage)
        trial = study.ask()
        trial.set_user_attr("paused", 1)
        study.tell(trial, state=TrialState.PRUNED)
        elsewhere = optuna.load_study(study_name="s", storage=other.optuna_storage)
        again = other.adoption.reopen(elsewhere, 0)
        again.set_user_attr("paused", None)
        elsewhere.tell(again, state=TrialState.PRUNED)
        with pytest.raises(UpdateFinishedTrialError, match="trial 0 is PRUNED"):
            store.adoption.reopen(study, 0)
