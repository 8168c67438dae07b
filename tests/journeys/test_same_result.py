"""One command gives one result: with any workers, beside any load, killed and continued."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automl.studies import load_study

ROOT = Path(__file__).parents[2]

TIMES = ("seconds", "training_seconds", "created_at", "last_call_at")
PLACES = ("storage", "report")
OF_ATTEMPTS = ("n_epochs",)  # those of an attempt that was killed were trained, and count

IRIS = (
    *("search", "sklearn:iris", "--study", "s", "--folds", "2", "--max-epochs", "9"),
    *("--n-trials", "40", "--json"),
)
DIGITS = ("search", "sklearn:digits", "--study", "s", "--n-trials", "60", "--json")


def start(folder: Path, command: tuple[str, ...], n_workers: int) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *command, "--workers", str(n_workers)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that workers can be killed with it
    )


def finish(folder: Path, command: tuple[str, ...], n_workers: int = 2) -> None:
    """Run to the end, and keep what `--json` has printed."""
    process = start(folder, command, n_workers)
    output, errors = process.communicate(timeout=250)
    assert process.returncode == 0, errors
    (folder / "result.json").write_text(output)


ENDED_OR_PAUSED = """
SELECT COUNT(*) FROM trials WHERE state != 'RUNNING' OR trial_id IN
(SELECT trial_id FROM trial_user_attributes WHERE key = 'paused' AND value_json != 'null')
"""


def n_settled(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / "automl.db")) as connection:
        try:
            return int(connection.execute(ENDED_OR_PAUSED).fetchone()[0])
        except sqlite3.OperationalError:  # its tables are not there yet
            return 0


def kill_after(folder: Path, command: tuple[str, ...], n_trials: int) -> None:
    """Kill coordinator and workers once so many trials have ended, or pause."""
    process = start(folder, command, 2)
    deadline = time.monotonic() + 200
    while n_settled(folder) < n_trials and process.poll() is None:
        assert time.monotonic() < deadline, "the search never got there"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it had ended before it was killed"


@contextlib.contextmanager
def load() -> Iterator[None]:
    """As many busy processes as two workers."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def printed(folder: Path, *, was_killed: bool = False) -> str:
    """What was printed, but for times and places."""
    result = json.loads((folder / "result.json").read_text())
    for key in ("started_at", "finished_at", "training_seconds"):
        result["best"].pop(key)
    for key in (*TIMES, *PLACES, *(OF_ATTEMPTS if was_killed else ())):
        result.pop(key, None)
    return json.dumps(result)


def stored(folder: Path) -> list[Any]:
    """What was learned, what every trial was and how its epochs went, all but times."""
    records = load_study("s", f"sqlite:///{folder}/automl.db").records
    trials = [
        (
            trial.number,
            dict(trial.params),
            trial.value,
            trial.outcome,
            trial.cause,
            [
                [(one.epoch, one.train_loss, one.valid_loss) for one in records.epochs[run.run_id]]
                for run in records.search_runs(trial.number)
                if run.run_id in records.epochs
            ],
        )
        for trial in records.trials
    ]
    return [records.beliefs, records.widenings, *trials]


def references(folder: Path) -> set[str]:
    return set(json.loads((folder / "result.json").read_text())["test"]["references"])


def check_same(folder: Path, other: Path, *, was_killed: bool = False) -> None:
    assert printed(other, was_killed=was_killed) == printed(folder, was_killed=was_killed)
    assert stored(other) == stored(folder)


@pytest.mark.parametrize(
    "policy",
    [
        "promotion",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("optuna", "freeze_thaw")),
    ],
)
def test_workers_and_a_kill_change_nothing(policy: str, tmp_path: Path) -> None:
    command = (*IRIS, "--policy", policy)
    finish(tmp_path / "two", command)
    finish(tmp_path / "one", command, n_workers=1)
    kill_after(tmp_path / "killed", command, 15)
    finish(tmp_path / "killed", command)
    check_same(tmp_path / "two", tmp_path / "one")
    check_same(tmp_path / "two", tmp_path / "killed", was_killed=True)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_six_runs_of_one_command_give_one_result(tmp_path: Path) -> None:
    """Three under load, one of them killed and continued, and one with one worker."""
    folders = [tmp_path / str(number) for number in range(6)]
    finish(folders[0], DIGITS)
    with load():
        finish(folders[1], DIGITS)
        finish(folders[2], DIGITS)
        kill_after(folders[3], DIGITS, 25)
        finish(folders[3], DIGITS)
    finish(folders[4], DIGITS, n_workers=1)
    finish(folders[5], DIGITS)
    assert references(folders[0]) == {"guessing", "linear_model", "boosted_trees"}
    for number in range(1, 6):
        check_same(folders[0], folders[number], was_killed=number == 3)
