"""Greedy selection beside a reference that tries everything, and what it promises."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from automl.training.metrics import SMALLEST_PROBABILITY, value_losses
from automl.tuning.ensembles import (
    LEAST_SHARE,
    N_BAGS,
    N_START,
    mean_losses,
    select,
    select_bagged,
)

LOSSES = ("cross_entropy", "binary_cross_entropy", "mean_squared", "mean_absolute", "huber")

Floats = NDArray[np.float64]


def library(loss: str, n_networks: int = 6, n_rows: int = 61, seed: int = 0) -> Floats:
    """Networks that err in common and each by itself, some more than others."""
    generator = np.random.default_rng(seed)
    common = generator.normal(size=n_rows)
    own = generator.normal(size=(n_networks, n_rows))
    errors = common + np.linspace(0.8, 1.6, n_networks)[:, None] * own
    if "entropy" in loss:
        return np.asarray(1 / (1 + np.exp(-1.5 - errors)))
    return np.asarray(errors)


def loss_of(values: Floats, counts: list[int], loss: str) -> float:
    return float(value_losses(np.average(values, axis=0, weights=counts), loss).mean())


def by_trying(values: Floats, loss: str, n_steps: int) -> Floats:
    """Caruana's selection as it is written: means are computed anew for every candidate."""
    n_networks = len(values)
    order = sorted(range(n_networks), key=lambda one: value_losses(values[one], loss).mean())
    starts = [
        [int(one in order[:n]) for one in range(n_networks)]
        for n in range(1, min(N_START, n_networks) + 1)
    ]
    path = [min(starts, key=lambda counts: loss_of(values, counts, loss))]
    while sum(path[-1]) < n_steps:
        larger = [
            [count + (one == added) for one, count in enumerate(path[-1])]
            for added in range(n_networks)
        ]
        path.append(min(larger, key=lambda counts: loss_of(values, counts, loss)))
    best = np.array(min(path, key=lambda counts: loss_of(values, counts, loss)), dtype=float)
    return np.asarray(best / best.sum())


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_trying_everything_finds(loss: str, seed: int) -> None:
    values = library(loss, seed=seed)
    assert select(values, loss, 12) == pytest.approx(by_trying(values, loss, 12))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n_rows", [1, 7, 8, 61])
def test_losses_of_sums_are_those_of_means(loss: str, n_rows: int) -> None:
    values = library(loss, n_rows=n_rows)
    sums = values + values[0]
    expected = value_losses(sums / 2, loss).mean(axis=1)
    assert mean_losses(sums, 2, loss) == pytest.approx(expected)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("seed", range(5))
def test_a_selection_is_never_worse_than_the_best_network_alone(loss: str, seed: int) -> None:
    values = library(loss, seed=seed)
    shares = select(values, loss)
    assert shares.sum() == pytest.approx(1.0) and (shares >= 0).all()
    alone = value_losses(values, loss).mean(axis=1).min()
    assert value_losses(shares @ values, loss).mean() <= alone + 1e-12


@pytest.mark.parametrize("loss", LOSSES)
def test_the_grid_of_all_shares_has_none_that_is_much_better(loss: str) -> None:
    """Greedy is not exact: of three networks it comes close to the best of all mixtures."""
    values = library(loss, n_networks=3)
    n = 12
    counts = [c for c in itertools.product(range(n + 1), repeat=3) if sum(c) == n]
    best = min(loss_of(values, list(each), loss) for each in counts)
    alone = value_losses(values, loss).mean(axis=1).min()
    found = value_losses(select(values, loss) @ values, loss).mean()
    assert found - best <= 0.05 * (alone - best) + 1e-12


@pytest.mark.parametrize("loss", LOSSES)
def test_a_bagged_one_is_no_worse_than_its_bags_on_average(loss: str) -> None:
    """Losses are convex in what is averaged."""
    values = library(loss, n_networks=9)
    generator = np.random.default_rng(3)
    bags = []
    for _ in range(N_BAGS):
        half = np.sort(generator.choice(61, 31, replace=False))
        bags.append(select(values[:, half], loss))
    together = select_bagged(values, loss, 3)
    mean = np.mean(bags, axis=0)
    mean[mean < LEAST_SHARE] = 0.0
    assert together == pytest.approx(mean / mean.sum())
    alone = [value_losses(shares @ values, loss).mean() for shares in bags]
    assert value_losses(together @ values, loss).mean() <= np.mean(alone) + 1e-12


def test_bags_follow_from_the_seed_and_give_shares_to_more_networks() -> None:
    values = library("cross_entropy", n_networks=9, n_rows=200)
    again = select_bagged(values.copy(), "cross_entropy", 5)
    assert (select_bagged(values, "cross_entropy", 5) == again).all()
    assert (select_bagged(values, "cross_entropy", 6) != again).any()
    assert (again > 0).sum() > (select(values, "cross_entropy") > 0).sum()


def test_a_network_that_is_far_ahead_keeps_its_place_in_every_bag() -> None:
    values = library("mean_squared", n_networks=20, n_rows=300)
    values[4] *= 0.05
    assert select_bagged(values, "mean_squared", 0)[4] > 0.95


def test_bags_overfit_few_rows_less() -> None:
    """Of 24 networks that differ by chance alone, chosen by 30 rows and held to 5,000 others."""
    excess = []
    for seed in range(12):
        values = library("mean_squared", n_networks=24, n_rows=5030, seed=seed)
        seen, others = values[:, :30], values[:, 30:]
        plain, bagged = select(seen, "mean_squared"), select_bagged(seen, "mean_squared", seed)
        excess.append(((plain @ others) ** 2).mean() - ((bagged @ others) ** 2).mean())
    assert np.mean(excess) > 2 * np.std(excess) / np.sqrt(len(excess)) > 0


def test_of_one_row_or_one_network_there_is_no_choice() -> None:
    values = library("huber", n_networks=2, n_rows=1)
    assert (select_bagged(values, "huber", 0) == select(values, "huber")).all()
    assert select_bagged(library("huber", n_networks=1), "huber", 0) == pytest.approx([1.0])


def test_equal_networks_and_probabilities_of_0_are_no_trouble() -> None:
    values = np.zeros((4, 20))
    assert select(values, "cross_entropy") == pytest.approx([1.0, 0, 0, 0])
    assert mean_losses(np.full((1, 20), SMALLEST_PROBABILITY), 1, "cross_entropy") == (
        pytest.approx([-np.log(SMALLEST_PROBABILITY)])
    )


def test_a_library_of_5000_rows_takes_a_moment() -> None:
    values = library("cross_entropy", n_networks=32, n_rows=5000)
    began = time.process_time()
    select(values, "cross_entropy", 40)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_of_whole_numbers_are_rows_so_often(loss: str) -> None:
    values = library(loss)
    weights = np.random.default_rng(0).integers(1, 6, values.shape[1])
    scaled = weights / weights.mean()
    often = values.repeat(weights, axis=1)
    found = mean_losses(values.copy(), 1, loss, scaled)
    assert found == pytest.approx(mean_losses(often.copy(), 1, loss))
    assert select(values, loss, weights=scaled) == pytest.approx(select(often, loss))
    bagged = select_bagged(values, loss, seed=0, weights=scaled)
    assert bagged.sum() == pytest.approx(1)
    assert (bagged != select_bagged(values, loss, seed=0)).any()
