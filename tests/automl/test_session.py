"""A search that is ready to run, before and while it is iterated over."""

from __future__ import annotations

from pathlib import Path

import optuna
import optuna_dashboard
import pytest

from automl.api import start_search
from automl.errors import StudyError
from automl.options import SearchOptions
from automl.result import SearchResult
from automl.session import SearchSession
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


def test_other_settings_do_not_continue_a_study(tmp_path: Path) -> None:
    with session(tmp_path) as first:
        list(first)
    with session(tmp_path, max_epochs=4) as second, pytest.raises(StudyError, match="max_epochs"):
        list(second)


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
