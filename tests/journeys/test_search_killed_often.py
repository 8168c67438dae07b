"""A search that is killed again and again, and one whose workers are, comes to the same result.

Policies that pause trials have most to lose: a good trial lives through many calls.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from storage.records import StudyRecords
from tests.contracts.child_processes import workers
from tests.journeys.test_search_killed import check_nothing_lost, finish, start, told_trials

N_KILLS = 20


def outcomes(records: StudyRecords) -> Sequence[object]:
    return [(trial.outcome, trial.value, trial.params) for trial in records.trials]


def begin(folder: Path, *options: str) -> subprocess.Popen[str]:
    """The same command once more, until its workers are there or it has ended."""
    process = start(folder, *options)
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None and not workers(process.pid):
        time.sleep(0.01)
    return process


def one_more(folder: Path, generator: random.Random, options: Sequence[str]) -> None:
    """A call that is killed at some moment, perhaps after a worker of its."""
    process = begin(folder, *options)
    for _ in range(generator.randrange(3)):
        time.sleep(generator.random() * 0.5)
        if found := workers(process.pid):
            how = generator.choice([signal.SIGKILL, signal.SIGSTOP])
            os.kill(generator.choice(found), how)
    time.sleep(generator.random() * 2)
    process.kill()
    process.communicate()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("policy", ["promotion", "freeze_thaw", "optuna"])
def test_no_kill_fails_a_trial_or_changes_the_result(policy: str, tmp_path: Path) -> None:
    options = ("--policy", policy, "--slots", "4", "--workers", "2", "--max-epochs", "20")
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    straight.mkdir()
    killed.mkdir()
    expected = finish(straight, *options)
    generator = random.Random(7)
    for _ in range(N_KILLS):
        one_more(killed, generator, options)
    before = told_trials(killed) if (killed / "automl.db").exists() else {}
    records = finish(killed, *options)
    if policy == "optuna":  # a paused trial that was told may go on
        check_nothing_lost(killed, before)
    assert outcomes(records) == outcomes(expected)
    assert "failed" not in {trial.outcome for trial in records.trials}
