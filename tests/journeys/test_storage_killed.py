"""A process killed with SIGKILL at a random moment: what it was told is stored is stored."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.store import open_store
from tests.contracts.store_contract import make_study

_WRITER = """
import sys, optuna
from storage import open_store
from tests.contracts.store_contract import epoch
optuna.logging.set_verbosity(optuna.logging.ERROR)
store = open_store(sys.argv[1])
study = optuna.load_study(
    study_name="study", storage=store.optuna_storage, sampler=optuna.samplers.RandomSampler(),
)
store.adoption.claim("study")
print("ready", flush=True)
while True:
    trial = study.ask()
    run = store.runs.begin("study", trial_number=trial.number, purpose="search", seed=1)
    for number in range(1, 15):
        with store.transaction():
            store.runs.add_epochs([epoch(run.run_id, number)])
            trial.report(1.0, number)
    with store.transaction():
        store.runs.finish(run.run_id, "complete")
        study.tell(trial, float(trial.number))
    print(trial.number, flush=True)
"""


def write_until_killed(url: str, seconds: float) -> list[int]:
    """Numbers of the trials that the killed process had told."""
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, url], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    time.sleep(seconds)
    writer.kill()
    output, _ = writer.communicate()
    return [int(line) for line in output.splitlines() if line]


@pytest.mark.parametrize("n_kills", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_told_trials_survive_kills(tmp_path: Path, n_kills: int) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    with open_store(url) as store:
        make_study(store)
    moments = random.Random(0)
    told: list[int] = []
    for _ in range(n_kills):
        told += write_until_killed(url, moments.uniform(0.05, 0.4))
        with sqlite3.connect(tmp_path / "automl.db") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
    with open_store(url) as store:
        records = store.read_study("study")
    assert len(told) == len(set(told))
    runs = {run.trial_number: run for run in records.runs}
    for number in told:
        assert records.trials[number].state == "COMPLETE"
        assert records.trials[number].value == float(number)
        assert runs[number].state == "complete"
        assert len(records.epochs[runs[number].run_id]) == 14
    # What was told last may not have been printed any more; the rest is lost, not half-told.
    others = [trial for trial in records.trials if trial.number not in told]
    assert sum(trial.state == "COMPLETE" for trial in others) <= n_kills
    assert sum(trial.state == "RUNNING" for trial in others) <= n_kills
