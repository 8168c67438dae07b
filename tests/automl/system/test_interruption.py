"""Real signals: the first asks for a stop, the second interrupts."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from automl.system import interruption
from automl.system.interruption import interrupt_held, run_until_interrupted, stop_on_interrupt
from tests.contracts.interrupts import hear_interrupts

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _hears_interrupts() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    hear_interrupts()
    yield
    signal.signal(signal.SIGINT, before)


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


@pytest.mark.parametrize("seconds", [0.0, 0.1])
def test_what_is_interrupted_is_stopped_and_returns(seconds: float) -> None:
    """At once, too: the main thread may not yet wait for it."""
    for _ in range(3 if seconds == 0.0 else 1):
        ended, stops = threading.Event(), []

        def run(ended: threading.Event = ended) -> None:
            time.sleep(seconds)
            os.kill(os.getpid(), signal.SIGINT)
            ended.wait()

        def stop(ended: threading.Event = ended, stops: list[bool] = stops) -> None:
            stops.append(True)
            ended.set()

        run_until_interrupted(run, stop)
        assert stops == [True]


def test_what_ends_by_itself_is_not_stopped() -> None:
    run_until_interrupted(lambda: None, pytest.fail)


def test_what_does_not_end_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client may be connected and silent, and a server wait for what it asks."""
    monkeypatch.setattr(interruption, "PATIENCE_SECONDS", 0.2)
    stops: list[bool] = []

    def run() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

    began = time.monotonic()
    run_until_interrupted(run, lambda: stops.append(True))
    assert stops == [True]
    assert time.monotonic() - began < 30


def test_what_is_raised_is_raised_to_the_caller() -> None:
    def run() -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        run_until_interrupted(run, lambda: None)


def test_an_ignored_interrupt_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended: list[bool] = []

    def run() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        ended.append(True)

    run_until_interrupted(run, pytest.fail)
    assert ended == [True]


SERVER = """
import sys, time
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from automl.system import interruption
from automl.system.interruption import run_until_interrupted

def answer(environ, start_response):
    print("asked", file=sys.stderr, flush=True)
    time.sleep(float(sys.argv[1]))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"whole"]

with WSGIServer(("127.0.0.1", 0), WSGIRequestHandler) as server:
    server.set_app(answer)
    print(server.server_port, file=sys.stderr, flush=True)
    run_until_interrupted(server.serve_forever, server.shutdown)
"""


@pytest.mark.parametrize(("seconds", "presses"), [(0.5, 1), (1000.0, 2)])
def test_a_server_is_interrupted_amid_an_answer(seconds: float, presses: int) -> None:
    """The first Ctrl-C lets it finish, the second does not; neither tells of an error."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(seconds)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_interrupts,
    )
    assert process.stderr is not None
    connection = http.client.HTTPConnection("127.0.0.1", int(process.stderr.readline()))
    try:
        connection.request("GET", "/")
        assert process.stderr.readline() == "asked\n"
        process.send_signal(signal.SIGINT)
        if presses == 1:
            assert connection.getresponse().read() == b"whole"
        else:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=0.5)
            for _ in range(60):  # two that come before the program is on are one
                process.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.5)
                    break
        _, told = process.communicate(timeout=30)
    finally:
        connection.close()
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert "Traceback" not in told


def test_an_interrupt_is_held_until_what_must_be_whole_is_done() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interrupt_held():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("whole")
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_interrupt_is_not_held() -> None:
    with pytest.raises(KeyboardInterrupt), interrupt_held():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("it goes on")


def test_a_handler_of_somebodys_own_hears_an_interrupt_at_once() -> None:
    stops: list[bool] = []
    with stop_on_interrupt(lambda: stops.append(True)), interrupt_held():
        os.kill(os.getpid(), signal.SIGINT)
        assert stops == [True]
