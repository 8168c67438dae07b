"""A search is killed, interrupted, continued: every told trial stays, none is there twice."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from automl.studies import load_study
from storage.records import StudyRecords

ROOT = Path(__file__).parents[2]
N_TRIALS = 12
SEARCH = (
    *("search", "sklearn:iris", "--study", "iris", "--folds", "1", "--json"),
    *("--max-epochs", "9", "--workers", "1", "--seed", "3", "--no-references"),
)


def start(folder: Path, *more: str, n_trials: int = N_TRIALS) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *SEARCH, "--n-trials", str(n_trials), *more],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(folder: Path, *more: str) -> StudyRecords:
    process = start(folder, *more)
    output, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    counts = json.loads(output)["n_trials"]
    assert sum(counts.values()) == N_TRIALS
    return read(folder)


def read(folder: Path) -> StudyRecords:
    return load_study("iris", f"sqlite:///{folder}/automl.db").records


def told_trials(folder: Path) -> dict[int, float | None]:
    """Trials that have ended, as plain SQL sees them: number -> value."""
    with sqlite3.connect(folder / "automl.db") as connection:
        rows = connection.execute(
            "SELECT number, value FROM trials LEFT JOIN trial_values USING (trial_id) "
            "WHERE state NOT IN ('RUNNING', 'WAITING')"
        ).fetchall()
    return dict(rows)


def wait_for_trials(folder: Path, process: subprocess.Popen[str], n_ended: int) -> None:
    """Wait until the search has told some trials, so that the kill hits it at work."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if len(told_trials(folder)) >= n_ended:
                return
        except sqlite3.OperationalError:
            pass  # the file or its tables are not there yet
        time.sleep(0.02)


def check_nothing_lost(folder: Path, before: dict[int, float | None]) -> None:
    with sqlite3.connect(folder / "automl.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        numbers = [row[0] for row in connection.execute("SELECT number FROM trials")]
    assert sorted(numbers) == list(range(len(numbers)))
    after = told_trials(folder)
    assert {number: after.get(number) for number in before} == before


def kill_and_continue(folder: Path, n_ended: int, delay: float) -> None:
    process = start(folder)
    wait_for_trials(folder, process, n_ended)
    time.sleep(delay)
    process.kill()
    process.communicate()
    before = told_trials(folder)
    records = finish(folder)
    check_nothing_lost(folder, before)
    assert all(trial.outcome != "unfinished" for trial in records.trials)


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_killed_search_is_finished_by_the_same_command(seed: int, tmp_path: Path) -> None:
    generator = random.Random(seed)
    kill_and_continue(tmp_path, generator.randrange(1, 9), generator.random() * 0.2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 30))
def test_search_killed_at_any_moment_loses_nothing(seed: int, tmp_path: Path) -> None:
    generator = random.Random(seed)
    kill_and_continue(tmp_path, generator.randrange(0, 12), generator.random())


@pytest.mark.slow
def test_continued_study_of_one_slot_equals_the_uninterrupted_one(tmp_path: Path) -> None:
    """The same proposals, the same values as if nothing had happened."""
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    straight.mkdir()
    killed.mkdir()
    expected = finish(straight, "--slots", "1")
    process = start(killed, "--slots", "1")
    wait_for_trials(killed, process, n_ended=7)
    process.kill()
    process.communicate()
    records = finish(killed, "--slots", "1")
    assert [trial.params for trial in records.trials] == [t.params for t in expected.trials]
    assert [trial.value for trial in records.trials] == [t.value for t in expected.trials]
    assert [trial.outcome for trial in records.trials] == [t.outcome for t in expected.trials]


def test_interrupted_search_prints_the_result_and_exits_with_130(tmp_path: Path) -> None:
    process = start(tmp_path, n_trials=10_000)
    wait_for_trials(tmp_path, process, 10)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert json.loads(output)["study"] == "iris"
    check_nothing_lost(tmp_path, told_trials(tmp_path))


@pytest.mark.slow
def test_timeout_ends_a_search_that_the_next_call_continues(tmp_path: Path) -> None:
    began = time.monotonic()
    process = start(tmp_path, "--timeout", "20s", "--report", "r.html", n_trials=10_000)
    output, errors = process.communicate(timeout=120)
    took = time.monotonic() - began
    assert process.returncode == 0, errors
    assert took < 30, "20 on a free machine, all of the command: loading, scoring, the report"
    assert 14 < json.loads(output)["seconds"] <= took
    n_trials = len(read(tmp_path).trials)
    process = start(tmp_path, n_trials=n_trials + 2)
    process.communicate(timeout=240)
    assert len(read(tmp_path).trials) == n_trials + 2
