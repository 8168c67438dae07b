"""What ends a search on the command line, and what is said of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from automl.studies import load_study

ROOT = Path(__file__).parents[2]

SMALL = ("search", "sklearn:iris", "--study", "s", "--folds", "1", "--no-references")


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def call(folder: Path, *words: str, code: int = 0) -> tuple[str, str]:
    process = start(folder, *words)
    output, errors = process.communicate(timeout=200)
    assert process.returncode == code, errors
    return output, errors


def search(folder: Path, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call(folder, *SMALL, "--json", *words)[0])
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("because", "limit", "message"),
    [
        ("max_epochs_total", "60", "60 epochs"),
        ("target_loss", "0.6", "0.6000 was enough"),
        ("patience_trials", "6", "in a row brought no better validation loss"),
        ("timeout", "20s", "the time of 20 s was up"),
    ],
)
def test_a_limit_ends_a_search_and_is_said_everywhere(
    tmp_path: Path, because: str, limit: str, message: str
) -> None:
    option = f"--{because.replace('_', '-')}"
    found = search(tmp_path, option, limit, "--report", "report.html")
    assert found["stopped"]["because"] == because
    assert message in found["stopped"]["message"]
    assert found["best"] is not None
    shown, _ = call(tmp_path, "show", "s")
    assert message in " ".join(shown.split())
    assert message in " ".join((tmp_path / "report.html").read_text().split())
    if because == "timeout":
        assert found["n_trials"]["complete"] + found["n_trials"]["paused"] > 100
        return
    _, again = call(tmp_path, *SMALL, option, limit)
    assert f"s is already complete: {len(load(tmp_path).trials)}" in again
    more = search(tmp_path, "--n-trials", str(len(load(tmp_path).trials) + 3))
    assert more["stopped"]["because"] == "n_trials"
    assert more["n_trials"]["unfinished"] == 0


def load(folder: Path) -> Any:
    return load_study("s", f"sqlite:///{folder}/automl.db").records


@pytest.mark.slow
def test_who_interrupts_a_search_reads_so_later(tmp_path: Path) -> None:
    process = start(tmp_path, *SMALL, "--n-trials", "100000")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if (tmp_path / "automl.db").exists() and load_or_none(tmp_path):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=100)
    assert process.returncode == 130
    shown, _ = call(tmp_path, "show", "s")
    assert "it was interrupted" in " ".join(shown.split())


def load_or_none(folder: Path) -> bool:
    try:
        return bool(load(folder).complete_trials)
    except Exception:  # its tables, or the study, are not there yet
        return False
