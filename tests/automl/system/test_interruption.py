"""Real signals: the first asks for a stop, the second interrupts."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from automl.system.interruption import stop_on_interrupt


def test_first_interrupt_asks_for_a_stop() -> None:
    stops: list[bool] = []
    with stop_on_interrupt(lambda: stops.append(True)) as was_interrupted:
        assert not was_interrupted()
        os.kill(os.getpid(), signal.SIGINT)
        assert was_interrupted()
    assert stops == [True]


def test_second_interrupt_raises() -> None:
    with pytest.raises(KeyboardInterrupt), stop_on_interrupt(lambda: None):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)


def test_the_handler_before_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_on_interrupt(lambda: None):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_are_left_alone() -> None:
    """Signals reach the main thread only, and only it may set a handler."""
    seen: list[bool] = []

    def work() -> None:
        with stop_on_interrupt(lambda: None) as was_interrupted:
            seen.append(was_interrupted())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
