"""Of the best trials of an objective the state after the best epoch is kept, whatever happens."""

from __future__ import annotations

import pickle
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

import automl
from automl.errors import StudyError
from automl.result import SearchResult

ROOT = Path(__file__).parents[2]
SPACE = {"x": {"low": -2.0, "high": 2.0}}
BEST = 3  # epoch of every trial


def loss_of(x: float, epoch: int) -> float:
    return abs(x) + 0.1 * abs(epoch - BEST)


class Saving:
    """Knows which epoch it has trained last."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.x, self.epoch = float(params["x"]), 0

    def train_epoch(self) -> float:
        self.epoch += 1
        return loss_of(self.x, self.epoch)

    def save(self) -> dict[str, Any]:
        return {"x": torch.tensor(self.x, dtype=torch.float64), "epoch": self.epoch}

    def load(self, state: Mapping[str, Any]) -> None:
        self.x, self.epoch = float(state["x"]), state["epoch"]


def yielding(params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The same as a generator, which ends by itself."""
    for epoch in range(1, 6):
        state = pickle.dumps({"x": params["x"], "epoch": epoch})
        yield {"valid_loss": loss_of(params["x"], epoch), "state": state}


def stateless(params: Mapping[str, Any]) -> float:
    return abs(float(params["x"]))


def tune(objective: Any, folder: Path, **options: Any) -> SearchResult:
    chosen = {"n_trials": 12, "workers": 1, "storage": f"sqlite:///{folder}/automl.db"}
    return automl.tune(objective, SPACE, **{**chosen, **options})


@pytest.mark.parametrize("objective", [Saving, yielding])
def test_the_state_of_the_best_trials_best_epoch_can_be_had(
    objective: Any, tmp_path: Path
) -> None:
    result = tune(objective, tmp_path, max_epochs=6, keep_models=2, pruner="none")
    again = automl.load_study(result.study_name, result.storage)
    second = sorted(result.trials, key=lambda trial: trial.value or 0.0)[1]
    for number, params in ((None, result.best.params), (second.number, second.params)):
        state = again.best_state(number)
        state = pickle.loads(state) if isinstance(state, bytes) else state
        assert (float(state["x"]), state["epoch"]) == (params["x"], BEST)
    worst = max(result.trials, key=lambda trial: trial.value or 0.0)
    with pytest.raises(StudyError, match=r"kept of the best few trials.*keep_models"):
        again.best_state(worst.number)
    with pytest.raises(StudyError, match=r"best_state\(\) is what it saved"):
        again.best_model()
    for path in (tmp_path / "automl.artifacts").iterdir():
        path.unlink()
    assert tune(objective, tmp_path, max_epochs=6, keep_models=2, pruner="none").best_state()


@pytest.mark.slow
def test_workers_send_the_state(tmp_path: Path) -> None:
    result = tune(yielding, tmp_path, workers=2, max_epochs=6)
    assert pickle.loads(result.best_state()) == {"x": result.best.params["x"], "epoch": BEST}


def test_where_none_is_given_it_is_said_how(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"stateless gave none for trial .*; give its class save"):
        tune(stateless, tmp_path).best_state()


SEARCH = """
import sys, time
import automl

class Slow:
    def __init__(self, params):
        self.x, self.epoch = params["x"], 0
    def train_epoch(self):
        self.epoch += 1
        time.sleep(0.02)
        return abs(self.x) + 0.1 * abs(self.epoch - 3)
    def save(self):
        return {"x": self.x, "epoch": self.epoch}

automl.tune(Slow, {"x": {"low": -2.0, "high": 2.0}}, max_epochs=6, workers=1, study="slow",
    n_trials=1000, pruner="none", storage="sqlite:///" + sys.argv[1] + "/automl.db")
"""


def test_a_kill_leaves_the_state_of_the_best_trial_so_far(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SEARCH, str(tmp_path)]
    with subprocess.Popen(command, env={"PYTHONPATH": str(ROOT)}) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and _n_complete(tmp_path) < 6:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    result = automl.load_study("slow", f"sqlite:///{tmp_path}/automl.db")
    assert result.best_state() == {"x": result.best.params["x"], "epoch": BEST}


def _n_complete(folder: Path) -> int:
    try:
        with sqlite3.connect(f"file:{folder}/automl.db?mode=ro", uri=True) as connection:
            query = "SELECT count(*) FROM trials WHERE state = 'COMPLETE'"
            return int(connection.execute(query).fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # the file or its tables are not there yet
