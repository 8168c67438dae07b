"""References from another process: the same as here, and never waited for in vain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from automl.data.dataset import Dataset
from automl.data.references import fit_references
from automl.executors.reference_process import ReferenceProcess
from automl.executors.reference_worker import NICENESS
from automl.executors.workers.warm_server import give_back, take_server
from tests.contracts.child_processes import children
from tests.contracts.tiny_datasets import tiny_dataset

LOADING = 240.0
"""Seconds for the libraries: it steps back for all others, of which a machine may have many."""

Start = Callable[[Dataset], ReferenceProcess]


@pytest.fixture
def start() -> Iterator[Start]:
    processes = []

    def begin(dataset: Dataset) -> ReferenceProcess:
        processes.append(ReferenceProcess(dataset))
        return processes[-1]

    yield begin
    for process in processes:
        process.end()


def long_fit() -> Dataset:
    """One that takes seconds to fit, so that there is time to interfere."""
    return tiny_dataset("cross_entropy", n_rows=50_000, with_categories=True)


def wait_until_it_fits(process: ReferenceProcess) -> None:
    while not process.fitted:
        assert not process.wait(0.01) or process.fitted, process.failure


def is_gone(pid: int) -> bool:
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    return not Path(f"/proc/{pid}").exists()


def n_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_it_fits_what_would_be_fitted_here_and_steps_back_for_others(start: Start) -> None:
    dataset = tiny_dataset("cross_entropy", n_folds=2, with_categories=True)
    process = start(dataset)
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    wait_until_it_fits(process)
    if not process.wait(0):
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(19, niceness + NICENESS)
    assert process.wait(LOADING)
    assert process.failure is None
    expected = fit_references(dataset)
    assert list(process.fitted) == list(expected)
    for name, by_fold in expected.items():
        for here, there in zip(by_fold, process.fitted[name], strict=True):
            assert there.valid.equal(here.valid)  # not a bit may hang on where they are fitted
            assert there.test.equal(here.test)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="there is no server")
@pytest.mark.parametrize("is_killed", [False, True])
def test_it_is_forked_where_workers_are_and_outlives_them(start: Start, is_killed: bool) -> None:
    """Trees are fitted while the best network is scored, when training has ended."""
    server = take_server(("cpu",))
    assert server is not None
    process = start(long_fit() if is_killed else tiny_dataset("mean_squared"))
    give_back(server)
    assert process.pid in children(server.pid)
    if is_killed:
        wait_until_it_fits(process)
        os.kill(process.pid, signal.SIGKILL)
    assert process.wait(LOADING)
    expected = "the process that fits it ended with signal SIGKILL" if is_killed else None
    assert process.failure == expected
    process.end()
    assert is_gone(server.pid)


def test_what_it_cannot_fit_is_said(start: Start) -> None:
    dataset = tiny_dataset("mean_squared")
    dataset.folds[0].train.targets[3] = torch.nan
    process = start(dataset)
    assert process.wait(LOADING)
    assert process.failure is not None
    assert process.failure.startswith("ValueError: Input y contains NaN")
    assert list(process.fitted) == ["guessing"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_one_that_is_killed_is_told_with_what_it_had(start: Start) -> None:
    """As by the system, where memory is short."""
    process = start(long_fit())
    wait_until_it_fits(process)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(LOADING)
    assert process.failure == "the process that fits it ended with signal SIGKILL"
    assert "guessing" in process.fitted
    assert is_gone(process.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("is_loading", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_one_that_is_stopped_is_waited_for_no_longer_than_asked(
    start: Start, is_loading: bool
) -> None:
    process = start(long_fit())
    if not is_loading:
        wait_until_it_fits(process)
    os.kill(process.pid, signal.SIGSTOP)
    began = time.monotonic()
    assert not process.wait(0.2)
    process.end()
    process.end()
    assert time.monotonic() - began < 5
    assert bool(process.fitted) is not is_loading
    assert is_gone(process.pid)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_it_does_not_outlive_a_killed_coordinator() -> None:
    code = (
        "import time\n"
        "from automl.executors.reference_process import ReferenceProcess\n"
        "from tests.automl.executors.test_reference_process import long_fit\n"
        "process = ReferenceProcess(long_fit())\n"
        "print(process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True
    ) as coordinator:
        assert coordinator.stdout is not None
        pid = int(coordinator.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        coordinator.kill()
    assert is_gone(pid)


def test_no_descriptor_is_left(start: Start) -> None:
    before = n_descriptors()
    process = start(tiny_dataset())
    process.end()
    assert n_descriptors() == before


def test_one_that_cannot_be_started_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    before = n_descriptors()
    with pytest.raises(OSError):
        ReferenceProcess(tiny_dataset())
    assert n_descriptors() == before
