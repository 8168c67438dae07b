"""A training loop of one's own is searched: killed, continued, on two workers, with its faults."""

from __future__ import annotations

import logging
import math
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

import automl
from automl.api import start_tune
from automl.errors import ConfigError, StudyError, TrainingError
from storage.records import StudyRecords

ROOT = Path(__file__).parents[2]
SPACE = {"rate": {"low": 0.01, "high": 1.9, "log": True}, "start": {"low": -2.0, "high": 2.0}}
EPOCHS = 12

FILE = """
import time

import numpy as np


def train(params):
    x = params["start"]
    for epoch in range(12):
        time.sleep(0.002)
        x -= params["rate"] * x + 0.01 * np.random.normal()
        yield {"valid_loss": x * x + 0.1, "train_loss": x * x}
"""

SEARCH = f"""
import sys
import automl

automl.tune(
    sys.argv[1] + "/my_loop.py:train", {SPACE!r}, n_trials=40, max_epochs=12, workers=1,
    storage="sqlite:///" + sys.argv[1] + "/automl.db",
)
"""


def descend(params: Mapping[str, Any]) -> Iterator[dict[str, float]]:
    """Gradient descent on a parabola, with noise from generators that everybody shares."""
    x = params["start"]
    for _ in range(EPOCHS):
        noise = np.random.normal() + float(torch.randn(()))
        x -= params["rate"] * x + 0.01 * noise
        yield {"valid_loss": x * x + 0.1, "train_loss": x * x}


def told(records: StudyRecords) -> list[tuple[Any, ...]]:
    """All that a search decides, without times."""
    curves = {
        number: [
            (epoch.epoch, repr(epoch.train_loss), repr(epoch.valid_loss))
            for run in runs
            for epoch in records.epochs.get(run.run_id, ())
        ]
        for number, runs in records.last_attempts.items()
    }
    return [
        (one.number, dict(one.params), one.outcome, one.value, one.cause, curves.get(one.number))
        for one in records.trials
    ]


def url(folder: Path, name: str = "automl") -> str:
    return f"sqlite:///{folder}/{name}.db"


def tune(objective: Any, folder: Path, **options: Any) -> StudyRecords:
    chosen = {"n_trials": 20, "max_epochs": EPOCHS, "workers": 1, "storage": url(folder)}
    return automl.tune(objective, SPACE, **{**chosen, **options}).records


@pytest.mark.slow
def test_two_workers_find_what_one_finds(tmp_path: Path) -> None:
    alone = tune(descend, tmp_path, storage=url(tmp_path, "one"))
    together = tune(descend, tmp_path, storage=url(tmp_path, "two"), workers=2)
    assert told(alone) == told(together)
    outcomes = {trial.outcome for trial in alone.trials}
    assert outcomes == {"complete", "paused"}, "by freeze-thaw, as networks are"


def test_a_killed_search_goes_on_to_the_same_result(tmp_path: Path) -> None:
    (tmp_path / "my_loop.py").write_text(FILE)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SEARCH, str(tmp_path)]
    with subprocess.Popen(command, env=environment) as process:
        _wait_for_trials(tmp_path, process, 5)
        process.send_signal(signal.SIGKILL)
    loop, options = f"{tmp_path}/my_loop.py:train", {"n_trials": 40}
    killed = tune(loop, tmp_path, **options)
    whole = tune(loop, tmp_path, **options, storage=url(tmp_path, "whole"))
    assert len(killed.runs) > len(whole.runs), "the kill came while trials trained"
    assert told(killed) == told(whole)


def _wait_for_trials(folder: Path, process: subprocess.Popen[bytes], n_ended: int) -> None:
    deadline = time.monotonic() + 60
    count = "SELECT count(*) FROM trials WHERE state NOT IN ('RUNNING', 'WAITING')"
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with sqlite3.connect(folder / "automl.db") as connection:
                if connection.execute(count).fetchone()[0] >= n_ended:
                    return
        except sqlite3.OperationalError:
            pass  # the file or its tables are not there yet
        time.sleep(0.01)


