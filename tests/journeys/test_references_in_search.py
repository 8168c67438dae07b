"""A search whose process for the references is stopped or killed ends in time, with a result."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from automl.executors.resources import available_cores
from tests.contracts.interrupts import hear_interrupts
from tests.journeys.test_worker_stopped import ROOT, is_gone

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
    pytest.mark.skipif(available_cores() == 1, reason="has no core for such a process"),
]

SEARCH = (
    *("search", "sklearn:digits", "--study", "digits", "--json", "--workers", "1"),
    *("--pruner", "none", "--max-epochs", "5", "--n-trials", "10000"),
)


def begin(folder: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *SEARCH, *more],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )


def references_of(search: subprocess.Popen[str]) -> int:
    """The process that fits references, once it is there."""
    until = time.monotonic() + 90
    while time.monotonic() < until and search.poll() is None:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == search.pid and "reference_worker" in command:
                return int(folder.name)
        time.sleep(0.02)
    raise AssertionError("no process fits references")


def wait_for_a_complete_trial(folder: Path) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        with sqlite3.connect(f"file:{folder}/automl.db?mode=ro", uri=True) as database:
            count = "SELECT count(*) FROM trials WHERE state = 'COMPLETE'"
            if database.execute(count).fetchone()[0]:
                return
        time.sleep(0.2)
    raise AssertionError("no trial has completed")


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_one_interrupt_ends_a_search_whose_references_are_stopped(
    number: signal.Signals, tmp_path: Path
) -> None:
    search = begin(tmp_path)
    pid = references_of(search)
    os.kill(pid, number)
    wait_for_a_complete_trial(tmp_path)
    search.send_signal(signal.SIGINT)
    output, errors = search.communicate(timeout=40)
    assert search.returncode == 130, errors
    assert "Traceback" not in errors
    names = json.loads(output)["test"]["references"]
    assert "guessing" in names
    assert is_gone(pid)


def test_further_interrupts_end_it_at_once(tmp_path: Path) -> None:
    """Two that come within one call of the kernels count as one, so more are sent here."""
    search = begin(tmp_path)
    pid = references_of(search)
    os.kill(pid, signal.SIGSTOP)
    wait_for_a_complete_trial(tmp_path)
    until = time.monotonic() + 20
    while search.poll() is None and time.monotonic() < until:
        search.send_signal(signal.SIGINT)
        time.sleep(0.5)
    search.communicate(timeout=1)
    assert search.returncode in (130, -signal.SIGINT)  # the latter while the interpreter ends
    assert is_gone(pid)


def test_it_ends_with_a_search_that_is_killed(tmp_path: Path) -> None:
    search = begin(tmp_path)
    pid = references_of(search)
    search.kill()
    search.communicate()
    assert is_gone(pid)
