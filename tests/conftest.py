"""What all tests share: one thread per process, reproducible examples, quiet Optuna."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Before torch or numpy is imported: on small shapes two threads are slower than one, and the
# order of sums must not depend on the machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.register_profile("searching", deadline=None)  # HYPOTHESIS_PROFILE=searching
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "reproducible"))


@pytest.fixture(autouse=True, scope="session")
def quiet_optuna() -> Iterator[None]:
    """Optuna tells of every study and trial on stderr; where a test fails, that is noise."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(verbosity)


@pytest.fixture(autouse=True, scope="session")
def patient_compiler() -> None:
    """Kernels are compiled by whichever test is the first to train: it waits longer than a person.

    Where that took too long, all others of its process would be without, and pass or be skipped.
    """
    if "torch" in sys.modules:
        importlib.import_module("tests.contracts.kernels")


@pytest.fixture(autouse=True)
def subnormal_numbers() -> None:
    """Trainers flush subnormal numbers to zero in their process; other tests need them."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
