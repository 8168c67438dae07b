"""Decisions do not depend on how many threads a machine has for its linear algebra."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import automl
from automl.system.threads import beside, libraries, one_thread
from automl.tuning.policies.freeze_thaw import FreezeThaw
from tests.contracts.policy_contract import MAX_EPOCHS, Simulation


def n_threads() -> set[int]:
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


def test_one_thread_counts_and_then_as_many_as_before() -> None:
    with threadpool_limits(2, "blas"):
        with one_thread():
            assert n_threads() == {1}
        assert n_threads() == {2}


def test_threads_take_turns_and_leave_it_as_it_was() -> None:
    found: list[set[int]] = []
    n_within = 0

    def count() -> None:
        nonlocal n_within
        with one_thread(), one_thread():
            n_within += 1
            time.sleep(0.02)
            assert n_within == 1
            found.append(n_threads())
            n_within -= 1

    with threadpool_limits(2, "blas"):
        pass  # so that no thread is the one that sets limits
    before = n_threads()
    others = [threading.Thread(target=count) for _ in range(3)]
    for one in others:
        one.start()
    for one in others:
        one.join()
    assert found == [{1}] * 3
    assert n_threads() == before


def test_all_that_is_called_beside_counts_in_one_thread() -> None:
    def counted() -> tuple[int, ...]:
        with one_thread():
            return tuple(n_threads())

    with threadpool_limits(2, "blas"):
        assert beside(counted, [counted, counted]) == [(1,)] * 3
        assert n_threads() == {2}


def test_libraries_are_looked_for_once() -> None:
    with one_thread():
        pass
    before = libraries.cache_info()
    with one_thread():
        pass
    assert libraries.cache_info().misses == before.misses == 1


def test_all_are_called_at_once_and_what_one_raises_is_raised() -> None:
    both = threading.Barrier(2, timeout=30.0)
    assert len(set(beside(both.wait, [both.wait]))) == 2
    with pytest.raises(ZeroDivisionError):
        beside(lambda: 1.0, [lambda: 1 / 0])


INTERRUPTED = """
import os, signal, time
from automl.system.threads import beside

def interrupt_and_go_on():
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)

beside(lambda: None, [interrupt_and_go_on])
"""


def test_an_interrupt_ends_the_process_at_once() -> None:
    """Though one of its threads still counts."""
    before = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        cwd=Path(automl.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "KeyboardInterrupt" in done.stderr
    assert time.monotonic() - before < 30.0


def test_decisions_and_fits_are_the_same_bits() -> None:
    beliefs, decisions = [], []
    for n in (1, 2):
        with threadpool_limits(n, "blas"):
            simulation = Simulation(FreezeThaw(MAX_EPOCHS), 60)
            simulation.run(n_slots=8, until=120)
        beliefs.append(simulation.policy.belief)
        decisions.append(simulation.decisions)
    assert beliefs[0] is not None
    assert beliefs[0] == beliefs[1]
    assert decisions[0] == decisions[1]
