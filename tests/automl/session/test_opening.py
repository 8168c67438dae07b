"""What is settled and told before anything trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import optuna
import pytest

from automl.errors import StudyError
from automl.session.opening import _with_its_metric
from tests.automl.session.sessions import session


def test_session_says_what_it_understood_before_it_trains(tmp_path: Path) -> None:
    with session(tmp_path) as ready:
        assert any("iris" in line or "classification" in line for line in ready.messages)
        assert ready.messages[-1] == f"1 worker, {ready.call.memory}"
        assert ready.call.settings.task == "multiclass"
        assert ready.store.study_names() == (), "no study is made before the first trial"


def test_other_settings_do_not_continue_a_study(tmp_path: Path) -> None:
    with session(tmp_path) as first:
        list(first)
    # Before there is a session, hence before a worker starts.
    with pytest.raises(StudyError, match="max_epochs="):
        session(tmp_path, max_epochs=4)


def test_a_study_that_is_there_is_told_and_takes_no_processes_once_it_is_complete(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "automl")
    with session(tmp_path) as first:
        list(first)
        assert first.result().n_ended_before == 0
    assert "going on" not in caplog.text
    with session(tmp_path, n_trials=4) as second:
        list(second)
        assert second.result().n_ended_before == 3
    assert "going on with iris-target: 3 of 4 trials are there" in caplog.messages
    caplog.clear()
    with session(tmp_path, n_trials=4, workers=2) as third:
        list(third)
        assert third.result().n_ended_before == 4
    assert "iris-target is already complete: 4 of 4 trials" in caplog.messages
    assert "starting worker processes" not in caplog.messages


def test_beside_studies_of_others_it_is_said_that_tables_are_added(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "automl")
    optuna.create_study(study_name="theirs", storage=f"sqlite:///{tmp_path}/automl.db")
    for n_told in (1, 0):
        with session(tmp_path):
            assert caplog.text.count("tables of this program come beside") == n_told
        caplog.clear()


def test_a_metric_is_inherited_by_a_study_of_the_same_task_alone(tmp_path: Path) -> None:
    """Of another task there may be no such metric: as where a target is read otherwise."""
    with session(tmp_path, metric="f1") as first:
        first.store.create_study(first.call.settings)
        unsaid = replace(first.call.settings, metric=None)
        assert _with_its_metric(unsaid, first.store).metric == "f1"
        assert _with_its_metric(replace(unsaid, task="regression"), first.store).metric is None


def test_fewer_trials_than_are_there_is_told_of_what_was_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "automl")
    with session(tmp_path) as first:
        list(first)
    with session(tmp_path, n_trials=2) as second:
        list(second)
    assert "iris-target is already complete: 3 trials, 2 were asked for" in caplog.messages
