"""Calls of another process come back whatever becomes of it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from automl.executors import calls_aside
from automl.executors.calls_aside import call_aside
from automl.executors.reference_worker import NICENESS
from automl.executors.workers.warm_server import WarmServer, give_back, take_server
from tests.contracts.child_processes import children

pytestmark = pytest.mark.skipif(
    not hasattr(os, "pidfd_open") or sys.platform != "linux", reason="there is no server"
)

ELSEWHERE = f"__import__('os').getpid() != {os.getpid()}"


@pytest.fixture(scope="module")
def server() -> Iterator[WarmServer]:
    server = take_server(("cpu",))
    assert server is not None
    yield server
    give_back(server)


def test_without_a_server_they_are_made_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls_aside, "share_server", lambda: None)
    assert call_aside(os.getpid) == os.getpid()


def test_they_are_made_by_a_process_that_steps_back_and_leaves(server: WarmServer) -> None:
    assert call_aside(os.getpid) not in (os.getpid(), server.pid)
    assert call_aside(partial(os.nice, 0)) == os.nice(0) + NICENESS
    until = time.monotonic() + 10
    while children(server.pid):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_threads_may_ask_at_once(server: WarmServer) -> None:
    answers: dict[int, int] = {}

    def ask(number: int) -> None:
        answers[number] = call_aside(partial(pow, number, 2))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: number**2 for number in range(8)}


def test_what_a_call_raises_is_raised_here(server: WarmServer) -> None:
    with pytest.raises(ValueError, match="no number"):
        call_aside(partial(int, "no number"))


def test_what_cannot_be_sent_is_called_here(server: WarmServer) -> None:
    here: list[int] = []
    call_aside(lambda: here.append(os.getpid()))
    assert here == [os.getpid()]


def test_after_a_process_died_the_call_is_made_here(server: WarmServer) -> None:
    dies = f"{ELSEWHERE} and __import__('os').kill(__import__('os').getpid(), 9)"
    assert call_aside(partial(eval, dies)) is False


def test_a_process_that_stands_still_is_given_up(
    server: WarmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls_aside, "SILENCE_LIMIT", 0.5)
    monkeypatch.setattr(calls_aside, "LOOK_SECONDS", 0.1)
    stops = f"{ELSEWHERE} and __import__('os').kill(__import__('os').getpid(), 19)"
    assert call_aside(partial(eval, stops)) is False


def test_large_arguments_and_answers_pass(server: WarmServer) -> None:
    assert call_aside(partial(bytes.upper, b"a" * 3_000_000)) == b"A" * 3_000_000
