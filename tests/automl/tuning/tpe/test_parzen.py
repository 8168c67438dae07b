"""Densities integrate to 1, and draws follow them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from automl.tuning.tpe.dimensions import Booleans, Dimensions, Floats
from automl.tuning.tpe.parzen import Bandwidth, Columns, Parzen
from search_spaces import (
    CategoricalParameter,
    Condition,
    FloatParameter,
    IntParameter,
    SearchSpace,
)

SPACE = SearchSpace.of(
    "mixed",
    [
        FloatParameter("dropout", 0.0, 0.5),
        IntParameter("n_layers", 1, 4),
        CategoricalParameter("optimizer", ("sgd", "adam", "momentum")),
        FloatParameter("momentum", 0.5, 0.99, when=(Condition.of({"optimizer": ["momentum"]}),)),
    ],
)
DIMENSIONS = Dimensions(SPACE)
COLUMNS = Columns(DIMENSIONS.all)
CENTRES = np.array([[0.1, 0.0, 1.0, np.nan], [0.7, 3.0, 2.0, 0.9], [0.75, 2.0, 2.0, 1.0]])
WEIGHTS = np.array([1.0, 2.0, 1.0, 0.5])
PARZEN = Parzen(COLUMNS, CENTRES, WEIGHTS, Bandwidth(0.1, 0.3))


def density(coordinates: Floats, has: Booleans | None = None) -> Floats:
    has = DIMENSIONS.has(coordinates) if has is None else has
    return np.exp(PARZEN.log_density(COLUMNS.features(coordinates, has)))


def by_hand(x: Floats) -> float:
    """One draw, kernel by kernel, by scipy's distributions."""
    total = 0.0
    for centre, weight in zip([*CENTRES, None], WEIGHTS / WEIGHTS.sum(), strict=True):
        ranges = [0, 3] if x[2] == 2 else [0]
        if centre is None:
            total += weight / 12
            continue
        kernel = 1.0
        for column in ranges:
            if not np.isnan(centre[column]):
                ends = (np.array([0, 1]) - centre[column]) / 0.1
                kernel *= stats.truncnorm(*ends, centre[column], 0.1).pdf(x[column])
        cells = np.diff(stats.norm((2 * centre[1] + 1) / 8, 0.1).cdf(np.linspace(0, 1, 5)))
        kernel *= cells[int(x[1])] / cells.sum()
        kernel *= 0.3 / 3 + 0.7 * (x[2] == centre[2])
        total += weight * kernel
    return total


def test_a_density_is_the_sum_of_its_kernels() -> None:
    draws = PARZEN.draw(np.random.default_rng(0).random((50, 5)))
    np.testing.assert_allclose(density(draws), [by_hand(draw) for draw in draws], rtol=1e-9)


def test_a_density_adds_up_to_one() -> None:
    points = (np.arange(200) + 0.5) / 200
    total = 0.0
    for cell, choice in itertools.product(range(4), range(3)):
        first, last = (each.ravel() for each in np.meshgrid(points, points))
        grid = np.stack([first, np.full_like(first, cell), np.full_like(first, choice), last], 1)
        total += density(grid).mean()
    assert total == pytest.approx(1.0, rel=1e-3)


def test_draws_follow_the_density() -> None:
    draws = PARZEN.draw(np.random.default_rng(1).random((40_000, 5)))
    assert ((draws >= 0) & (draws[:, [0, 3, 3, 3]] <= 1)).all()
    points = (np.arange(400) + 0.5) / 400
    for cell, choice in itertools.product(range(4), range(3)):
        grid = np.zeros((400, 4))
        grid[:, 0], grid[:, 1], grid[:, 2] = points, cell, choice
        has = np.array([[True, True, True, False]] * 400)  # the last one integrated out
        wanted = density(grid, has)
        here = draws[(draws[:, 1] == cell) & (draws[:, 2] == choice)]
        share = wanted.mean()
        assert len(here) / len(draws) == pytest.approx(share, abs=0.008)
        for end in (0.2, 0.6, 0.8):
            below = wanted[points < end].sum() / 400
            assert (here[:, 0] < end).sum() / len(draws) == pytest.approx(below, abs=0.008)
    has = np.array([[False, False, False, True]] * 400)
    wanted = density(np.stack([np.zeros(400)] * 3 + [points], 1), has)
    for end in (0.5, 0.8, 0.95):
        below = wanted[points < end].sum() / 400
        assert (draws[:, 3] < end).mean() == pytest.approx(below, abs=0.01)


def test_without_trials_every_value_is_as_likely() -> None:
    whole = Parzen(COLUMNS, np.empty((0, 4)), np.ones(1), Bandwidth(0.1, 0.3))
    draws = whole.draw(np.random.default_rng(2).random((20_000, 5)))
    for column in (0, 3):
        assert stats.kstest(draws[:, column], "uniform").pvalue > 0.01
    for column, n_values in ((1, 4), (2, 3)):
        counts = np.bincount(draws[:, column].astype(int), minlength=n_values)
        assert stats.chisquare(counts).pvalue > 0.01


def test_draws_of_each_are_its_own_whatever_stands_beside_them() -> None:
    uniform = np.random.default_rng(3).random((16, 5))
    together = PARZEN.draw(uniform)
    alone = np.concatenate([PARZEN.draw(row[None]) for row in uniform])
    np.testing.assert_array_equal(together, alone)
