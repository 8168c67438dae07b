"""Ctrl-C: the first one asks for a clean stop, the second one interrupts at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

LOOK_SECONDS = 0.2
"""How often a wait looks for an interrupt: one that comes as a wait begins does not end it."""

PATIENCE_SECONDS = 5.0
"""How long what is interrupted may take to end: a page of the dashboard is answered in 1 or 2."""


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


@contextmanager
def interrupt_held() -> Iterator[None]:
    """Let a Ctrl-C that would raise in this block raise behind it; a second one raises at once.

    For what must not be broken off in the middle, and is short: a message half read is lost.
    A handler of somebody's own is left alone, and so are other threads: nothing raises there.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append(number)
        if len(held) > 1:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if held:
        raise KeyboardInterrupt


def run_until_interrupted(run: Callable[[], object], stop: Callable[[], object]) -> None:
    """Do `run` until it returns or Ctrl-C is pressed; then `stop` it.

    It runs in a thread of its own, since an interrupt is raised in the main thread, wherever
    that is: a server would take it for an error of the answer it was giving, and go on. Where
    interrupts are ignored, as of a command in a script's background, they still are.

    Args:
        run: such as `serve_forever` of a server; what it raises is raised here.
        stop: asks it to end, from another thread, as `shutdown` does. Nobody waits for it longer
            than `PATIENCE_SECONDS`, or after a second Ctrl-C: it may wait for a client.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        run()
        return
    raised: list[BaseException] = []

    def run_and_keep() -> None:
        try:
            run()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run_and_keep, daemon=True)
    with suppress(KeyboardInterrupt), stop_on_interrupt(lambda: None) as was_interrupted:
        thread.start()
        while thread.is_alive() and not was_interrupted():
            thread.join(LOOK_SECONDS)
        if thread.is_alive():
            threading.Thread(target=stop, daemon=True).start()
            thread.join(PATIENCE_SECONDS)
    if raised:
        raise raised[0]
