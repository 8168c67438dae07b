from __future__ import annotations

import time

import pytest

from automl.executors.order_book import OrderBook
from automl.executors.workers.worker import Orders
from tests.contracts.linear_trainer import tiny_run


def test_what_was_decided_is_told_once():
    book = OrderBook()
    book.stop(1)
    book.forget(1)
    book.allow(2, 4)
    assert book.has_news
    assert book.take([tiny_run(3)], None) == Orders((1,), (1,), (tiny_run(3),), None, {2: 4})
    assert not book.has_news
    assert book.take([], None, is_held=True) == Orders(is_held=True)


def test_a_deadline_is_told_in_seconds_from_now():
    assert OrderBook().take([], time.monotonic() + 5).seconds == pytest.approx(5, abs=0.5)
    assert OrderBook().take([], time.monotonic() - 5).seconds == 0


def test_the_limit_of_a_run_that_is_stopped_is_not_told():
    book = OrderBook()
    book.allow(1, 4)
    book.stop(1)
    assert book.take([], None) == Orders(stop=(1,))


def test_what_a_worker_tells_of_a_stopped_run_is_outdated_until_it_has_taken_that_order():
    book = OrderBook()
    book.take([tiny_run(1), tiny_run(2)], None)
    book.stop(1)
    assert book.is_outdated(1, 0)
    assert book.is_outdated(1, 1), "the order to stop is not told yet"
    book.take([tiny_run(1)], None)
    assert not book.is_answered
    book.acknowledge(1)
    assert book.is_outdated(1, 1)
    assert not book.is_outdated(1, 2), "it has begun again"
    assert not book.is_outdated(2, 1)
    book.acknowledge(2)
    assert book.is_answered
