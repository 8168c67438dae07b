"""Measured in a process of its own: what a heap has had before decides how it grows."""

from __future__ import annotations

import subprocess
import sys

import pytest

from automl.system.own_memory import give_back_memory, resident_memory

MEGABYTES = 2**20


@pytest.mark.skipif(resident_memory() is None, reason="nobody says it here")
def test_what_is_used_counts_until_it_is_given_back() -> None:
    code = "from tests.automl.system.test_own_memory import check; check()"
    subprocess.run([sys.executable, "-c", code], check=True)


def check() -> None:
    give_back_memory()
    before = resident_memory() or 0
    held = [bytearray(b"x" * 10_000) for _ in range(4000)]
    grown = (resident_memory() or 0) - before
    assert grown > 30 * MEGABYTES
    del held[:-1]  # the last one stands in the way of a shrinking heap
    give_back_memory()
    assert (resident_memory() or 0) - before < 0.5 * grown
    assert len(held) == 1
