"""The arithmetic of a decision: one thread, whatever the machine and its variables say.

A product that is shared among threads may differ in its last bit, and then other trials are
decided. And beside workers that train, threads wait for each other: with OpenBLAS's two on two
cores, both busy, a fit to 160 points took 2.0 and 3.3 s, with one 0.14 s (seed 0).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Let NumPy's and SciPy's linear algebra count in one thread; then as it was before."""
    with libraries().limit(limits=1, user_api="blas"):
        yield


@functools.cache
def libraries() -> ThreadpoolController:
    """Those that are to be held, found once: to look for them takes longer than a decision."""
    import scipy.linalg  # noqa: F401 - so that its own is there to be found

    return ThreadpoolController()
