"""The covariance: against the formula written out point by point."""

from __future__ import annotations

import math

import numpy as np
import pytest

from automl.tuning.gaussian_process.kernel import (
    LASTING,
    LEVEL,
    SLOPE,
    Axes,
    Covariance,
    Hyperparameters,
    Points,
    distances,
    matern,
    matern_slope,
)

MAX_EPOCHS = 20
AT = Hyperparameters(np.log([0.5, 2.0]), math.log(0.7), math.log(1.5), 0.2, -0.5, -2.0)
AXES = Axes.of(np.array([0, 1, 1]), MAX_EPOCHS)


def matern_of(distance: float) -> float:
    scaled = math.sqrt(5) * distance
    return (1 + scaled + scaled**2 / 3) * math.exp(-scaled)


def written_out(cube: np.ndarray, first: tuple[int, int], second: tuple[int, int]) -> float:
    """The formula of the module's story, for two points (row, epoch)."""
    lengths = np.array([0.5, 2.0, 2.0])
    near = matern_of(float(np.linalg.norm((cube[first[0]] - cube[second[0]]) / lengths)))
    times = [math.log(epoch) / math.log(MAX_EPOCHS) for _, epoch in (first, second)]
    apart = abs(times[0] - times[1])
    lasting = LASTING + (1 - LASTING) * matern_of(apart / 0.7)
    own = math.exp(-1.0) * matern_of(apart / 1.5) if first[0] == second[0] else 0.0
    trend = LEVEL**2 + SLOPE**2 * times[0] * times[1]
    return math.exp(0.4) * near * lasting + own + trend


def test_the_covariance_is_the_formula() -> None:
    cube = np.random.default_rng(0).random((4, 3))
    points = [(0, 1), (0, 20), (1, 3), (2, 3), (3, 11)]
    rows, epochs = (np.array(each) for each in zip(*points, strict=True))
    covariance = Covariance(AXES, AT)
    scaled = cube / covariance.lengths
    nearness = matern(distances(scaled, scaled))[np.ix_(rows, rows)]
    both = Points(rows, epochs)
    found = covariance.between(nearness, both, both)
    expected = [[written_out(cube, first, second) for second in points] for first in points]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(covariance.variance(epochs), np.diag(expected), rtol=1e-12)
    assert covariance.noise == pytest.approx(math.exp(-4.0))


def test_the_slope_is_the_derivative_over_the_distance() -> None:
    distance, step = np.array([0.1, 0.5, 2.0]), 1e-6
    numeric = (matern(distance + step) - matern(distance - step)) / (2 * step)
    np.testing.assert_allclose(matern_slope(distance) * distance, numeric, rtol=1e-6)


def test_an_only_epoch_has_one_time() -> None:
    axes = Axes.of(np.array([0]), 1)
    assert np.all(axes.epochs == 0)
    assert np.all(axes.trend == LEVEL**2)
