"""Two processes write one study while the dashboard polls it: nothing is locked or lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage.store import open_store
from tests.contracts.store_contract import make_study

_WRITER = """
import sys, optuna
from storage import open_store
from tests.contracts.store_contract import epoch
optuna.logging.set_verbosity(optuna.logging.ERROR)
url, n_trials = sys.argv[1], int(sys.argv[2])
with open_store(url) as store:
    study = optuna.load_study(
        study_name="study", storage=store.optuna_storage,
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    for _ in range(n_trials // 4):
        trials, runs = [], []
        for _ in range(4):
            trial = study.ask()
            trial.suggest_float("x", 0, 1)
            trials.append(trial)
            runs.append(
                store.runs.begin("study", trial_number=trial.number, purpose="search", seed=1)
            )
        for number in (1, 2, 3):
            with store.transaction():
                store.runs.add_epochs([epoch(run.run_id, number) for run in runs])
                for trial in trials:
                    trial.report(1.0 / number, number)
            for trial in trials:
                trial.should_prune()
        for trial, run in zip(trials, runs):
            with store.transaction():
                store.runs.finish(run.run_id, "complete")
                study.tell(trial, 1.0)
"""

_DASHBOARD = """
import sys, warnings
warnings.simplefilter("ignore")
import optuna_dashboard
app = optuna_dashboard.wsgi(sys.argv[1])
def get(path):
    status = []
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "x",
        "SERVER_PORT": "80", "wsgi.url_scheme": "http", "wsgi.input": sys.stdin.buffer,
        "wsgi.errors": sys.stderr,
    }
    b"".join(app(environ, lambda line, headers, error=None: status.append(line)))
    return status[0]
print("polling", flush=True)
polls, answers = 0, set()
while not sys.stdin.readline():
    pass
import threading
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
while not stop.wait(0.05):
    answers |= {get("/api/studies"), get("/api/studies/1")}
    polls += 1
print(polls, sorted(answers))
"""


def write_side_by_side(url: str, n_trials: int) -> str:
    """Two writers and a dashboard; returns what the dashboard was answered."""
    dashboard = subprocess.Popen(
        [sys.executable, "-c", _DASHBOARD, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert dashboard.stdin is not None
    assert dashboard.stdout is not None
    assert dashboard.stdout.readline() == "polling\n"
    dashboard.stdin.write("begin\n")
    dashboard.stdin.flush()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, url, str(n_trials // 2)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for writer in writers:
        _, errors = writer.communicate()
        assert (writer.returncode, errors) == (0, "")
    answers, _ = dashboard.communicate("end\n")
    return answers


@pytest.mark.timeout(900)
@pytest.mark.parametrize("n_trials", [160, pytest.param(2000, marks=pytest.mark.slow)])
def test_two_writers_and_a_polling_dashboard(tmp_path: Path, n_trials: int) -> None:
    url = f"sqlite:///{tmp_path}/automl.db"
    with open_store(url) as store:
        make_study(store)
    polls, answers = write_side_by_side(url, n_trials).split(maxsplit=1)
    assert int(polls) > 1
    assert answers.strip() == "['200 OK']"
    with open_store(url) as store:
        records = store.read_study("study")
    assert [trial.number for trial in records.trials] == list(range(n_trials))
    assert {trial.state for trial in records.trials} == {"COMPLETE"}
    assert {len(curve) for curve in records.epochs.values()} == {3}
    assert sorted(run.trial_number for run in records.runs) == list(range(n_trials))
    assert {run.state for run in records.runs} == {"complete"}
