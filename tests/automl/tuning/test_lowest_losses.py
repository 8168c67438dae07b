"""The lowest loss of each trial."""

from __future__ import annotations

import math

from automl.tuning.lowest_losses import LowestLosses, lowest


def test_losses_that_are_no_number_are_never_the_lowest() -> None:
    assert lowest([math.nan, 0.3, 0.2]) == 0.2
    assert lowest([]) == lowest([math.nan]) == math.inf


def test_only_a_better_loss_of_all_is_a_gain() -> None:
    losses = LowestLosses({0: [0.5, 0.4], 1: []})
    assert losses.best == 0.4
    assert not losses.note(1, [0.4])
    assert losses.note(2, [0.9, 0.3])
    assert not losses.note(2, [0.35])
    assert (losses.of(2), losses.best, losses.of(7)) == (0.3, 0.3, math.inf)
    assert (losses.best_of([0, 1]), losses.best_of([1, 2]), losses.best_of([])) == (0, 2, None)
