"""Which rows train, which choose between trials, and which are kept for the final score.

60/20/20 by default, stratified by class or by tenths of the target; of large tables fewer rows
validate and test, and more train. Groups stay together; with a time column the past trains and the
future tests. Small tables get K folds over the rows that are not test rows, since one validation
split of 100 rows says little.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl.errors import ConfigError, DataError
from automl.wording.option_names import named
from storage.records import Task

FRACTION, FRACTION_OF_LARGE = 0.2, 0.1
"""Of the rows: so many validate, and as many test."""

ENOUGH_ROWS, ENOUGH_ROWS_OF_LARGE = 500, 2_500
"""Of a small table the larger fraction, until it is so many rows; of a large one the smaller: a
fifth of 2,500 rows, a tenth of 5,000 to 25,000. An error rate of 0.1 is known to 0.013 by 500 rows
and to 0.006 by 2,500. What more rows that train are worth is in ARCHITECTURE.md, "What pays in a
network on tables"."""

ENOUGH_OF_CLASS = 50
"""Rows of the rarest class, of which few would be among them; the larger fraction at most."""

MAX_ROWS_FOR_FOLDS = 1000
"""Below, the default is 5 folds: an error rate of 0.2 on 200 rows is known to 0.028 only."""

DEFAULT_FOLDS = 5

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RowSplit:
    """Row positions: one pair of train and valid rows per fold, and the test rows."""

    folds: tuple[tuple[Rows, Rows], ...]
    test: Rows
    valid_fraction: float | None = None  # of the rows divided here; None: folds, or other rows
    test_fraction: float | None = None


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What a split may look at, row by row, and which rows came with a part of their own."""

    strata: NDArray[np.int64]  # class codes, or tenths of a numeric target
    part: NDArray[np.int8]  # 0: to be divided; 1: from the valid file; 2: from the test file
    groups: NDArray[np.int64] | None = None
    times: NDArray[np.float64] | None = None


def strata(targets: NDArray[np.float64] | NDArray[np.int64], task: Task) -> NDArray[np.int64]:
    """Classes, or tenths of a numeric target, so that each split covers its whole range.

    Under 100 rows there are fewer, of ten rows each, so that a fifth of one is whole rows.
    """
    if task != "regression":
        return targets.astype(np.int64)
    n_strata = int(np.clip(len(targets) // 10, 1, 10))
    edges = np.quantile(targets, np.arange(1, n_strata) / n_strata)
    return np.digitize(targets, np.unique(edges)).astype(np.int64)


def split_rows(
    facts: RowFacts,
    *,
    n_folds: int | None,
    seed: int,
    valid_fraction: float | None = None,
    test_fraction: float | None = None,
) -> RowSplit:
    """Divide rows; equal arguments give equal splits on every machine.

    Args:
        n_folds: None: by the number of rows; 1 where a fraction of them is to validate.
        valid_fraction, test_fraction: of the rows that are divided; None: `_default_fraction`.

    Raises:
        DataError: too few rows, groups or moments for what is asked.
        ConfigError: choices that exclude each other.
    """
    if facts.groups is not None and facts.times is not None:
        raise ConfigError("rows are split by group or by time, but got both; choose one")
    if n_folds is not None and n_folds < 1:
        raise ConfigError(f"folds must be 1 (one validation split) or more, but got {n_folds}")
    own = np.flatnonzero(facts.part == 0)
    default = _default_fraction(facts.strata[own])
    test, rest, tested = _take_test(facts, own, test_fraction, default, seed)
    given_valid = np.flatnonzero(facts.part == 1)
    if len(given_valid):
        if n_folds is not None and n_folds > 1:
            raise ConfigError("folds need no valid file, but got both; choose one")
        if valid_fraction is not None:
            raise ConfigError("a valid file needs no fraction of rows, but got both; choose one")
        _require_rows(len(rest), len(given_valid), len(test))
        return RowSplit(((rest, given_valid),), test, None, tested)
    count = n_folds if n_folds is not None else _default_folds(facts, rest, valid_fraction)
    if count == 1:
        share = valid_fraction or default
        others, chosen = _train_and_valid(facts, rest, share, tested or 0.0, seed + 1)
        _require_rows(len(others), len(chosen), len(test))
        return RowSplit(((others, chosen),), test, share, tested)
    if valid_fraction is not None:
        raise ConfigError(
            f"of {count} folds each validates on its own part of the rows, but got a fraction of "
            "validation rows too; choose one"
        )
    return RowSplit(_folds(facts, rest, count, seed + 1), test, None, tested)


def _train_and_valid(
    facts: RowFacts, rest: Rows, share: float, tested: float, seed: int
) -> tuple[Rows, Rows]:
    """Take the validation rows out of what the test rows have left.

    Args:
        share, tested: fractions of all rows, for validation and as taken for the test.
    """
    if share + tested >= 1.0:
        raise ConfigError(
            "validation and test rows must leave rows to train on, but their fractions are "
            f"{share:g} and {tested:g}; give smaller ones"
        )
    chosen, others = _take(facts, rest, share / (1.0 - tested), seed)
    return others, chosen


def _default_fraction(strata: NDArray[np.int64]) -> float:
    """The share of rows that validates, and the one that tests, where nobody says another."""
    n_rows = max(1, len(strata))
    enough = max(
        min(FRACTION, ENOUGH_ROWS / n_rows),
        min(FRACTION_OF_LARGE, ENOUGH_ROWS_OF_LARGE / n_rows),
    )
    rarest = int(np.unique(strata, return_counts=True)[1].min(initial=n_rows))
    return min(FRACTION, max(enough, ENOUGH_OF_CLASS / rarest))


def _default_folds(facts: RowFacts, rest: Rows, valid_fraction: float | None) -> int:
    is_small = np.count_nonzero(facts.part == 0) < MAX_ROWS_FOR_FOLDS
    if not is_small or valid_fraction is not None:
        return 1
    return min(DEFAULT_FOLDS, _most_folds(facts, rest))


def _require_rows(n_train: int, n_valid: int, n_test: int) -> None:
    if min(n_train, n_valid, n_test) < 1 or n_train < 2:
        raise DataError(
            "a table must have rows to train (at least two), validate and test, but they would "
            f"be {n_train}, {n_valid} and {n_test}; bring more rows"
        )


def _take_test(
    facts: RowFacts, own: Rows, fraction: float | None, default: float, seed: int
) -> tuple[Rows, Rows, float | None]:
    """The test rows, what is left to divide, and the fraction that was taken."""
    given = np.flatnonzero(facts.part == 2)
    if not len(given):
        return *_take(facts, own, fraction or default, seed), fraction or default
    if fraction is not None:
        raise ConfigError("a test file needs no fraction of rows, but got both; choose one")
    return given, own, None


def _take(facts: RowFacts, rows: Rows, fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Take a fraction of the rows out: (taken, others), each in ascending order."""
    if facts.times is not None:
        return _take_last(rows, facts.times[rows], fraction)
    if facts.groups is not None:
        n_parts = min(round(1 / fraction), len(np.unique(facts.groups[rows])))
        fold_of = _deal_groups(facts.groups[rows], facts.strata[rows], n_parts, seed)
        return rows[fold_of == 0], rows[fold_of != 0]
    taken = _stratified_mask(facts.strata[rows], fraction, seed)
    return rows[taken], rows[~taken]


