"""What the process is told: points at the grid's epochs, cut, standardized, and never too many."""

from __future__ import annotations

import math

import numpy as np
import pytest

from automl.tuning.gaussian_process.curves import LEADERS, Curves, Seen
from automl.tuning.gaussian_process.unit_cube import UnitCube
from automl.tuning.policies.policy import TrialState, TrialView
from search_spaces import FloatParameter, SearchSpace

SPACE = SearchSpace.of("one", [FloatParameter("learning_rate", 1e-4, 1e-1, log=True)])
GRID = (1, 2, 3, 5, 8)


def trial(number: int, losses: list[float], state: TrialState = "paused") -> TrialView:
    return TrialView(number, {"learning_rate": 1e-4 * 1.01**number}, state, losses)


def seen_of(*trials: TrialView, most: int = 100) -> Seen:
    curves = Curves(UnitCube(SPACE), GRID)
    curves.read({each.number: each for each in trials})
    seen = curves.seen(most)
    assert seen is not None
    return seen


def logarithms(seen: Seen) -> dict[tuple[int, int], float]:
    """Of the losses above the best one, by trial's row and epoch."""
    keys = zip(seen.trials[seen.points.row].tolist(), seen.points.epoch.tolist(), strict=True)
    above = (seen.values - seen.best) * seen.scale
    return dict(zip(keys, above.tolist(), strict=True))


def test_a_trial_is_its_best_losses_at_the_grid_and_its_last() -> None:
    seen = seen_of(trial(0, [0.8, 0.4, 0.6, 0.5]), trial(1, [0.9, 0.1]))
    found = logarithms(seen)
    expected = {(0, 1): 8, (0, 2): 4, (0, 3): 4, (0, 4): 4, (1, 1): 9, (1, 2): 1}
    cut = math.log(max(9, 1))  # far above the third quartile's double distance: nothing is cut
    assert found.keys() == expected.keys()
    for key, ratio in expected.items():
        assert math.isclose(found[key], min(math.log(ratio), cut), abs_tol=1e-9)
    assert math.isclose(float(np.mean(seen.values)), 0.0, abs_tol=1e-9)
    assert math.isclose(float(np.std(seen.values)), 1.0)


def test_failures_are_as_bad_as_the_worst_and_no_number_is_lower() -> None:
    good = [trial(number, [0.5 + 0.01 * number]) for number in range(8)]
    bad = [trial(8, [1e9]), trial(9, [0.4, math.nan], "failed"), trial(10, [], "failed")]
    found = logarithms(seen_of(*good, *bad))
    worst = max(found.values())
    assert found[8, 1] == found[9, 3] == found[10, 1] == worst
    assert found[9, 8] == found[10, 8] == worst  # they will never be better
    assert worst < 1.0
    assert found[9, 1] == 0.0


def test_only_what_has_changed_is_read_again() -> None:
    curves = Curves(UnitCube(SPACE), GRID)
    trials = {number: trial(number, [1.0 + number]) for number in range(200)}
    curves.read(trials)
    trials[3].losses.append(0.2)
    trials[4].state = "complete"
    trials[200] = trial(200, [])
    curves.read(trials)
    fresh = Curves(UnitCube(SPACE), GRID)
    fresh.read(trials)
    for name in ("places", "epoch", "is_paused"):
        np.testing.assert_array_equal(getattr(curves, name)[:201], getattr(fresh, name)[:201])
    first, second = curves.seen(1000), fresh.seen(1000)
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.values, second.values)
    assert curves.epoch[3] == 2
    assert not curves.is_paused[4]


def test_of_too_many_points_the_leaders_of_every_age_stay() -> None:
    random = np.random.default_rng(0)
    trials = [trial(n, random.uniform(0.5, 1.0, 1 + (n % 4)).tolist()) for n in range(300)]
    trials.append(trial(300, [0.9, 0.9, 0.9, 0.9, 0.9, 0.9]))  # alone at its age
    seen = seen_of(*trials, most=100)
    assert len(seen.values) == 100
    assert seen.n_points > 600
    lowest = min(range(300), key=lambda n: min(trials[n].losses))
    assert {lowest, 300} <= set(seen.trials[: int(LEADERS * 100)].tolist())
    n_whole = sum(np.bincount(seen.points.row) > 1)
    assert n_whole > 10  # the leaders, with all of their points


def test_the_best_trials_are_those_of_the_lowest_losses() -> None:
    curves = Curves(UnitCube(SPACE), GRID)
    losses = [[0.9, 0.2], [0.5], [math.nan], [], [0.3]]
    curves.read({number: trial(number, each) for number, each in enumerate(losses)})
    assert curves.best(2).tolist() == [0, 4]
    assert len(curves.best(10)) == 3


@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["positive", "negative"])
def test_what_a_value_is_worth_does_not_depend_on_the_unit_of_losses(sign: float) -> None:
    losses = [4.0, 2.0, 3.0, 5.0]
    seconds, milliseconds = (
        seen_of(*(trial(n, [sign * unit * one]) for n, one in enumerate(losses)))
        for unit in (1.0, 1000.0)
    )
    assert seconds.scale == pytest.approx(milliseconds.scale)


def test_without_a_number_there_is_nothing_to_tell() -> None:
    curves = Curves(UnitCube(SPACE), GRID)
    curves.read({0: trial(0, []), 1: trial(1, [math.inf])})
    assert curves.seen(10) is None
