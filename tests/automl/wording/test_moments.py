"""Moments for machines and for people."""

from __future__ import annotations

import pytest

from automl.wording.moments import brief_moment, iso_moment


def test_a_moment_is_written_in_utc() -> None:
    assert iso_moment(1_780_000_000.25) == "2026-05-28T20:26:40.250Z"
    assert (iso_moment(None), iso_moment(0.0)) == (None, None)


@pytest.mark.parametrize(
    ("ago", "words"),
    [(5, "just now"), (61, "1 min ago"), (3599, "59 min ago"), (7300, "2 h ago")],
)
def test_a_recent_moment_is_told_by_how_long_ago_it_is(ago: float, words: str) -> None:
    assert brief_moment(1e9 - ago, 1e9) == words


def test_an_old_moment_and_one_to_come_are_told_by_their_day() -> None:
    assert brief_moment(1e9 - 5 * 86400, 1e9) == "2001-09-04"
    assert brief_moment(0.0, 1e9) == "–"
    assert brief_moment(1e9 + 5 * 86400, 1e9).startswith("2001-09-1")
