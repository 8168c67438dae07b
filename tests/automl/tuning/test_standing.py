"""Who is best of a study."""

from __future__ import annotations

import math

from automl.tuning.policies.policy import TrialView
from automl.tuning.standing import Standing, lowest
from tests.automl.tuning.test_stopping import view_with


def test_losses_that_are_no_number_are_never_the_lowest() -> None:
    assert lowest([math.nan, 0.3, 0.2]) == 0.2
    assert lowest([]) == lowest([math.nan]) == math.inf


def test_only_a_better_loss_of_all_is_a_gain() -> None:
    view = view_with([0.5, 0.4], [])
    standing = Standing(view)
    assert standing.best == 0.4
    assert not standing.note(1, [0.4])
    view.trials[2] = TrialView(2, {})
    assert standing.note(2, [0.9, 0.3])
    assert not standing.note(2, [0.35])
    assert (standing.of(2), standing.best, standing.of(7)) == (0.3, 0.3, math.inf)
    assert [standing.best_of(numbers) for numbers in ([0, 1], [1, 2], [])] == [0, 2, None]


def test_ahead_are_those_that_would_be_the_best_if_they_were_complete() -> None:
    view = view_with(
        [0.4], [0.3], [0.6], [0.2], states=("training", "paused", "training", "failed")
    )
    standing = Standing(view)
    assert standing.ahead == [0, 1, 2]
    view.trials[0].state = "complete"
    standing.look_at(0)
    assert standing.ahead == [1]
    standing.note(2, [0.35])
    assert standing.ahead == [1, 2]
    view.trials[1].state = "pruned"
    standing.look_at(1)
    assert standing.ahead == [2]
    view.trials[1].state = "paused"  # a later call goes on with it
    standing.look_at(1)
    assert standing.ahead == [1, 2]


def test_the_best_unfinished_trial_must_be_better_than_the_best_complete_one() -> None:
    view = view_with([0.1], [0.3], [0.2, 0.4], [0.2], [], states=("pruned", "training", "paused"))
    standing = Standing(view)
    assert standing.best_unfinished(None) == (2, 0.2)
    assert standing.best_unfinished(0.21) == (2, 0.2)
    assert standing.best_unfinished(0.2) is None
    assert Standing(view_with([], [])).best_unfinished(None) is None


def test_epochs_ahead_of_the_order_count_where_they_are_told() -> None:
    standing = Standing(view_with([0.3], [0.2], []))
    assert standing.best_unfinished(None, {0: [0.4, 0.1], 1: []}) == (0, 0.1)
    assert standing.best_unfinished(None, {0: [0.4], 2: [math.nan]}) == (0, 0.3)
    assert standing.best_unfinished(None, {}) is None
