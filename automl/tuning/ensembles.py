"""Which networks predict best together: greedy selection with replacement, bagged.

A pure function of arrays. What a row's loss follows from is one number per network, and the mean
of several networks has the mean of these numbers (`metrics.row_values`): so a library of
networks is a table of networks by rows. All losses are convex in it, so that a mean is
never worse than its parts are on average.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.training.metrics import (
    HUBER_DELTA,
    SMALLEST_PROBABILITY,
    is_of_probabilities,
    value_losses,
)

Floats: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.intp]
Measure: TypeAlias = Callable[[Floats, int], Floats]
"""From sums of so many networks' values to how bad their mean is, the lower the better. Sums may
be overwritten.

Shape:
    sums: (M, N) or (M, N, C); result: (M,).
"""

N_STEPS: Final = 25
"""Networks that are added, one at a time; the best moment is kept. Steps are the grain of shares:
with 40 and 100 of them shares differ in the third digit."""

N_START: Final = 5
"""A selection starts from at most so many of the best networks, as many as are best together.

Source: Caruana et al. 2004, "Ensemble selection from libraries of models", sorted ensemble
initialization, against overfitting small selection sets.
"""

N_BAGS: Final = 8
"""Selections, each by another half of the rows, whose mean it is.

Source: bagged ensemble selection there has halves of the library instead, of some 2,000 networks
with many of each kind. Of a search's 32 one may be far ahead, and half of the bags would lack it.
"""

SHARE_OF_BAG: Final = 0.5

LEAST_SHARE: Final = 0.02
"""A network of a smaller share, which few bags have taken, is left out: it would cost a call in
each prediction, and moves none by what could be told."""

N_ROWS_OF_LOGARITHM: Final = 8
"""Rows whose probabilities are multiplied before one logarithm is taken of them: a product of
eight of the smallest, 1.2e-38, is still a normal number."""


def mean_losses(sums: Floats, n: int, loss: str, weights: Floats | None = None) -> Floats:
    """The mean loss over the rows of each of several sums of `n` networks' values.

    As `metrics.value_losses` of `sums / n` has it, with fewer passes over memory: this is what
    a selection takes its time for. `sums` is overwritten.

    Args:
        weights: of rows, which divide nothing: with mean 1 over the rows it is their mean loss.

    Shape:
        sums: (M, N); weights: (N,); result: (M,).
    """
    if weights is not None:
        return np.asarray(value_losses(sums / n, loss).dot(weights) / len(weights))
    n_rows = int(sums.shape[1])
    if is_of_probabilities(loss):
        n_whole = n_rows - n_rows % N_ROWS_OF_LOGARITHM
        whole = sums[:, :n_whole].reshape(len(sums), N_ROWS_OF_LOGARITHM, -1)
        logs = np.log(np.multiply.reduce(whole, axis=1)).sum(axis=1)
        logs += np.log(sums[:, n_whole:]).sum(axis=1)
        return np.asarray(np.log(n) - logs / n_rows)
    if loss == "mean_squared":
        return np.asarray(_products(sums, sums) / (n_rows * n**2))
    sizes = np.abs(sums, out=sums)
    if loss == "mean_absolute":
        return np.asarray(sizes.mean(axis=1) / n)
    inner = np.minimum(sizes, HUBER_DELTA * n)  # of errors n times as large
    products = _products(inner, sizes) - 0.5 * _products(inner, inner)
    return np.asarray(products / (n_rows * n**2))


def select(
    values: Floats, loss: str, n_steps: int = N_STEPS, weights: Floats | None = None
) -> Floats:
    """The shares of the networks that a greedy selection with replacement takes.

    It starts from the best few; each step adds the network with which the mean is best; of all
    moments the best one counts, the first of equals. One of them is the best network alone, so
    the result is never worse than that on these rows.

    Args:
        values: of the networks, see `metrics.row_values`.
        weights: of rows; None: all are 1.

    Shape:
        values: (M, N), M and N at least 1; weights: (N,); result: (M,), which adds up to 1.

    Source:
        Caruana et al. 2004: selection with replacement, sorted ensemble initialization.
    """
    measure: Measure = partial(mean_losses, loss=loss, weights=weights)
    return select_by(_bounded(values, loss), measure, n_steps)


def select_by(values: Floats, measure: Measure, n_steps: int = N_STEPS) -> Floats:
    """The same by any measure of what several networks predict together.

    Shape:
        values: (M, N) or (M, N, C), as the measure takes them; result: (M,).
    """
    order = np.argsort(measure(values.copy(), 1), kind="stable")[:N_START]
    sums = np.cumsum(values[order], axis=0)
    of_starts = [float(measure(sums[[n]], n + 1)[0]) for n in range(len(order))]
    n_members = int(np.argmin(of_starts)) + 1
    total, counts = sums[n_members - 1], np.zeros(len(values))
    counts[order[:n_members]] = 1
    larger = np.empty_like(values)
    best_loss, best_counts = of_starts[n_members - 1], counts.copy()
    for n in range(n_members + 1, n_steps + 1):
        losses = measure(np.add(values, total, out=larger), n)
        added = int(np.argmin(losses))
        total += values[added]
        counts[added] += 1
        if losses[added] < best_loss:
            best_loss, best_counts = float(losses[added]), counts.copy()
    return np.asarray(best_counts / best_counts.sum())


def select_bagged(
    values: Floats, loss: str, seed: int, n_bags: int = N_BAGS, weights: Floats | None = None
) -> Floats:
    """The mean of selections that are each made by another half of the rows.

    A network that only luck has put in front on some rows has its place in few of them.

    Args:
        seed: which rows are in which half follows from it.

    Shape:
        As of `select`.
    """
    n_rows = values.shape[1]
    if n_rows < 2:
        return select(values, loss, weights=weights)
    halves = bags(n_rows, int(np.ceil(SHARE_OF_BAG * n_rows)), n_bags, seed)
    return mean_shares(
        [
            select(values[:, half], loss, weights=None if weights is None else weights[half])
            for half in halves
        ]
    )


def bags(n_rows: int, size: int, n_bags: int, seed: int) -> list[Rows]:
    """So many rows for each bag, drawn at random without replacement, in their order."""
    generator = np.random.default_rng(seed)
    return [np.sort(generator.choice(n_rows, size, replace=False)) for _ in range(n_bags)]


def mean_shares(of_bags: Sequence[Floats]) -> Floats:
    """The mean of the shares of several selections, without the smallest.

    Shape:
        of_bags: each (M,); result: (M,), which adds up to 1.
    """
    shares = np.mean(of_bags, axis=0)
    shares[shares < min(LEAST_SHARE, shares.max())] = 0.0
    return np.asarray(shares / shares.sum())


def _bounded(values: Floats, loss: str) -> Floats:
    """Probabilities as far from 0 as losses take them."""
    return np.maximum(values, SMALLEST_PROBABILITY) if is_of_probabilities(loss) else values


def _products(first: Floats, second: Floats) -> Floats:
    """The inner product of each row of one with that of the other."""
    return np.asarray(np.einsum("mn,mn->m", first, second))
