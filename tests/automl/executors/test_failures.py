from __future__ import annotations

import pytest
import torch

from automl.executors.executor import RunFailure
from automl.executors.failures import failure_of, is_memory_error
from automl.system.error_places import describe
from automl.training.trainer import RunError


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("MPS backend out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
def test_errors_for_want_of_memory_are_known(error):
    assert is_memory_error(error)
    assert failure_of(3, error).cause == "out_of_memory"


def test_torch_itself_raises_what_is_known_as_want_of_memory():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    assert is_memory_error(caught.value)


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), ValueError("out of memory")])
def test_other_errors_are_crashes(error):
    assert failure_of(3, error) == RunFailure(3, "crashed", f"{type(error).__name__}: {error}")


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def test_an_error_that_cannot_be_written_is_described_all_the_same():
    failure = failure_of(3, Unspeakable())
    assert (failure.cause, failure.message) == ("crashed", "Unspeakable")


def test_of_a_run_that_its_trainer_has_named_the_error_is_its_own():
    error, cause = RunError(3), KeyError("block")
    error.__cause__ = cause
    assert failure_of(3, error) == RunFailure(3, "crashed", describe(cause))
    error.__cause__ = MemoryError()
    assert failure_of(3, error).cause == "out_of_memory"
