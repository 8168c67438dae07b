"""Between any two transactions a search may die: what follows is as if nothing had happened.

Killing at random hardly ever hits the moment that matters. So a search copies its database
before each commit: each copy is what a kill at that moment leaves, and is continued here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from automl.data import LoadedData, SplitOptions, load_dataset
from automl.executors.choosing import make_executor
from automl.options.search_options import SearchOptions
from automl.tuning.call_options import CallOptions
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.search import Search
from automl.tuning.settings import make_settings
from automl.tuning.study import open_study
from search_spaces import load
from storage import Store, open_store

ROOT = Path(__file__).parents[2]
N_TRIALS = 4
COPYING = """
import sqlite3, sys
from pathlib import Path
import sqlalchemy
from storage import open_store
from tests.journeys.test_search_killed_between_writes import iris, search

folder = Path(sys.argv[1])
n_commits = 0

def copy(connection):
    global n_commits
    n_commits += 1
    source = sqlite3.connect(folder / "straight.db")
    target = sqlite3.connect(folder / f"{n_commits:03}.db")
    source.backup(target)
    source.close()
    target.close()

with open_store(f"sqlite:///{folder}/straight.db") as store:
    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "commit", copy)
    search(store, iris())
"""


def iris() -> LoadedData:
    return load_dataset("sklearn:iris", splits=SplitOptions(folds=1))


def search(store: Store, data: LoadedData) -> list[tuple[object, ...]]:
    """Search, or go on, one trial at a time; what became of the trials."""
    space = load("mlp").for_task(data.goal.task)
    options = SearchOptions(study="iris", max_epochs=8, patience=8, seed=3)
    settings = make_settings(data, space, options)
    options = CallOptions(n_trials=N_TRIALS, n_slots=1, policy="optuna")
    executor = make_executor(data.dataset, trainer="plain", workers=1)
    problem = NetworkProblem(settings, data.dataset)
    for _ in Search(open_study(store, settings), store, executor, problem, options):
        pass
    return [
        (trial.outcome, trial.value, trial.params, trial.user_attributes["n_epochs"])
        for trial in store.read_study("iris").trials
    ]


@pytest.mark.slow
def test_search_killed_before_any_commit_equals_the_uninterrupted_one(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", COPYING, tmp_path], check=True, env=environment)
    data = iris()
    with open_store(f"sqlite:///{tmp_path}/straight.db") as store:
        straight = search(store, data)
    assert {outcome for outcome, *_ in straight} == {"complete", "pruned"}
    copies = sorted(tmp_path.glob("[0-9]*.db"))
    assert len(copies) > 5 * N_TRIALS
    for copy in copies:
        with open_store(f"sqlite:///{copy}") as store:
            assert search(store, data) == straight, copy.name
