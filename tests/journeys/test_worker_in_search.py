"""What befalls worker processes in the middle of a search leaves its total and a true account."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import pytest

from automl.api import start_search
from automl.options.search_options import SearchOptions
from search_spaces import FloatParameter, IntParameter, SearchSpace
from storage.records import StudyRecords
from tests.contracts.child_processes import workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

N_TRIALS = 12


@pytest.fixture
def options(tmp_path) -> dict[str, Any]:
    return {
        "storage": f"sqlite:///{tmp_path}/automl.db",
        "study": "iris",
        "folds": 1,
        "max_epochs": 6,
        "n_trials": N_TRIALS,
        "workers": 2,
        "pruner": "none",
    }


def search(options: dict[str, Any], *, kill_after: int = 0, stop_after: int = 0) -> StudyRecords:
    """Search; kill all workers, or leave, after so many rounds."""
    with start_search("sklearn:iris", SearchOptions(**options)) as session:
        for n_rounds, _ in enumerate(session):
            if kill_after and n_rounds == kill_after:
                for worker in workers(os.getpid()):  # one alone may not have begun yet
                    os.kill(worker, signal.SIGKILL)
            if stop_after and n_rounds == stop_after:
                session.stop()
        return session.result().records


def check_account(records: StudyRecords) -> None:
    """Every trial has ended once, and what is stored of its runs fits together."""
    assert [trial.number for trial in records.trials] == list(range(N_TRIALS))
    assert "unfinished" not in {trial.outcome for trial in records.trials}
    for trial in records.trials:
        for run in records.search_runs(trial.number):
            curve = records.epochs.get(run.run_id, ())
            assert [epoch.epoch for epoch in curve] == list(range(1, len(curve) + 1))


def test_trials_of_killed_workers_are_trained_again_from_the_start_and_none_has_failed(options):
    options |= {"max_epochs": 400, "patience": 400}  # they are in training when they are killed
    records = search(options, kill_after=4)
    check_account(records)
    assert {trial.cause for trial in records.trials} <= {None, "early_stopped", "diverged"}
    lost = [run for run in records.runs if run.cause == "lost"]
    assert lost
    for run in lost:
        (again,) = records.search_runs(run.trial_number)
        assert (again.attempt, again.seed) == (run.attempt + 1, run.seed)
    assert workers(os.getpid()) == []


def test_a_search_that_was_left_with_rounds_under_way_goes_on_without_a_gap(options):
    options |= {"max_epochs": 400, "patience": 400}
    stopped = search(options, stop_after=4)
    assert "unfinished" in {trial.outcome for trial in stopped.trials}
    records = search(options)
    check_account(records)
    assert [run for run in records.runs if run.cause == "interrupted"]


@pytest.mark.slow
def test_where_workers_have_no_memory_all_trials_fail_and_the_search_ends(options):
    wide = ["hidden_size=4096", "n_layers=3"]  # 130 MB: libraries leave some of theirs free
    records = search({**options, "memory_limit": 1, "workers": 1, "set": wide})
    check_account(records)
    assert {trial.cause for trial in records.trials} <= {"out_of_memory", "lost", "hopeless"}


DEADLY = """
import os
import signal

from torch import nn


def build(params, dataset):
    width = params["width"]
    if width % 4 == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return nn.Sequential(nn.Linear(dataset.n_features, width), nn.Linear(width, dataset.n_outputs))
"""


@pytest.mark.parametrize("policy", ["freeze_thaw", "optuna"])
def test_networks_that_kill_their_worker_fail_and_none_of_those_beside_them(
    options, tmp_path, policy
):
    (tmp_path / "deadly.py").write_text(DEADLY, encoding="utf-8")
    space = SearchSpace.of(
        "deadly",
        family="own",
        parameters=[
            IntParameter("width", 4, 64, meaning="units", role="width"),
            FloatParameter("learning_rate", 1e-3, 1e-1, log=True),
        ],
    )
    options |= {"model": f"{tmp_path}/deadly.py:build", "space": space, "workers": 1}
    options |= {"policy": policy, "pruner": None}
    records = search(options)
    check_account(records)
    deadly = {trial.number for trial in records.trials if trial.params["width"] % 4 == 0}
    assert 0 < len(deadly) < N_TRIALS
    assert {trial.number for trial in records.trials if trial.outcome == "failed"} == deadly
    assert {records.trials[number].cause for number in deadly} == {"lost"}
