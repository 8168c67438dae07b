"""The artifact folder goes while a search runs: the search still ends with its result."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from automl.api import start_search
from automl.options import SearchOptions
from automl.result import SearchResult
from storage import examine


def search(folder: Path, interfere: Callable[[Path], None]) -> tuple[SearchResult, list[str]]:
    """Search iris, and interfere once the first trial has completed; what was said."""
    options = SearchOptions(
        storage=f"sqlite:///{folder}/automl.db", study="iris", n_trials=6, max_epochs=4,
        folds=2, workers=1, slots=1, set=["batch_size=16,32"],
    )  # fmt: skip
    said: list[str] = []
    has_interfered = False
    with start_search("sklearn:iris", options) as session:
        for progress in session:
            said += progress.messages
            if progress.n_complete and not has_interfered:
                interfere(folder / "automl.artifacts")
                has_interfered = True
        assert has_interfered
        return session.result(), said


def alter_all(path: Path) -> None:
    for file in path.iterdir():
        file.write_bytes(b"")


@pytest.mark.parametrize("interfere", [shutil.rmtree, alter_all])
def test_what_was_taken_away_is_written_again(
    tmp_path: Path, interfere: Callable[[Path], None]
) -> None:
    result, _ = search(tmp_path, interfere)
    assert result.evaluation is not None
    assert len(result.best_model().networks) == 2
    best = {run.run_id for run in result.records.search_runs(result.best.number)}
    for finding in examine(result.storage):  # the weights of trials that are not the best
        assert finding.kind in ("artifact", "leftover")
        assert not any(f"run-{run_id}." in finding.message for run_id in best)


def put_a_file_there(path: Path) -> None:
    shutil.rmtree(path)
    path.write_bytes(b"mine")


def test_what_cannot_be_kept_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="automl"):
        result, said = search(tmp_path, put_a_file_there)
    assert len(result.trials) == 6
    assert all(trial.outcome != "running" for trial in result.trials)
    assert sum("cannot be kept" in message for message in said) <= 1
    assert [record.message for record in caplog.records if "scored" in record.message]
    assert (tmp_path / "automl.artifacts").read_bytes() == b"mine"
    assert result.evaluation is None
