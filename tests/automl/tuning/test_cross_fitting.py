"""What a way to choose is worth on rows that it has not seen, and how much of a lead is luck."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from automl.tuning.cross_fitting import N_FOLDS, Repeated, alone, cross_fit, paired, smallest
from automl.tuning.ensembles import select_bagged

Floats = NDArray[np.float64]


def equals(n_networks: int, n_rows: int, seed: int) -> Floats:
    """Networks of which none is better than another."""
    return np.random.default_rng(seed).normal(size=(n_networks, n_rows))


def test_what_is_chosen_by_all_rows_is_handed_over() -> None:
    values = equals(8, 200, 0) * np.linspace(1.0, 1.5, 8)[:, None]
    found = cross_fit(values, "mean_squared", [None] * 8, seed=4)
    assert (found["single"].shares == alone(int((values**2).mean(axis=1).argmin()), 8)).all()
    assert (found["ensemble"].shares == select_bagged(values, "mean_squared", 4)).all()


def test_each_row_is_scored_by_a_choice_without_it() -> None:
    """A network that is perfect on a single row is never chosen for that row's own sake."""
    values = np.ones((3, N_FOLDS))
    values[1] = 1.01
    values[1, 2] = 0.0  # best by all rows; without this one the worst of the three
    single = cross_fit(values, "mean_squared", [None] * 3, seed=0)["single"]
    assert single.shares.argmax() == 1
    assert single.losses[2] == 1.0


def test_a_choice_among_equals_is_luck_and_one_that_is_sure_is_none() -> None:
    """The lead of the best of 30 equal ones on 100 rows is what luck alone gives it."""
    luck, lead = [], []
    for seed in range(20):
        values = equals(30, 100, seed)
        found = cross_fit(values, "mean_squared", [None] * 30, seed)["single"]
        luck.append(found.luck)
        losses = (values**2).mean(axis=1)
        lead.append(1.0 - losses.min())  # true losses are 1
    assert np.mean(luck) == pytest.approx(np.mean(lead), rel=0.3)

    values = equals(30, 100, 0) + 3.0
    values[7] -= 3.0
    assert cross_fit(values, "mean_squared", [None] * 30, 0)["single"].luck == pytest.approx(0.0)


def test_an_ensemble_of_equals_is_better_and_one_of_copies_is_not() -> None:
    found = cross_fit(equals(10, 400, 1), "mean_squared", [None] * 10, 0)
    gain = found["ensemble"].gain_over(found["single"])
    assert gain.is_better and gain.value == pytest.approx(0.9, abs=0.2)

    copies = np.repeat(equals(1, 400, 1), 10, axis=0)
    found = cross_fit(copies, "mean_squared", [None] * 10, 0)
    assert found["ensemble"].gain_over(found["single"]).value == pytest.approx(0.0, abs=1e-12)


def test_intervals_are_those_of_the_mean_over_rows() -> None:
    single = cross_fit(equals(1, 500, 2), "mean_absolute", [3], 0)["single"]
    low, high = single.interval
    error = single.losses.std(ddof=1) / np.sqrt(500)
    assert (low, high) == pytest.approx((single.loss - 1.96 * error, single.loss + 1.96 * error))
    difference = paired(np.array([1.0, 2.0, 3.0]))
    assert difference.value == 2.0
    assert difference.standard_error == pytest.approx(1 / np.sqrt(3))


def test_the_smallest_is_one_that_cannot_be_told_from_the_best() -> None:
    """Of four networks one is worse by far, and one as good as the best, but for a little."""
    signs = np.resize([1.0, -1.0], 1000)
    losses = 1.0 + np.array([0.0, 0.001, 0.5, 0.002])[:, None] + 0.1 * signs * np.eye(4, 1, -1)
    losses[3] += 0.1 * signs
    assert smallest(losses, [1000, 200, 10, 300]) == 1
    assert smallest(losses, [1000, None, 10, 300]) == 3
    assert smallest(losses, [None] * 4) == 0
    errors = np.sqrt(losses)
    shares = cross_fit(errors, "mean_squared", [1000, 200, 10, 300], 0)["smallest"].shares
    assert shares[1] == 1.0


def test_two_rows_are_enough_and_the_seed_decides_the_folds() -> None:
    assert cross_fit(equals(3, 2, 0), "huber", [None] * 3, 0)["ensemble"].losses.shape == (2,)
    values = equals(6, 40, 0)
    losses = [
        cross_fit(values, "mean_squared", [None] * 6, seed)["ensemble"].loss for seed in (0, 0, 1)
    ]
    assert losses[0] == losses[1] != losses[2]


def test_further_seeds_are_scored_where_their_trial_is_chosen_and_nowhere_else() -> None:
    values = np.ones((3, N_FOLDS))
    values[1] = 1.01
    values[1, 2] = 0.0  # the best by all rows; without this one the first is chosen
    repeated = Repeated(1, np.full(N_FOLDS, 0.5))
    found = cross_fit(values, "mean_squared", [None] * 3, 0, repeated)
    assert found["seeds"].losses.tolist() == [0.25, 0.25, 1.0, 0.25, 0.25]
    assert found["seeds"].shares.tolist() == found["single"].shares.tolist()
    assert found["single"].losses.tolist() == pytest.approx([1.0201, 1.0201, 1.0, 1.0201, 1.0201])
    assert "seeds" not in cross_fit(values, "mean_squared", [None] * 3, 0)


def test_repetitions_that_are_no_better_gain_nothing() -> None:
    values = equals(6, 300, 2)
    best = int((values**2).mean(axis=1).argmin())
    copy = Repeated(best, values[best])
    found = cross_fit(values, "mean_squared", [None] * 6, 0, copy)
    assert (found["seeds"].losses == found["single"].losses).all()
    assert found["seeds"].luck == found["single"].luck


def test_rows_count_by_their_weights() -> None:
    """The network that is best where rows weigh much is chosen, and scored by them."""
    heavy = np.arange(200) < 20
    values = np.where(heavy, 2.0, 1.0) * np.ones((2, 1)) + equals(2, 200, 0) * 0.01
    values[1] = np.where(heavy, 1.0, 2.0)
    weights = np.where(heavy, 40.0, 1.0)
    weights /= weights.mean()
    plain = cross_fit(values, "mean_squared", [None] * 2, seed=0)
    found = cross_fit(values, "mean_squared", [None] * 2, seed=0, weights=weights)
    assert plain["single"].shares.argmax() == 0 and found["single"].shares.argmax() == 1
    assert found["single"].loss == pytest.approx(np.average(values[1] ** 2, weights=weights))
    assert found["ensemble"].loss <= found["single"].loss + 1e-9
