"""Killed before any commit, rename or removal of a file: the same command mends it all.

A whole session runs once, and copies database and folder at each of these moments: each copy
is what a kill then leaves. With one model kept, the best one changes hands several times.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import automl
from automl.result import SearchResult
from automl.studies import load_study
from storage import examine

ROOT = Path(__file__).parents[2]
COPYING = """
import shutil, sqlite3, sys
from pathlib import Path
import sqlalchemy
from tests.journeys.test_search_killed_between_files import search

straight, copies = Path(sys.argv[1], "straight"), Path(sys.argv[1], "copies")
is_copying = False

def copy():
    global is_copying
    if is_copying or not (straight / "automl.db").exists():
        return
    is_copying = True
    target = copies / f"{len(list(copies.iterdir())):03}"
    target.mkdir()
    source = sqlite3.connect(straight / "automl.db")
    copied = sqlite3.connect(target / "automl.db")
    source.backup(copied)
    source.close()
    copied.close()
    if (straight / "automl.artifacts").exists():
        shutil.copytree(straight / "automl.artifacts", target / "automl.artifacts")
    is_copying = False

def hook(event, values):
    if event in ("os.rename", "os.remove") and str(straight) in str(values[0]):
        copy()

sqlalchemy.event.listen(sqlalchemy.engine.Engine, "commit", lambda connection: copy())
sys.addaudithook(hook)
search(straight)
"""


def search(folder: Path) -> SearchResult:
    """Search, or go on, one trial at a time."""
    return automl.search(
        "sklearn:iris",
        study="iris",
        storage=f"sqlite:///{folder}/automl.db",
        n_trials=4,
        folds=2,
        max_epochs=3,
        references=False,
        seed=1,
        slots=1,
        workers=1,
        keep_models=1,
        policy="optuna",  # of four trials several are complete
        set=["batch_size=16,32"],
    )


def outcome(result: SearchResult) -> list[tuple[object, ...]]:
    return [(trial.outcome, trial.value, trial.params) for trial in result.trials]


def check(folder: Path, straight: SearchResult) -> None:
    url = f"sqlite:///{folder}/automl.db"
    if any(one.kind == "incomplete" for one in examine(url)):
        pytest.fail(f"{folder} lacks something: {examine(url)}")
    result = search(folder)
    assert outcome(result) == outcome(straight)
    assert result.evaluation is not None
    assert straight.evaluation is not None
    assert result.evaluation.scores == straight.evaluation.scores
    loaded = load_study("iris", url)
    assert len(loaded.best_model().members) == 2
    assert len(loaded.records.kept_artifacts("weights")) == 2
    assert {one.kind for one in examine(url)} <= {"leftover"}
    assert not list(folder.glob("automl.artifacts/*.part"))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_search_killed_before_a_commit_or_at_a_file_is_mended(tmp_path: Path, every: int) -> None:
    (tmp_path / "straight").mkdir()
    (tmp_path / "copies").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", COPYING, tmp_path], check=True, env=environment)
    straight = load_study("iris", f"sqlite:///{tmp_path}/straight/automl.db")
    assert sum(trial.outcome == "complete" for trial in straight.trials) > 1
    copies = sorted((tmp_path / "copies").iterdir())
    assert len(copies) > 20
    beginning = [one for one in copies if not has_trials(one)]
    assert len(beginning) >= 4
    for folder in copies[::every]:
        check(folder, straight)


def has_trials(folder: Path) -> bool:
    try:
        return bool(load_study("iris", f"sqlite:///{folder}/automl.db").trials)
    except (automl.errors.AutoMLError, RuntimeError):  # not even the study is there
        return False
