from __future__ import annotations

import pytest
import torch

from automl.executors.executor import RunFailure
from automl.executors.failures import describe, failure_of, is_memory_error


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


def test_an_error_is_described_by_its_first_line_and_its_place():
    with pytest.raises(RuntimeError) as caught:
        torch.ones(2) @ torch.ones(3)
    text = describe(caught.value)
    assert text.startswith("RuntimeError: inconsistent tensor size")
    assert "(test_failures.py, line " in text
    assert "\n" not in text


def test_an_error_without_words_is_described_by_its_type():
    assert describe(MemoryError()) == "MemoryError"
