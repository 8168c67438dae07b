"""A search that is ready to run, before and while it is iterated over."""

from __future__ import annotations

import math
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from automl.api import start_tune
from automl.commands_to_type import reproducing_command, trained_calls
from automl.stacked import native
from automl.tuning import best_again, candidates, planned_training
from storage import open_store
from storage.errors import ArtifactError
from tests.automl.session.sessions import session


def test_a_stopped_session_has_a_result(tmp_path: Path) -> None:
    with session(tmp_path, n_trials=50, slots=2) as running:
        for progress in running:
            if progress.n_complete:
                running.stop()
        result = running.result()
    assert 1 <= len(result.trials) < 50
    assert result.diagnoses
    assert result.evaluation is not None


def test_a_session_that_is_stopped_before_its_search_has_begun_begins_no_trial(
    tmp_path: Path,
) -> None:
    """As by Ctrl-C while the kernels are compiled."""
    with session(tmp_path) as stopped:
        stopped.stop()
        assert [progress.n_ended for progress in stopped] == [0]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_person_is_told_once_that_kernels_could_not_be_compiled(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    compiler = tmp_path / "a-compiler"
    compiler.write_text("#!/bin/sh\necho 'x.h:3: error: no room' >&2\nexit 4\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    native.library.cache_clear()
    request.addfinalizer(native.library.cache_clear)
    with session(tmp_path, workers=workers) as running:
        said = [message for progress in running for message in progress.messages]
    (told,) = [message for message in said if "kernels" in message]
    assert "a-compiler ended with exit code 4: x.h:3: error: no room" in told
    assert "torch calls, 2 to 5 times as long" in told


def test_a_finished_study_is_not_searched_by_calls_that_give_no_number_of_trials(
    tmp_path: Path,
) -> None:
    """Its epochs have ended it: the record has no number of trials that could tell."""
    ended = {"n_trials": None, "max_epochs_total": 6, "references": False}
    for asked in ({}, {}, {"sampler": "random"}, {"sampler": "random", "answer": "single"}):
        with session(tmp_path, **ended, **asked) as running:
            list(running)
            records = running.store.read_study(running.call.study_name)
    assert [(one.policy, one.answer, one.searches) for one in records.policies] == [
        ("freeze_thaw", "auto", True),
        ("optuna", "auto", False),
        ("optuna", "single", False),
    ]
    assert trained_calls(records) == records.policies[:1]
    assert reproducing_command(records).is_exact


def test_facts_of_the_data_that_cannot_be_written_end_the_search(tmp_path: Path) -> None:
    """All of them or nothing: once there is room, the same search writes them."""
    (tmp_path / "automl.artifacts").write_bytes(b"in the way")
    with session(tmp_path) as first, pytest.raises(ArtifactError, match="cannot be written"):
        list(first)
        first.result()
    with session(tmp_path) as other:
        records = other.store.read_study(other.call.study_name)
        assert (records.data_checks, records.kept_artifacts("preprocessing")) == ((), ())
    (tmp_path / "automl.artifacts").unlink()
    with session(tmp_path) as second:
        list(second)
        result = second.result()
    assert len(result.trials) == 3
    assert result.records.policies
    assert len(result.records.kept_artifacts("preprocessing")) == 1


def test_where_no_time_is_left_to_train_it_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with session(tmp_path, timeout=1e-3) as late:
        assert list(late) == []
        result = late.result()
    assert (result.trials, result.has_best, result.lacked_time) == ((), False, True)
    assert result.n_epochs_in_call == 0 and result.to_json()["lacked_time"]
    assert [one.message for one in caplog.records if one.levelname == "ERROR"] == [
        text for text in caplog.messages if text.startswith("no trial has trained")
    ]
    (told,) = [text for text in caplog.messages if text.startswith("no trial has trained")]
    assert "reading, loading and starting took" in told
    assert told.endswith("0.0 are kept for the end; timeout=10 should do")


def test_a_call_says_how_many_epochs_its_trials_had(tmp_path: Path) -> None:
    found = []
    for more in ({}, {}, {"n_trials": 4, "timeout": 1e-3}):
        with session(tmp_path, **more) as running:
            list(running)
            found.append(running.result())
    first, complete, late = found
    assert first.n_epochs_in_call == sum(map(len, first.records.epochs.values()))
    assert (complete.n_epochs_in_call, complete.lacked_time) == (0, False)
    assert (late.n_epochs_in_call, late.lacked_time) == (0, True)
    assert late.best == first.best


def test_where_no_trial_is_complete_there_is_no_answer_and_it_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = {"n_trials": 1, "workers": 1, "storage": f"sqlite:///{tmp_path}/a.db"}
    with start_tune(lambda params: math.nan, {"x": [1]}, options) as running:
        list(running)
        result = running.result()
    assert (result.has_best, result.lacked_time) == (False, False)
    (told,) = [one.message for one in caplog.records if one.levelname == "ERROR"]
    assert "has none of 1; all have failed" in told


def forget_weights(folder: Path, *, of_best: bool) -> None:
    """Of the best trial, or of all others."""
    with open_store(f"sqlite:///{folder}/automl.db") as store:
        (name,) = store.study_names()
        records = store.read_study(name)
        best = records.best_trial
        assert best is not None
        gone = [
            one
            for one in records.kept_artifacts("weights")
            if (one.trial_number == best.number) is of_best
        ]
        assert gone
        for one in gone:
            store.artifacts.remove(one)


@pytest.mark.parametrize("of", [best_again, candidates])
def test_weights_are_trained_again_until_time_is_up_or_a_person_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: ModuleType
) -> None:
    options = {"n_trials": 6, "max_epochs": 30, "patience": 30}
    with session(tmp_path, **options) as first:
        list(first)
        first.result()
    forget_weights(tmp_path, of_best=of is best_again)
    train_runs, seen = planned_training.train_runs, []

    def watched(*arguments: Any, **named: Any) -> Any:
        assert named["deadline"] == running.clock_of_training.deadline is not None
        running.stop()
        ended = train_runs(*arguments, **named)
        seen.extend(ended)
        return ended

    monkeypatch.setattr(of, "train_runs", watched)
    with session(tmp_path, **options, timeout=600.0) as running:
        list(running)
        assert seen and {one.cause for one in seen} == {"interrupted"}
        assert ("it was cut off" in str(running._not_kept)) is (of is best_again)
