"""Ctrl-C: the first one asks for a clean stop, the second one interrupts at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

LOOK_SECONDS = 0.2
"""How often a wait looks for an interrupt: one that comes as a wait begins does not end it."""


@contextmanager
def stop_on_interrupt(stop: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Call `stop` at the first interrupt instead of raising; yield whether there was one.

    Signals reach the main thread only; elsewhere this does nothing.
    """
    interrupts: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        if len(interrupts) > 1:
            raise KeyboardInterrupt
        stop()

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield lambda: bool(interrupts)
    finally:
        signal.signal(signal.SIGINT, before)


def run_until_interrupted(run: Callable[[], object], stop: Callable[[], None]) -> None:
    """Do `run` until it returns or Ctrl-C is pressed; then `stop` it and wait for that.

    It runs in a thread of its own, since an interrupt is raised in the main thread, wherever
    that is: a server would take it for an error of the answer it was giving, and go on.

    Args:
        run: such as `serve_forever` of a server.
        stop: ends it from another thread and returns when it has ended, as `shutdown` does;
            a second Ctrl-C no longer waits for it.
    """
    thread = threading.Thread(target=run, daemon=True)
    with suppress(KeyboardInterrupt), stop_on_interrupt(lambda: None) as was_interrupted:
        thread.start()
        while thread.is_alive() and not was_interrupted():
            thread.join(LOOK_SECONDS)
        if thread.is_alive():
            stop()
