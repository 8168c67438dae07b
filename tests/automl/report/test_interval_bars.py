"""Bars with intervals, the most important on top."""

from __future__ import annotations

import pytest

from automl.report.interval_bars import Bar, interval_bars

SURE = Bar("depth <b>", 0.5, 0.4, 0.7, is_certain=True)
CHANCE = Bar("width", 0.1, -0.1, 0.2, is_certain=False)


def test_the_first_bar_is_on_top_with_its_interval() -> None:
    (bars,) = interval_bars([SURE, CHANCE], "share", ".0%").data
    assert list(bars.x) == [0.1, 0.5]
    assert list(bars.error_x.arrayminus) == pytest.approx([0.2, 0.1])
    assert list(bars.error_x.array) == pytest.approx([0.1, 0.2])
    assert bars.marker.color[0] != bars.marker.color[1]  # what may be chance looks so
    assert bars.customdata[1][0] == "depth &lt;b&gt;"
    assert "%{x:.0%}" in bars.hovertemplate


def test_names_that_are_alike_when_cut_have_bars_of_their_own() -> None:
    long = [Bar("a column with a very long name " + end, 1.0, 0.9, 1.1, True) for end in "xy"]
    made = interval_bars(long, "share", ".0%")
    assert len(set(made.data[0].y)) == 2
    assert all(len(name) == 28 for name in made.layout.yaxis.ticktext)
    assert made.layout.xaxis.title.text == "share"
