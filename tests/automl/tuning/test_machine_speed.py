"""How slow a machine is, from the time that this thread works."""

from __future__ import annotations

import threading
import time

import pytest

from automl.tuning import machine_speed
from automl.tuning.machine_speed import MOST_SLOW, slowness


@pytest.fixture(autouse=True)
def unmeasured() -> None:
    slowness.cache_clear()


def test_a_machine_that_takes_twice_as_long_is_twice_as_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine_speed, "SECONDS_OF_WORK", 0.02)
    monkeypatch.setattr(machine_speed, "_work", lambda: _worked(0.04))
    assert slowness() == pytest.approx(2.0, rel=0.2)


def test_what_other_threads_do_and_waiting_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_speed, "SECONDS_OF_WORK", 0.02)
    beside = threading.Thread(target=_worked, args=(0.3,))
    beside.start()
    monkeypatch.setattr(machine_speed, "_work", lambda: time.sleep(0.05))
    assert slowness() == 1.0
    beside.join()


def test_it_is_measured_once_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_speed, "SECONDS_OF_WORK", 1e-9)
    assert slowness() == MOST_SLOW
    monkeypatch.setattr(machine_speed, "SECONDS_OF_WORK", 1e9)
    assert slowness() == MOST_SLOW
    slowness.cache_clear()
    assert slowness() == 1.0


def _worked(seconds: float) -> float:
    """Work for so much of this thread's time."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
    return seconds
