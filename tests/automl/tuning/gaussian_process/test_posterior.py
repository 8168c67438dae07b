"""Expectations: against dense formulas, with beliefs as points of their own."""

from __future__ import annotations

import numpy as np

from automl.tuning.gaussian_process.kernel import (
    Axes,
    Covariance,
    Hyperparameters,
    Points,
    distances,
    matern,
)
from automl.tuning.gaussian_process.posterior import Posterior

AXES = Axes.of(np.arange(2), 12)
COVARIANCE = Covariance(AXES, Hyperparameters(np.log([0.4, 0.8]), 0.0, 0.0, 0.0, -1.0, -2.0))
CUBE = np.random.default_rng(0).random((9, 2))
SEEN = Points(np.array([0, 0, 1, 2, 3]), np.array([1, 3, 1, 7, 1]))
VALUES = np.array([0.5, -0.2, 1.0, -1.0, 0.3])
TRAINING = Points(np.array([1, 8]), np.array([3, 1]))
ASKED = Points(np.array([0, 1, 3, 4, 5, 8]), np.array([12, 12, 5, 1, 12, 12]))


def join(*points: Points) -> Points:
    return Points(
        np.concatenate([each.row for each in points]),
        np.concatenate([each.epoch for each in points]),
    )


def covariance_of(first: Points, second: Points) -> np.ndarray:
    scaled = CUBE / COVARIANCE.lengths
    nearness = matern(distances(scaled[first.row], scaled[second.row]))
    return COVARIANCE.between(nearness, first, second)


def dense(known: Points, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rasmussen and Williams 2006, equations 2.23 and 2.24, at `ASKED`."""
    whole = covariance_of(known, known) + COVARIANCE.noise * np.eye(len(known))
    cross = covariance_of(ASKED, known)
    explained = np.einsum("ij,ij->i", cross, np.linalg.solve(whole, cross.T).T)
    return cross @ np.linalg.solve(whole, values), COVARIANCE.variance(ASKED.epoch) - explained


def posterior() -> Posterior:
    return Posterior(COVARIANCE, CUBE, SEEN, VALUES, TRAINING, n_beliefs=3)


def test_what_is_expected_is_the_dense_formula_and_training_only_makes_it_surer() -> None:
    outlook = posterior().outlook(ASKED)
    mean, variance = dense(SEEN, VALUES)
    np.testing.assert_allclose(outlook.mean, mean)
    assert np.all(outlook.variance < variance)
    _, with_training = dense(join(SEEN, TRAINING), np.zeros(7))
    np.testing.assert_allclose(outlook.variance, with_training)


def test_beliefs_are_as_points_that_were_there_from_the_start() -> None:
    process = posterior()
    first = process.outlook(ASKED)
    believed = [(5, 1), (0, 5), (6, 1)]
    for row, epoch in believed:
        process.believe(row, epoch)
    points = Points(*np.array(believed).T)
    _, variance = dense(join(SEEN, TRAINING, points), np.zeros(10))
    np.testing.assert_allclose(first.variance, variance)
    later = process.outlook(ASKED)
    np.testing.assert_allclose(later.variance, variance)
    np.testing.assert_allclose(later.mean, dense(SEEN, VALUES)[0])


def test_believing_what_is_expected_moves_no_expectation() -> None:
    """Why a belief needs no value."""
    cross = covariance_of(TRAINING, SEEN)
    whole = covariance_of(SEEN, SEEN) + COVARIANCE.noise * np.eye(len(SEEN))
    believed = np.concatenate([VALUES, cross @ np.linalg.solve(whole, VALUES)])
    mean, _ = dense(join(SEEN, TRAINING), believed)
    np.testing.assert_allclose(mean, dense(SEEN, VALUES)[0], atol=1e-12)
