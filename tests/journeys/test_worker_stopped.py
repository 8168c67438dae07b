"""A search on the command line whose workers are stopped: it ends when it should, with a result.

The limits are those that people have, so a search without a timeout takes its minute.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from automl.executors.heartbeat import ENDING_SILENCE_LIMIT, LOADING_SILENCE_LIMIT
from tests.contracts.child_processes import is_gone, workers
from tests.contracts.interrupts import hear_interrupts
from tests.journeys.test_search_killed import wait_for_trials

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

ROOT = Path(__file__).parents[2]
SEARCH = (
    *("search", "sklearn:iris", "--study", "iris", "--folds", "1", "--json", "--workers", "2"),
    "--no-references",
    *("--pruner", "none", "--max-epochs", "20"),
)
SECONDS_AROUND = 10.0
"""To load, to load data, to score and to judge, on a machine at work."""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    processes = []

    def start_search(*more: str) -> subprocess.Popen[str]:
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "cli", *SEARCH, *more],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                preexec_fn=hear_interrupts,
            )
        )
        return processes[-1]

    yield start_search
    for process in processes:
        process.kill()
        process.communicate()


def workers_of(process: subprocess.Popen[str], n_workers: int = 2) -> list[int]:
    """The search's worker processes, once they have been started."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        found = workers(process.pid)
        if len(found) == n_workers:
            return found
        time.sleep(0.01)
    raise AssertionError("no workers were started")


@pytest.mark.slow
def test_one_interrupt_ends_a_search_whose_worker_is_stopped_within_seconds(
    start: Start, tmp_path: Path
) -> None:
    process = start("--n-trials", "1000")
    begun = workers_of(process)
    wait_for_trials(tmp_path, process, 1)
    os.kill(begun[0], signal.SIGSTOP)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=ENDING_SILENCE_LIMIT + SECONDS_AROUND)
    assert process.returncode in (1, 130), errors  # 1: no trial had completed
    assert "Traceback" not in errors
    assert all(map(is_gone, begun))


@pytest.mark.slow
def test_a_timeout_is_kept_though_a_worker_is_stopped(start: Start, tmp_path: Path) -> None:
    began = time.monotonic()
    process = start("--n-trials", "1000", "--timeout", "20")
    begun = workers_of(process)
    wait_for_trials(tmp_path, process, 1)
    os.kill(begun[1], signal.SIGSTOP)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert time.monotonic() - began < 20 + ENDING_SILENCE_LIMIT + 2 * SECONDS_AROUND
    assert json.loads(output)["best"] is not None
    assert all(map(is_gone, begun))


@pytest.mark.slow
def test_a_timeout_is_kept_though_all_workers_are_stopped_while_they_load(start: Start) -> None:
    process = start("--n-trials", "1000", "--timeout", "20")
    begun = workers_of(process)
    for worker in begun:
        os.kill(worker, signal.SIGSTOP)
    _, errors = process.communicate(timeout=20 + ENDING_SILENCE_LIMIT + 2 * SECONDS_AROUND)
    assert "Traceback" not in errors
    assert all(map(is_gone, begun))


@pytest.mark.slow
def test_a_second_interrupt_ends_a_search_at_once(start: Start, tmp_path: Path) -> None:
    process = start("--n-trials", "1000")
    begun = workers_of(process)
    wait_for_trials(tmp_path, process, 3)
    os.kill(begun[0], signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=4)
    assert process.returncode == 130
    assert all(map(is_gone, begun))


@pytest.mark.slow
@pytest.mark.parametrize("is_loading", [True, False])
def test_no_worker_outlives_a_killed_search_not_even_one_that_is_stopped(
    start: Start, tmp_path: Path, is_loading: bool
) -> None:
    process = start("--n-trials", "1000")
    begun = workers_of(process)
    if not is_loading:
        wait_for_trials(tmp_path, process, 3)
    os.kill(begun[0], signal.SIGSTOP)
    process.kill()
    assert all(map(is_gone, begun))


@pytest.mark.slow
def test_a_search_goes_on_without_the_worker_that_was_stopped(start: Start) -> None:
    process = start("--n-trials", "4")
    begun = workers_of(process)
    os.kill(begun[0], signal.SIGSTOP)
    output, errors = process.communicate(timeout=LOADING_SILENCE_LIMIT + 60)
    assert process.returncode == 0, errors
    assert errors.count("a worker process gave no sign of life and was ended") == 1
    assert sum(json.loads(output)["n_trials"].values()) == 4
