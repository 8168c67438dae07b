"""The arithmetic of decisions and scores: one thread, whatever the machine and its variables say.

A product that is shared among threads may differ in its last bit, and then other trials are
decided. And where processors are busy, threads wait for each other: with OpenBLAS's two on two
cores beside workers that train, a fit to 160 points took 2.0 and 3.3 s, with one 0.14 s (seed 0).
The bootstrap of five predictions of 20,000 rows of 5 classes took 10.4 s of the processors and
21 s by the clock beside others, with one thread 1.4 and 2.9.
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
