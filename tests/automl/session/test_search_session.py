"""A search that is ready to run, before and while it is iterated over."""

from __future__ import annotations

import math
import time
from pathlib import Path

import optuna
import optuna_dashboard
import pytest

from automl.api import start_search
from automl.diagnostics.standing import standing
from automl.errors import StudyError
from automl.options.search_options import SearchOptions
from automl.reference_names import REFERENCE_NAMES
from automl.result import SearchResult
from automl.session.search_session import SearchSession
from automl.stacked import native
from automl.tuning.clock import Clock
from automl.tuning.ending_time import Moment
from storage.errors import ArtifactError


def session(folder: Path, **options: object) -> SearchSession:
    """A session on iris with a small budget."""
    budget = {"n_trials": 3, "max_epochs": 3, "folds": 1, "workers": 1, **options}
    storage = f"sqlite:///{folder}/automl.db"
    return start_search("sklearn:iris", SearchOptions(storage=storage, **budget))  # type: ignore[arg-type]


def test_session_says_what_it_understood_before_it_trains(tmp_path: Path) -> None:
    with session(tmp_path) as ready:
        assert any("iris" in line or "classification" in line for line in ready.messages)
        assert ready.messages[-1] == str(ready.memory)
        assert ready.settings.task == "multiclass"
        assert ready.store.study_names() == (), "no study is made before the first trial"


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
    assert "several times slower" in told


def test_references_can_be_left_out_and_had_later(tmp_path: Path) -> None:
    """The same search again, with nothing to train, fits what the first one was to leave out."""
    with session(tmp_path, references=False) as first:
        list(first)
        bare = first.result()
    assert bare.evaluation is not None
    assert [one.name for one in bare.evaluation.references] == ["guessing"]
    assert "No model was fitted" in standing(bare.records).sentence
    with session(tmp_path) as second:
        list(second)
        full = second.result()
    assert full.evaluation is not None
    assert {one.name for one in full.evaluation.references} == set(REFERENCE_NAMES)
    assert full.evaluation.scores == bare.evaluation.scores
    assert "No model was fitted" not in standing(full.records).sentence


def test_references_that_fail_are_told_and_cost_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object) -> None:
        raise ValueError("no such luck")

    monkeypatch.setattr("automl.data.references.linear_predictions", fail)
    with session(tmp_path) as running:
        list(running)
        result = running.result()
    assert result.evaluation is not None
    assert [one.name for one in result.evaluation.references] == ["guessing"]
    (told,) = [record.message for record in caplog.records if "compared" in record.message]
    assert "not compared with linear model and boosted trees: ValueError: no such luck" in told


def test_other_settings_do_not_continue_a_study(tmp_path: Path) -> None:
    with session(tmp_path) as first:
        list(first)
    # Before there is a session, hence before a worker starts.
    with pytest.raises(StudyError, match="--max-epochs"):
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


def test_beginning_that_cannot_be_written_is_not_begun(tmp_path: Path) -> None:
    """All of it or nothing: once there is room, the same search makes it."""
    (tmp_path / "automl.artifacts").write_bytes(b"in the way")
    with session(tmp_path) as first, pytest.raises(ArtifactError, match="cannot be written"):
        list(first)
    with session(tmp_path) as other:
        records = other.store.read_study(other.settings.study_name)
        assert (records.policies, records.data_checks, records.artifacts) == ((), (), ())
    (tmp_path / "automl.artifacts").unlink()
    with session(tmp_path) as second:
        list(second)
        result = second.result()
    assert len(result.trials) == 3
    assert result.records.policies
    assert len(result.records.kept_artifacts("preprocessing")) == 1


def test_dashboard_content_is_published_at_the_end(finished: SearchResult) -> None:
    study = optuna.load_study(study_name="iris-species", storage=finished.storage)
    assert "best" in optuna_dashboard.get_note(study).lower()


def test_seconds_count_from_the_beginning_of_the_call(tmp_path: Path) -> None:
    """Also of a study that is finished, and without the pause since an earlier call."""
    with session(tmp_path) as first:
        list(first)
        assert first.result().seconds < 100
    options = SearchOptions(storage=f"sqlite:///{tmp_path}/automl.db", n_trials=3, max_epochs=3,
                            folds=1, workers=1)  # fmt: skip
    with start_search("sklearn:iris", options, Clock(None, time.monotonic() - 100)) as second:
        (progress,) = second
        assert progress.seconds >= 100
        assert second.result().seconds >= progress.seconds


def test_time_is_left_for_what_comes_after_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def timeout_of_training(busyness: float, afterwards: float = 0.0) -> float:
        monkeypatch.setattr(Moment, "busyness", lambda moment: busyness)
        options = SearchOptions(storage=f"sqlite:///{tmp_path}/automl.db", timeout=600.0)
        clock = Clock(600.0, afterwards=afterwards)
        with start_search("sklearn:iris", options, clock) as ready:
            return ready.clock_of_training.timeout or 0.0

    ending = 600.0 - timeout_of_training(1.0)
    assert 1.5 < ending < 4.0
    assert 600.0 - timeout_of_training(3.0) == pytest.approx(3.0 * ending)
    assert 600.0 - timeout_of_training(3.0, 2.0) == pytest.approx(3.0 * (ending + 2.0))
    with session(tmp_path) as endless:
        assert math.isinf(endless.clock_of_training.seconds_left)


def test_where_no_time_is_left_to_train_it_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with session(tmp_path, timeout=1e-3) as late:
        assert list(late) == []
        assert late.result().trials == ()
    (told,) = [text for text in caplog.messages if text.startswith("no trial has trained")]
    assert "reading, loading and starting took" in told
    assert told.endswith("0.0 are kept for the end; --timeout 10s should do")
