"""The comparison of one trial at a time with many."""

from __future__ import annotations

import math

import pytest

from benchmarks.sampling import Outcome, Pair, compare, interval


def pair(one: float, many: float) -> Pair:
    return Pair("t", 0, Outcome(one, 1.0, 3), Outcome(many, 1.0, 3), Outcome(many, 1.0, 9))


def test_interval_is_of_the_ratio() -> None:
    ratio, low, high = interval([math.log(0.5), math.log(0.5), math.log(0.5)])
    assert (ratio, low, high) == pytest.approx((0.5, 0.5, 0.5))


def test_interval_of_one_pair_is_unbounded() -> None:
    assert interval([0.0]) == (1.0, 0.0, math.inf)


def test_lower_loss_is_a_negative_difference() -> None:
    assert pair(0.4, 0.2).at_equal_trials == pytest.approx(math.log(0.5))
    assert pair(0.4, 0.4).at_equal_time == 0.0


@pytest.mark.slow
def test_both_ways_end_with_their_trials() -> None:
    compared = compare("sklearn:wine", None, seed=0, n_trials=4)
    assert (compared.one.n_trials, compared.many.n_trials) == (4, 4)
    assert compared.timed.seconds < compared.one.seconds + 10
