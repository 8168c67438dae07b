"""The arithmetic of decisions and scores: one thread, whatever the machine and its variables say.

A product that is shared among threads may differ in its last bit, and then other trials are
decided. And where processors are busy, threads wait for each other: with OpenBLAS's two on two
cores beside workers that train, a fit to 160 points took 2.0 and 3.3 s, with one 0.14 s (seed 0).
The bootstrap of five predictions of 20,000 rows of 5 classes took 10.4 s of the processors and
21 s by the clock beside others, with one thread 1.4 and 2.9.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import ThreadpoolController

T = TypeVar("T")


class _Here(threading.local):
    """Of the thread that asks: whether its linear algebra is held to one thread."""

    is_held = False


_here = _Here()
_in_turn = threading.Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let NumPy's and SciPy's linear algebra count in one thread; then as it was before.

    To be entered in the thread that counts, since some libraries have a limit for each. Others
    have one for all: so threads wait for each other here, lest one that leaves lifts the limit of
    another, or one that leaves later sets what it was within the first. Those that `beside`
    begins do not wait.
    """
    if _here.is_held:
        yield
        return
    with _in_turn, libraries().limit(limits=1, user_api="blas"):
        _here.is_held = True
        try:
            yield
        finally:
            _here.is_held = False


def beside(first: Callable[[], T], others: Sequence[Callable[[], T]]) -> list[T]:
    """Call all at once: the first in this thread, each of the others in one of its own.

    A Ctrl-C ends it at once: no thread is waited for, now or when the interpreter ends, as the
    pools of `concurrent.futures` do.

    Returns:
        What they return, in this order; what one of them raises is raised here.
    """
    futures: list[Future[T]] = [Future() for _ in others]
    with one_thread():  # until all are done
        for call, future in zip(others, futures, strict=True):
            threading.Thread(target=_fulfil, args=(call, future), daemon=True).start()
        return [first(), *(future.result() for future in futures)]


def _fulfil(call: Callable[[], T], future: Future[T]) -> None:
    try:
        libraries().limit(limits=1, user_api="blas")  # for as long as this thread lives
        _here.is_held = True
        future.set_result(call())
    except BaseException as error:
        future.set_exception(error)


@functools.cache
def libraries() -> ThreadpoolController:
    """Those that are to be held, found once: to look for them takes longer than a decision."""
    import scipy.linalg  # noqa: F401 - so that its own is there to be found

    return ThreadpoolController()