class Counted:
    """Its state is kept, so that no epoch is trained twice."""

    trained: ClassVar[list[tuple[float, int, int]]] = []

    def __init__(self, params: Mapping[str, Any], seed: int) -> None:
        self.x, self.rate, self.epoch = float(params["start"]), params["rate"], 0
        self.key = (params["start"], seed)

    def train_epoch(self) -> float:
        self.epoch += 1
        Counted.trained.append((*self.key, self.epoch))
        self.x -= self.rate * self.x + 0.01 * float(torch.randn(()))
        return self.x**2

    def save(self) -> dict[str, Any]:
        return {"x": torch.tensor(self.x, dtype=torch.float64), "epoch": self.epoch}

    def load(self, state: Mapping[str, Any]) -> None:
        self.x, self.epoch = float(state["x"]), state["epoch"]


def test_a_class_that_saves_goes_on_from_where_it_was(tmp_path: Path) -> None:
    options = {"n_trials": 12, "max_epochs": EPOCHS, "workers": 1, "pruner": "none"}
    Counted.trained.clear()
    with start_tune(Counted, SPACE, {**options, "storage": url(tmp_path)}) as session:
        for progress in session:
            if progress.n_epochs > 40:
                session.stop()
    n_before = len(Counted.trained)
    assert 0 < n_before < 12 * EPOCHS
    stopped = tune(Counted, tmp_path, **options)
    assert len(set(Counted.trained)) == len(Counted.trained) == 12 * EPOCHS
    whole = tune(Counted, tmp_path, **{**options, "storage": url(tmp_path, "whole")})
    assert told(stopped) == told(whole)


def faulty(params: Mapping[str, Any]) -> Iterator[float]:
    """Raises for some params, gives no number for others; ends by itself for the rest."""
    if params["start"] > 1:
        raise ValueError("no such start")
    for epoch in range(5):
        yield (
            math.nan if params["start"] < -1 and epoch == 2 else abs(params["start"]) / (epoch + 1)
        )


def test_faults_end_their_trials_alone(tmp_path: Path) -> None:
    records = tune(faulty, tmp_path, pruner="none", seed=2)
    for trial in records.trials:
        start = float(trial.params["start"] or 0.0)
        curve = [
            e
            for run in records.search_runs(trial.number)
            for e in records.epochs.get(run.run_id, ())
        ]
        if start > 1:
            assert (trial.outcome, trial.cause) == ("failed", "crashed")
            assert "no such start (test_tune.py, line" in str(
                trial.user_attributes["cause_message"]
            )
        elif start < -1:
            assert (trial.outcome, trial.cause, len(curve)) == ("failed", "diverged", 3)
        else:
            assert (trial.outcome, len(curve)) == ("complete", 5), "it had no further epoch"
            assert trial.value == abs(start) / 5
    assert {trial.outcome for trial in records.trials} == {"failed", "complete"}


@pytest.mark.slow
def test_loops_that_end_by_themselves_are_judged_alike_on_two_workers(tmp_path: Path) -> None:
    alone = tune(faulty, tmp_path, storage=url(tmp_path, "one"))
    together = tune(faulty, tmp_path, storage=url(tmp_path, "two"), workers=2)
    assert told(alone) == told(together)


def deadly(params: Mapping[str, Any]) -> Iterator[float]:
    """Takes its process down, or hangs, for some params."""
    if params["start"] > 1.5:
        os._exit(3)
    yield 1.0
    while params["start"] < -1.5:
        time.sleep(0.01)
    yield 0.5


@pytest.mark.slow
def test_a_loop_that_kills_its_worker_fails_and_the_search_goes_on(tmp_path: Path) -> None:
    space = {**SPACE, "start": [0.1, 0.2, 0.3, 2.0]}
    options = {"n_trials": 6, "max_epochs": 2, "workers": 2, "pruner": "none", "slots": 1}
    result = automl.tune(deadly, space, **options, storage=url(tmp_path))
    causes = {(one.params["start"], one.cause) for one in result.trials}
    assert (2.0, "lost") in causes and (2.0, None) not in causes
    assert any(cause is None for _, cause in causes)


