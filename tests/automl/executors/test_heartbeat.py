"""A process that is slow goes on beating, one that was stopped does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from automl.executors import heartbeat
from automl.executors.heartbeat import LONGEST_LOOK_SECONDS, Pulse, Watch
from automl.system.child_processes import module_search_path

BUSY = """
import sys
from automl.executors.heartbeat import begin_to_beat
begin_to_beat(int(sys.argv[1]))
while True:
    sum(range(1000))
"""


@pytest.fixture
def pulse() -> Iterator[Pulse]:
    pulse = Pulse()
    yield pulse
    pulse.close()


@pytest.fixture
def busy(pulse: Pulse) -> Iterator[subprocess.Popen[bytes]]:
    """A process that works without end, and beats."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY, str(pulse.descriptor)],
        pass_fds=[pulse.descriptor],
        env={"PYTHONPATH": module_search_path(sys.path)},
    )
    yield process
    process.kill()
    process.wait()


def longest_silence(pulse: Pulse, seconds: float) -> float:
    until, longest = time.monotonic() + seconds, 0.0
    while time.monotonic() < until:
        longest = max(longest, pulse.silence())
        time.sleep(0.05)
    return longest


def test_a_process_that_works_beats_and_one_that_is_stopped_is_silent(pulse, busy):
    until = time.monotonic() + 20
    while pulse.silence() > 0 and time.monotonic() < until:  # it has to begin
        time.sleep(0.05)
    assert longest_silence(pulse, 2.5) < 2.5 - 0.5
    busy.send_signal(signal.SIGSTOP)
    assert longest_silence(pulse, 2.0) > 1.5
    busy.send_signal(signal.SIGCONT)
    time.sleep(1.5)
    assert pulse.silence() < 0.5


def test_orders_that_a_process_has_taken_are_known_after_its_end(pulse):
    takes_two = """
import os, signal, sys
from automl.executors.heartbeat import TakenOrders
taken = TakenOrders(int(sys.argv[1]))
taken.note()
taken.note()
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert pulse.n_orders == 0
    subprocess.run(
        [sys.executable, "-c", takes_two, str(pulse.descriptor)],
        pass_fds=[pulse.descriptor],
        env={"PYTHONPATH": module_search_path(sys.path)},
        check=False,
    )
    assert pulse.n_orders == 2


def test_a_coordinator_that_did_not_run_itself_counts_no_silence(pulse, monkeypatch):
    times = iter([3600.0, 3601.0])
    began = time.monotonic()
    monkeypatch.setattr(heartbeat.time, "monotonic", lambda: began + next(times))
    assert pulse.silence() == LONGEST_LOOK_SECONDS
    assert pulse.silence() == LONGEST_LOOK_SECONDS + 1.0


def test_a_process_whose_parent_has_gone_ends():
    """Even if somebody else holds its connection: what it beats for is its parent."""
    middle = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {BUSY.replace("int(sys.argv[1])", "None")!r}])
print(child.pid, flush=True)
time.sleep(1)
"""
    environment = {"PYTHONPATH": module_search_path(sys.path)}
    command = [sys.executable, "-c", middle]
    printed = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    # the pipe was held by the child too, so reading to its end has waited for both
    with pytest.raises(ProcessLookupError):
        _wait_and_signal(int(printed))


def _wait_and_signal(pid: int) -> None:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        os.kill(pid, 0)
        time.sleep(0.05)


@dataclass
class Quiet:
    """A worker that notes how long it might be silent."""

    limits: list[float] = field(default_factory=list)

    def look(self, limit: float) -> None:
        self.limits.append(limit)


def test_a_watch_looks_after_whoever_is_there_until_it_is_closed(monkeypatch):
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.02)
    first, second = Quiet(), Quiet()
    workers = [first]
    watch = Watch(workers)
    time.sleep(0.2)
    workers.append(second)
    watch.limit = 7.0
    time.sleep(0.2)
    watch.close()
    time.sleep(0.1)
    n_looks = len(second.limits)
    time.sleep(0.1)
    assert first.limits[0] == heartbeat.SILENCE_LIMIT
    assert second.limits[-1] == 7.0
    assert len(second.limits) == n_looks
