"""The unit cube: scales, words, and parameters that a trial does not have."""

from __future__ import annotations

import numpy as np

from automl.tuning.gaussian_process.unit_cube import UnitCube
from search_spaces import (
    CategoricalParameter,
    Condition,
    FixedParameter,
    FloatParameter,
    IntParameter,
    SearchSpace,
)

SPACE = SearchSpace.of(
    "small",
    [
        FloatParameter("learning_rate", 1e-4, 1e-2, log=True),
        CategoricalParameter("optimizer", ("adam", "momentum", "sgd")),
        FloatParameter("momentum", 0.5, 0.9, when=(Condition.of({"optimizer": ["momentum"]}),)),
        IntParameter("n_layers", 1, 5),
        FixedParameter("batch_size", 32),
    ],
)
CUBE = UnitCube(SPACE)


def points_of(**params: float | str) -> np.ndarray:
    given = {"learning_rate": 1e-3, "optimizer": "adam", "n_layers": 3} | params
    point: np.ndarray = CUBE.points(CUBE.place(given)[None])[0]
    return point


def distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.linalg.norm(first - second))


def test_axes_belong_to_parameters() -> None:
    assert CUBE.n_parameters == 4
    assert CUBE.parameter_of.tolist() == [0, 1, 1, 1, 2, 3]


def test_ranges_go_by_their_scale_and_words_are_one_apart() -> None:
    middle = points_of()
    np.testing.assert_allclose(middle[0], 0.5)
    np.testing.assert_allclose(distance(middle, points_of(learning_rate=1e-2)), 0.5)
    np.testing.assert_allclose(distance(middle, points_of(optimizer="sgd")), 1.0)
    np.testing.assert_allclose(distance(points_of(n_layers=1), points_of(n_layers=5)), 0.8)


def test_between_trials_without_a_parameter_it_makes_no_distance() -> None:
    assert points_of()[4] == points_of(optimizer="sgd")[4] == 0.5
    with_it = points_of(optimizer="momentum", momentum=0.9)
    np.testing.assert_allclose(with_it[4], 1.0)


def test_draws_have_what_their_conditions_say_and_come_back() -> None:
    places = CUBE.draws(np.random.default_rng(0).random((200, 4)))
    params = [CUBE.params(place) for place in places]
    assert all(("momentum" in each) == (each["optimizer"] == "momentum") for each in params)
    assert {each["batch_size"] for each in params} == {32}
    assert {each["n_layers"] for each in params} == {1, 2, 3, 4, 5}
    again = np.array([CUBE.place(each) for each in params])
    np.testing.assert_allclose(again, places, atol=1e-9)


def test_spread_trials_have_one_in_each_part_of_each_range() -> None:
    places = CUBE.spread(20, np.random.default_rng(1))
    assert sorted(np.floor(20 * places[:, 0]).astype(int)) == list(range(20))


def test_neighbours_are_near_and_keep_to_the_space() -> None:
    random = np.random.default_rng(2)
    middle = {"learning_rate": 1e-3, "optimizer": "momentum", "momentum": 0.7, "n_layers": 3}
    at = CUBE.place(middle)
    near = CUBE.neighbours(np.tile(at, (400, 1)), random, np.full((400, 1), 0.05))
    has_momentum = ~np.isnan(near[:, 2])
    np.testing.assert_array_equal(has_momentum, near[:, 1] == at[1])
    assert 0.3 < has_momentum.mean() < 0.9  # a word that moves is drawn again
    assert 0.01 < near[:, 0].std() < 0.05


def test_neighbours_differ_in_one_parameter_or_in_many() -> None:
    random = np.random.default_rng(4)
    numbers = [
        FloatParameter(f"own_{place}", 0.0, 1.0, meaning="any number") for place in range(16)
    ]
    cube = UnitCube(SearchSpace.of("many", numbers, family="own"))
    at = np.full((600, 16), 0.5)
    n_moved = (cube.neighbours(at, random, np.full((600, 1), 0.1)) != at).sum(axis=1)
    assert n_moved.min() == 1
    assert n_moved.max() >= 0.6 * 16
    assert 0.15 < (n_moved <= 2).mean() < 0.5


def test_neighbours_of_an_end_are_often_at_it() -> None:
    """Where the best values are, they are found exactly."""
    random = np.random.default_rng(3)
    at = CUBE.place({"learning_rate": 1e-4, "optimizer": "adam", "n_layers": 5})
    near = CUBE.neighbours(np.tile(at, (400, 1)), random, np.full((400, 1), 0.3))
    assert 0.5 < (near[:, 0] == 0.0).mean() < 1.0
    assert near[:, 0].max() <= 1.0


def test_a_space_in_which_nothing_varies_has_no_axes() -> None:
    cube = UnitCube(SearchSpace.of("fixed", [FixedParameter("batch_size", 32)]))
    assert cube.points(cube.draws(np.empty((3, 0)))).shape == (3, 0)
    assert cube.params(np.empty(0)) == {"batch_size": 32}
