"""The fit: its gradient against finite differences, its optimum against where losses came from."""

from __future__ import annotations

import numpy as np

from automl.tuning.gaussian_process.fitting import Fit
from automl.tuning.gaussian_process.kernel import (
    Axes,
    Covariance,
    Hyperparameters,
    Points,
    distances,
    matern,
)

MAX_EPOCHS = 12


def drawn(at: Hyperparameters, n_trials: int, seed: int) -> tuple[Axes, np.ndarray, Points]:
    random = np.random.default_rng(seed)
    axes = Axes.of(np.arange(len(at.lengths)), MAX_EPOCHS)
    cube = random.random((n_trials, len(at.lengths)))
    counts = random.integers(1, 5, n_trials)
    rows = np.repeat(np.arange(n_trials), counts)
    epochs = np.concatenate([np.array([1, 3, 7, 12])[:count] for count in counts])
    return axes, cube, Points(rows, epochs)


def values_of(
    at: Hyperparameters, axes: Axes, cube: np.ndarray, points: Points, seed: int
) -> np.ndarray:
    covariance = Covariance(axes, at)
    scaled = (cube / covariance.lengths)[points.row]
    whole = covariance.between(matern(distances(scaled, scaled)), points, points)
    whole += covariance.noise * np.eye(len(points)) - axes.trend[0, 0]
    normal = np.random.default_rng(seed).normal(size=len(points))
    values: np.ndarray = np.linalg.cholesky(whole) @ normal
    return values


AT = Hyperparameters(np.log([0.3, 3.0]), 0.0, 0.0, 0.0, -1.5, -3.0)


def test_the_gradient_agrees_with_finite_differences() -> None:
    axes, cube, points = drawn(AT, 12, seed=1)
    fit = Fit(axes, cube, points, values_of(AT, axes, cube, points, seed=2))
    at, step = fit.prior.mean + 0.1, 1e-6
    _, gradient = fit.cost(at)
    for place in range(len(at)):
        moved = step * np.eye(len(at))[place]
        numeric = (fit.cost(at + moved)[0] - fit.cost(at - moved)[0]) / (2 * step)
        assert abs(gradient[place] - numeric) < 1e-5 * max(1.0, abs(numeric)), place


def test_the_cost_is_the_density_of_the_values() -> None:
    axes, cube, points = drawn(AT, 6, seed=1)
    values = values_of(AT, axes, cube, points, seed=2)
    fit = Fit(axes, cube, points, values)
    covariance = Covariance(axes, AT)
    scaled = (cube / covariance.lengths)[points.row]
    whole = covariance.between(matern(distances(scaled, scaled)), points, points)
    whole += covariance.noise * np.eye(len(points))
    expected = 0.5 * values @ np.linalg.solve(whole, values) + 0.5 * np.linalg.slogdet(whole)[1]
    off = (AT.to_array() - fit.prior.mean) / fit.prior.deviation
    np.testing.assert_allclose(fit.cost(AT.to_array())[0], expected + 0.5 * off @ off)


def test_it_finds_which_parameter_matters() -> None:
    axes, cube, points = drawn(AT, 60, seed=3)
    fit = Fit(axes, cube, points, values_of(AT, axes, cube, points, seed=4))
    found = fit.most_probable(None, 50)
    assert found.lengths[0] < found.lengths[1] - 1.0
    again = fit.most_probable(found, 5)
    assert fit.cost(again.to_array())[0] <= fit.cost(found.to_array())[0]


def test_points_that_cannot_be_told_apart_are_fitted_too() -> None:
    axes = Axes.of(np.array([0]), 1)
    fit = Fit(axes, np.zeros((3, 1)), Points(np.arange(3), np.ones(3, np.intp)), np.zeros(3))
    assert np.isfinite(fit.most_probable(None, 5).to_array()).all()
