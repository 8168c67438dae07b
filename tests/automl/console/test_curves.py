"""A learning curve in one line, and the epochs of its table."""

from __future__ import annotations

import pytest

from automl.console.curves import MOST_ROWS, SPARKLINE_WIDTH, curve_lines, shown_places
from storage.records import EpochRecord


def curve(*losses: float) -> list[EpochRecord]:
    return [
        EpochRecord(1, epoch, epoch, loss / 2, loss, 0.01, 0.1, 0.1, 0.01, 1.0, 0.1)
        for epoch, loss in enumerate(losses, start=1)
    ]


def test_a_curve_is_drawn_with_its_best_epoch_marked() -> None:
    train, valid, mark = curve_lines(curve(8, 4, 2, 1, 2, 4))
    assert valid == "valid loss  █▇▅▃▅▇"
    assert train == "train loss  ▇▅▃▁▃▅"
    assert mark.index("^") == valid.index("▃")


def test_what_cannot_be_drawn_is_marked() -> None:
    assert curve_lines(curve(4, 2, float("inf")))[1].endswith("x")
    assert curve_lines(curve(4, 2, 0.0))[1].endswith("▁")
    assert curve_lines(curve(float("nan")))[-1].endswith("x")


def test_a_long_curve_fits_and_keeps_its_mark() -> None:
    losses = [1 + abs(epoch - 700) for epoch in range(1000)]
    _, valid, mark = curve_lines(curve(*losses))
    assert len(valid) <= len("valid loss  ") + SPARKLINE_WIDTH
    assert valid[mark.index("^")] == min(valid[12:])


@pytest.mark.parametrize(
    ("n_records", "best"), [(1, 0), (9, 2), (10, None), (50, 36), (50, 0), (1000, 999)]
)
def test_few_epochs_of_many_are_in_the_table(n_records: int, best: int | None) -> None:
    places = shown_places(n_records, best)
    assert len(places) <= MOST_ROWS + 1
    assert {0, n_records - 1} <= set(places) <= set(range(n_records))
    assert best is None or best in places
    assert places == sorted(places)
