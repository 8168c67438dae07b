"""Loops that rest hold memory within a bound, and the search finds what it would without."""

from __future__ import annotations

import subprocess
import sys
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

import automl
from automl.system.own_memory import resident_memory
from automl.tuning import paused_trials
from storage.records import StudyRecords

N_BYTES = 8 * 2**20
MOST_RESTING = 6
SLOTS = 4
SPACE = {"start": {"low": -2.0, "high": 2.0}, "rate": {"low": 0.01, "high": 0.5, "log": True}}


class Ballast:
    """Memory that a loop holds, counted while it is there."""

    alive: ClassVar[weakref.WeakSet[Ballast]] = weakref.WeakSet()
    most: ClassVar[int] = 0

    def __init__(self) -> None:
        self.held = np.ones(N_BYTES // 8)
        Ballast.alive.add(self)
        Ballast.most = max(Ballast.most, len(Ballast.alive))


def heavy(params: Mapping[str, Any]) -> Iterator[float]:
    """A generator: what gives way begins again."""
    x, ballast = params["start"], Ballast()
    while True:
        x -= params["rate"] * x + 0.01 * float(torch.randn(()))
        yield x * x + 0.1 * float(ballast.held[0])


class Heavy:
    """A class: what gives way goes on from its state."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.x, self.rate, self.ballast = float(params["start"]), params["rate"], Ballast()

    def train_epoch(self) -> float:
        self.x -= self.rate * self.x + 0.01 * float(torch.randn(()))
        return self.x**2

    def save(self) -> dict[str, float]:
        return {"x": self.x}

    def load(self, state: Mapping[str, float]) -> None:
        self.x = state["x"]


def tune(objective: Any, folder: Path, name: str) -> StudyRecords:
    Ballast.most = 0
    options = {"max_epochs": 9, "n_trials": 30, "slots": SLOTS, "policy": "promotion"}
    return automl.tune(
        objective, SPACE, **options, workers=1, study=name, storage=f"sqlite:///{folder}/automl.db"
    ).records


def told(records: StudyRecords) -> list[tuple[Any, ...]]:
    return [(one.number, dict(one.params), one.outcome, one.value) for one in records.trials]


@pytest.mark.skipif(resident_memory() is None, reason="nobody says it here")
@pytest.mark.parametrize("objective", ["heavy", pytest.param("Heavy", marks=pytest.mark.slow)])
def test_resting_loops_hold_no_more_than_their_share(objective: str, tmp_path: Path) -> None:
    """In a process of its own: what a heap has had before decides how it grows."""
    code = f"""import sys, tests.journeys.test_tune_memory as here
here.check_share(here.{objective}, here.Path(sys.argv[1]))"""
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)


def check_share(objective: Any, folder: Path) -> None:
    free = tune(objective, folder, "free")
    n_free = Ballast.most
    n_bytes = int(MOST_RESTING * N_BYTES / paused_trials.SHARE_OF_MEMORY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paused_trials, "total_memory", lambda: n_bytes)
        patch.setattr(paused_trials, "LEAST_SECONDS", 0.0)
        bounded = tune(objective, folder, "bounded")
    assert n_free > 20
    assert Ballast.most <= MOST_RESTING + SLOTS + SLOTS // 2 + 4, "as much as in training beside"
    assert told(bounded) == told(free)
    assert any(run.attempt > 1 for run in bounded.runs), "some gave way and have gone on"


def test_where_nothing_can_be_measured_their_number_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl.objectives.memory.resident_memory", lambda: None)
    monkeypatch.setattr(paused_trials, "MOST_OF_UNKNOWN_SIZE", MOST_RESTING)
    tune(heavy, tmp_path, "counted")
    assert Ballast.most <= MOST_RESTING + SLOTS + SLOTS // 2 + 1
