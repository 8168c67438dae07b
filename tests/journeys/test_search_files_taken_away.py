"""The artifact folder goes while a search runs: the search still ends with its result."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from automl.api import start_search
from automl.errors import StudyError
from automl.options.search_options import SearchOptions
from automl.result import SearchResult
from storage import examine

ROOT = Path(__file__).parents[2]


def options(folder: Path) -> SearchOptions:
    return SearchOptions(
        storage=f"sqlite:///{folder}/automl.db", study="iris", n_trials=6, max_epochs=4,
        references=False, portfolio=False,
        folds=2, workers=1, slots=1, set=["batch_size=16,32"],
    )  # fmt: skip


def search(folder: Path, interfere: Callable[[Path], None]) -> tuple[SearchResult, list[str]]:
    """Search iris, and interfere once the first trial has completed; what was said."""
    said: list[str] = []
    has_interfered = False
    with start_search("sklearn:iris", options(folder)) as session:
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
    assert len(result.best_model().members) == 2
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
    assert all(trial.outcome != "unfinished" for trial in result.trials)
    assert sum("cannot be kept" in message for message in said) <= 1
    assert [record.message for record in caplog.records if "scored" in record.message]
    assert (tmp_path / "automl.artifacts").read_bytes() == b"mine"
    assert result.evaluation is None
    with pytest.raises(StudyError, match=r"the best, could not be written when it was found"):
        result.best_model()
    (tmp_path / "automl.artifacts").unlink()  # there is a place again: the same call makes it good
    with start_search("sklearn:iris", options(tmp_path)) as session:
        said = [message for progress in session for message in progress.messages]
        again = session.result()
    assert any("it is trained again" in message for message in said)
    assert again.evaluation is not None
    assert len(again.best_model().members) == 2
    assert again.trials == result.trials


def test_command_fails_with_its_result_where_the_best_is_not_scored(tmp_path: Path) -> None:
    command = ["search", "sklearn:iris", "--n-trials", "40", "--max-epochs", "5", "--folds", "1"]
    command += ["--no-references"]
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *command, "--workers", "1", "--slots", "1", "--json",
         "--storage", f"sqlite:///{tmp_path}/automl.db"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    folder = tmp_path / "automl.artifacts"
    while process.poll() is None and not (folder.is_dir() and len(list(folder.iterdir())) >= 2):
        time.sleep(0.01)
    folder.rename(tmp_path / "elsewhere")
    folder.write_bytes(b"mine")
    printed, told = process.communicate(timeout=60)
    assert process.returncode == 1, told
    result = json.loads(printed)
    assert sum(result["n_trials"].values()) == 40
    assert result["best"] is not None
    assert result["test"] is None
    (said,) = (line for line in told.splitlines() if "could not be scored" in line)
    assert "automl.artifacts" in said
    assert "--keep-models" not in told
    assert "Traceback" not in told
