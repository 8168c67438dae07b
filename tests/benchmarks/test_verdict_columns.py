"""Cases of verdicts on columns: made as they say, searched, judged and counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.verdict_columns import (
    CASES,
    VERDICTS,
    JudgedColumns,
    counts,
    drawn,
    judged,
    searched,
    table,
)

ONE = JudgedColumns("two alike", 1, ["alike"], ["alike"], 0.9, 0.3, 0.8, 0.1, 0.97)


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_the_same_for_the_same_seed_and_says_known_verdicts(name: str) -> None:
    case = drawn(name, 3)
    assert case.frame.equals(drawn(name, 3).frame)
    assert not case.frame.equals(drawn(name, 4).frame)
    assert case.due <= set(VERDICTS)


def test_columns_that_are_alike_are_so_in_ranks() -> None:
    for seed in range(4):
        ranks = drawn("two alike", seed).frame.drop(columns="y").corr("spearman").abs()
        related = drawn("two related", seed).frame.drop(columns="y").corr("spearman").abs()
        assert 0.92 < ranks.where(ranks < 1).max().max() < 0.995
        assert related.where(related < 1).max().max() < 0.85


def test_misses_and_false_alarms_are_counted_apart() -> None:
    outcomes = [ONE, replace(ONE, said=[]), replace(ONE, due=[], said=["alike", "one_column"])]
    assert counts(outcomes, "alike") == (1, 2, 1, 1)
    assert counts(outcomes, "one_column") == (0, 0, 1, 3)
    assert "alike         missed 1 of 2" in table(outcomes)


@pytest.mark.slow
def test_a_column_that_carries_all_is_told() -> None:
    name = "one carries all"
    case = drawn(name, 0)
    found = judged(name, 0, case, searched(case, 0))
    assert found.said == found.due == ["idle_columns", "one_column"]