def _take_last(rows: Rows, times: NDArray[np.float64], fraction: float) -> tuple[Rows, Rows]:
    """The latest rows; those of the border's moment go to the side that is nearer the fraction."""
    moments, counts = np.unique(times, return_counts=True)
    if len(moments) < 2:
        raise DataError(
            "a split by time needs at least three different moments, but there are fewer; "
            "order by another column"
        )
    n_last = np.cumsum(counts[::-1])[:-1]  # rows taken when 1, 2, ... last moments are taken
    n_moments = int(np.argmin(np.abs(n_last - fraction * len(rows)))) + 1
    last = times >= moments[-n_moments]
    return rows[last], rows[~last]


def _stratified_mask(labels: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Take the fraction of each stratum; every stratum of two rows or more is on both sides.

    Fractions of rows are settled by largest remainder, so that the total is right to a row.
    """
    generator = np.random.default_rng(seed)
    distinct, counts = np.unique(labels, return_counts=True)
    exact = counts * fraction
    n_taken = np.floor(exact).astype(int)
    n_missing = round(len(labels) * fraction) - int(n_taken.sum())
    remainders = exact - n_taken + 1e-9 * generator.random(len(exact))  # ties fall by chance
    n_taken[np.argsort(-remainders)[: max(n_missing, 0)]] += 1
    n_taken = np.clip(n_taken, np.minimum(1, counts - 1), counts - 1)
    if n_taken.sum() == 0 and len(labels) > 1:
        n_taken[np.argmax(counts)] += 1  # strata of one row each: still take one
    mask = np.zeros(len(labels), dtype=bool)
    for label, count in zip(distinct, n_taken, strict=True):
        members = np.flatnonzero(labels == label)
        mask[generator.permutation(members)[:count]] = True
    return mask


def _most_folds(facts: RowFacts, rows: Rows) -> int:
    if facts.groups is not None:
        return len(np.unique(facts.groups[rows]))
    if facts.times is not None:
        return len(np.unique(facts.times[rows])) - 1
    return len(rows)


def _folds(facts: RowFacts, rows: Rows, count: int, seed: int) -> tuple[tuple[Rows, Rows], ...]:
    if count > _most_folds(facts, rows):
        raise DataError(
            f"{count} folds need at least {count} different rows, groups or moments beside the "
            f"test rows, but there are {_most_folds(facts, rows)}; ask for fewer with "
            f"{named('folds')}"
        )
    if facts.times is not None:
        return _time_folds(rows, facts.times[rows], count)
    if facts.groups is not None:
        fold_of = _deal_groups(facts.groups[rows], facts.strata[rows], count, seed)
    else:
        fold_of = _deal_rows(facts.strata[rows], count, seed)
    return tuple((rows[fold_of != k], rows[fold_of == k]) for k in range(count))


def _time_folds(
    rows: Rows, times: NDArray[np.float64], count: int
) -> tuple[tuple[Rows, Rows], ...]:
    """Expanding windows: of count + 1 spans, the first k train fold k and the next validates."""
    ranked = np.searchsorted(np.sort(times), times) / len(times)  # equal moments share a rank
    edges = [k / (count + 1) for k in range(1, count + 2)]
    folds = []
    for low, high in itertools.pairwise(edges):
        train, valid = rows[ranked < low], rows[(ranked >= low) & (ranked < high)]
        if min(len(train), len(valid)) == 0:
            raise DataError(
                f"{count} folds by time need moments spread over all of them; ask for fewer "
                f"with {named('folds')}"
            )
        folds.append((train, valid))
    return tuple(folds)


def _deal_rows(labels: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Deal each stratum's shuffled rows round, going on where the one before ended."""
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    fold_of = np.empty(len(labels), dtype=np.int64)
    fold_of[order] = np.arange(len(labels)) % count
    return fold_of


def _deal_groups(
    groups: NDArray[np.int64], labels: NDArray[np.int64], count: int, seed: int
) -> NDArray[np.int64]:
    """Deal whole groups, the largest first, each to the fold it leaves most even.

    Even in every stratum's number of rows, as in scikit-learn's StratifiedGroupKFold.
    """
    distinct, group_of = np.unique(groups, return_inverse=True)
    if len(distinct) < max(count, 2):
        raise DataError(
            "a split by group needs one group or more to train, validate and test, but there are "
            f"too few: {len(distinct)} for {max(count, 2)} parts; group by another column"
        )
    strata_names, stratum_of = np.unique(labels, return_inverse=True)
    table = np.zeros((len(distinct), len(strata_names)))  # rows of each group in each stratum
    np.add.at(table, (group_of, stratum_of), 1.0)
    table /= table.sum(axis=0)
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(distinct))
    order = shuffled[np.argsort(-table[shuffled].sum(axis=1), kind="stable")]
    held = np.zeros((count, len(strata_names)))
    fold_of_group = np.empty(len(distinct), dtype=np.int64)
    for group in order:
        # Adding t to a fold that holds h raises the sum of squares by 2 h t + t^2.
        cost = held @ table[group]
        cheapest = np.flatnonzero(cost <= cost.min() + 1e-12)
        fold = cheapest[np.argmin(held[cheapest].sum(axis=1))]
        held[fold] += table[group]
        fold_of_group[group] = fold
    return fold_of_group[group_of]