@pytest.mark.slow
def test_a_loop_that_hangs_is_ended_by_its_time(tmp_path: Path) -> None:
    """Its neighbours in the same worker may have had as much time, and end with it."""
    space = {**SPACE, "start": [0.5, -2.0]}
    options = {"n_trials": 6, "max_epochs": 2, "workers": 2, "pruner": "none", "slots": 1}
    result = automl.tune(deadly, space, **options, trial_timeout=2.0, storage=url(tmp_path))
    causes = {(one.params["start"], one.cause) for one in result.trials}
    assert (-2.0, "timed_out") in causes and (-2.0, None) not in causes
    assert (0.5, None) in causes
    messages = [str(one.user_attributes.get("cause_message")) for one in result.trials]
    assert any("test_tune.py, line" in message for message in messages), "where it hung"


def always_raises(params: Mapping[str, Any]) -> float:
    raise ValueError("no data here")


@pytest.mark.parametrize("policy", ["optuna", "promotion", "freeze_thaw"])
def test_a_search_ends_where_every_trial_raises_the_same(policy: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"trials all failed alike.*no data here"):
        tune(always_raises, tmp_path, max_epochs=1, policy=policy)


def bowl(params: Mapping[str, Any]) -> np.float64:
    """One epoch, as everything is with a plain function."""
    return np.float64(params["start"] ** 2 + params["rate"])


def test_a_plain_function_is_one_epoch_and_nothing_is_pruned(tmp_path: Path) -> None:
    result = automl.tune(bowl, SPACE, n_trials=30, workers=1, storage=url(tmp_path))
    assert {trial.outcome for trial in result.trials} == {"complete"}
    assert result.records.settings.max_epochs == 1
    assert result.best.value == min(bowl(trial.params) for trial in result.trials)
    again = automl.tune(bowl, SPACE, n_trials=30, workers=1, storage=url(tmp_path))
    assert told(again.records) == told(result.records), "nothing was left to be done"


def test_what_cannot_be_searched_is_refused_before_anything_is_stored(tmp_path: Path) -> None:
    def refused(error: type[Exception], words: str, *what: Any, **options: Any) -> None:
        with pytest.raises(error, match=words):
            automl.tune(*what, **{"storage": url(tmp_path), **options})

    refused(ConfigError, "a plain function has one epoch", bowl, SPACE, max_epochs=3)
    refused(ConfigError, "must have train_epoch", dict, SPACE)
    refused(ConfigError, "hand over the class", Counted({"start": 0, "rate": 1}, 0), SPACE)
    refused(ConfigError, "a space must be a mapping", bowl, 7)
    refused(ConfigError, "but got 'model'", bowl, SPACE, model="x")
    refused(ConfigError, "no file 'nowhere.py'", "nowhere.py:train", SPACE)
    assert not list(tmp_path.iterdir())


def test_other_code_is_another_study(tmp_path: Path) -> None:
    loop = tmp_path / "my_loop.py"
    loop.write_text(FILE)
    named = {"storage": url(tmp_path), "n_trials": 2, "workers": 1}
    automl.tune(f"{loop}:train", SPACE, **named)
    loop.write_text(FILE.replace("+ 0.1", "+ 0.2"))
    with pytest.raises(StudyError, match=r"the code of .*my_loop.py:train has changed"):
        automl.tune(f"{loop}:train", SPACE, **named)
    beside = automl.tune(f"{loop}:train", SPACE, **named, new=True)
    assert beside.study_name == "train-2"


def test_report_and_verdict_say_what_curves_allow(tmp_path: Path, caplog: Any) -> None:
    caplog.set_level(logging.INFO, "automl")
    result = automl.tune(descend, SPACE, n_trials=25, workers=1, storage=url(tmp_path))
    page = result.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert "An objective of one&#39;s own, test_tune.py:descend" in page
    assert "Digest of its code" in page and "Gradient flow" not in page
    assert "automl.tune(..., " in page
    assert result.evaluation is None and result.to_json()["test"] is None
    assert result.plots.curves() is not None
    assert "Validation loss" in result._repr_html_()
    with pytest.raises(StudyError, match="train it again with the params of the best trial"):
        result.best_model()
