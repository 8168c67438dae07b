"""Replayed searches do what searches do."""

from __future__ import annotations

import pytest

from benchmarks.epochs import Recorded, Replay

SLOW = Recorded((5.0, 4.0, 3.0, 2.0, 2.5, 1.0), 64, 128, 32, 0.01, 0.5)
"""Of 50 epochs of 128 updates it has but three: the rest is as the last."""


def test_a_curve_is_cut_at_the_ends_of_epochs() -> None:
    losses, seconds = SLOW.cut(64)
    assert losses[:6] == [5.0, 4.0, 3.0, 2.0, 2.5, 1.0] and len(losses) == 100
    assert seconds == pytest.approx(64 * 0.01 + 0.5)
    losses, seconds = SLOW.cut(256)
    assert losses[:3] == [4.0, 2.0, 1.0] and len(losses) == 50
    assert seconds == pytest.approx(128 * 0.01 + 0.5), "a pass has no more"
    assert SLOW.cut(None) == SLOW.cut(128)


def test_time_is_spent_and_the_best_in_training_is_the_answer() -> None:
    done = Replay(None).run([([3.0, 2.0, 4.0], 1.0)], seconds=32.0, seed=0)
    assert (done.answer, done.n_trials, done.n_complete) == (2.0, 16, 0)


def test_one_of_four_goes_on_at_a_rung() -> None:
    cuts = [([float(loss)] * 9, 1.0) for loss in range(40)]
    done = Replay(None).run(cuts, seconds=16.0 * 40, seed=0)
    assert done.answer == 0.0
    assert 40 < done.n_trials < 16 * 40
    assert 0 < done.n_complete < done.n_trials / 4


def test_patience_ends_a_trial_that_does_not_get_better() -> None:
    stuck = [([2.0, *[3.0] * 50], 1.0)]
    done = Replay(3).run(stuck, seconds=16.0 * 4, seed=0)
    assert (done.answer, done.n_complete) == (2.0, 16)
    assert Replay(None).run(stuck, seconds=16.0 * 4, seed=0).n_complete == 0
