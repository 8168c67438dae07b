"""A finished study, searched once per session; tests that change one take a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import automl
from automl.result import SearchResult

STUDY = "iris-species"


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """Six trials of iris, some paused, with all that `automl search` leaves behind.

    In six epochs only small batches learn something. The best trial is its answer, and all are the
    policy's own.
    """
    folder = tmp_path_factory.mktemp("finished")
    result = automl.search(
        "sklearn:iris",
        set=["batch_size=16,32"],
        n_trials=6,
        storage=f"sqlite:///{folder}/automl.db",
        study=STUDY,
        folds=1,
        max_epochs=6,
        workers=1,
        slots=3,
        answer="single",
        portfolio=False,
    )
    assert {trial.outcome for trial in result.trials} == {"complete", "paused"}
    return result


@pytest.fixture
def finished_copy(finished: SearchResult, tmp_path: Path) -> str:
    """The URL of a copy of the finished study's database, its files beside it."""
    original = Path(finished.storage.removeprefix("sqlite:///"))
    shutil.copy(original, tmp_path / "automl.db")
    shutil.copytree(original.with_suffix(".artifacts"), tmp_path / "automl.artifacts")
    return f"sqlite:///{tmp_path}/automl.db"
