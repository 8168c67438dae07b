"""The arithmetic of a training thread: one intra-operator thread, denormals flushed to zero.

Both executors train inside `training_arithmetic`, so that a run has the same numbers in
this process and in a worker. Two threads on small shapes are slower than one, and products
that are split among threads may differ in the last bit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def training_arithmetic() -> Iterator[None]:
    """Train with one thread and without denormals; put back what was set before."""
    n_threads = torch.get_num_threads()
    flushed = flushes_denormals()
    if n_threads != 1:
        torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed)
        if n_threads != 1:
            torch.set_num_threads(n_threads)


def flushes_denormals() -> bool:
    """Whether this thread takes denormal numbers for zero; torch has no getter, but it is seen."""
    return sys.float_info.min * 0.5 == 0.0
