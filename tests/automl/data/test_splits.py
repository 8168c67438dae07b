from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.data.splits import RowFacts, RowSplit, split_rows, strata
from automl.errors import ConfigError, DataError


def facts(labels: object, **others: object) -> RowFacts:
    codes = np.asarray(labels, dtype=np.int64)
    part = np.zeros(len(codes), dtype=np.int8)
    return RowFacts(codes, **{"part": part, **others})  # type: ignore[arg-type]


def sizes(split: RowSplit) -> tuple[int, int, int]:
    train, valid = split.folds[0]
    return len(train), len(valid), len(split.test)


@given(
    labels=st.lists(st.integers(0, 4), min_size=10, max_size=120),
    n_folds=st.sampled_from([1, 3]),
    seed=st.integers(0, 5),
)
def test_every_row_is_in_exactly_one_part(labels: list[int], n_folds: int, seed: int) -> None:
    split = split_rows(facts(labels), n_folds=n_folds, seed=seed)
    for train, valid in split.folds:
        everything = np.concatenate([train, valid, split.test])
        assert sorted(everything) == list(range(len(labels)))
    if n_folds > 1:
        validated = np.concatenate([valid for _, valid in split.folds])
        assert len(np.unique(validated)) == len(validated) == len(labels) - len(split.test)


def test_sixty_twenty_twenty_in_every_class() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    split = split_rows(facts(labels), n_folds=1, seed=0)
    assert sizes(split) == (600, 200, 200)
    for rows, expected in zip(
        (*split.folds[0], split.test), [(360, 180, 60), (120, 60, 20), (120, 60, 20)], strict=True
    ):
        assert tuple(np.bincount(labels[rows])) == expected


def test_rare_classes_are_where_they_are_needed_most() -> None:
    """Three rows: one in each part. Two: one to learn from, one to test on."""
    labels = np.array([0] * 50 + [1] * 3 + [2] * 2)
    for seed in range(10):
        split = split_rows(facts(labels), n_folds=1, seed=seed)
        train, valid = split.folds[0]
        counts = [np.bincount(labels[rows], minlength=3) for rows in (train, valid, split.test)]
        assert [count[1] for count in counts] == [1, 1, 1]
        assert [count[2] for count in counts] == [1, 0, 1]


def test_small_tables_get_five_folds_and_large_ones_one() -> None:
    assert len(split_rows(facts([0, 1] * 100), n_folds=None, seed=0).folds) == 5
    assert len(split_rows(facts([0, 1] * 500), n_folds=None, seed=0).folds) == 1
    assert len(split_rows(facts([0, 1] * 500), n_folds=4, seed=0).folds) == 4


def test_of_large_tables_no_more_rows_validate_and_test_than_are_needed() -> None:
    for n_rows, n_tested in ((2_000, 400), (4_000, 500), (20_000, 2_000), (50_000, 2_500)):
        split = split_rows(facts(np.arange(n_rows) % 4), n_folds=1, seed=0)
        assert sizes(split) == (n_rows - 2 * n_tested, n_tested, n_tested)
        assert split.valid_fraction == split.test_fraction == n_tested / n_rows
    rare = split_rows(facts(np.arange(20_000) % 66 == 0), n_folds=1, seed=0)
    assert np.count_nonzero(np.arange(20_000)[rare.test] % 66 == 0) == 50
    rarer = split_rows(facts(np.arange(20_000) % 200 == 0), n_folds=1, seed=0)
    assert sizes(rarer) == (12_000, 4_000, 4_000)


def test_fractions_of_rows_are_a_choice() -> None:
    split = split_rows(
        facts([0, 1] * 50), n_folds=None, seed=0, valid_fraction=0.1, test_fraction=0.3
    )
    assert len(split.folds) == 1 and sizes(split) == (60, 10, 30)
    folds = split_rows(facts([0, 1] * 50), n_folds=7, seed=0, test_fraction=0.3)
    assert len(folds.folds) == 7 and len(folds.test) == 30
    assert (folds.valid_fraction, folds.test_fraction) == (None, 0.3)


@pytest.mark.parametrize(
    ("part", "choices", "words"),
    [
        (0, {"n_folds": 4, "valid_fraction": 0.1}, "of 4 folds each validates on its own part"),
        (0, {"valid_fraction": 0.5, "test_fraction": 0.5}, "their fractions are 0.5 and 0.5"),
        (1, {"valid_fraction": 0.1}, "a valid file needs no fraction"),
        (2, {"test_fraction": 0.1}, "a test file needs no fraction"),
    ],
)
def test_fractions_that_something_else_decides(
    part: int, choices: dict[str, float | int], words: str
) -> None:
    parts = np.repeat([0, part], [80, 20]).astype(np.int8)
    with pytest.raises(ConfigError, match=words):
        split_rows(facts([0, 1] * 50, part=parts), **{"n_folds": None, "seed": 0, **choices})  # type: ignore[arg-type]


def test_the_rows_of_a_test_file_do_not_make_a_table_large() -> None:
    part = np.repeat([0, 2], [200, 2000]).astype(np.int8)
    split = split_rows(facts(np.arange(2200) % 2, part=part), n_folds=None, seed=0)
    assert len(split.folds) == 5


def test_folds_are_even_in_every_class() -> None:
    labels = np.repeat([0, 1, 2], [100, 40, 20])
    split = split_rows(facts(labels), n_folds=5, seed=1)
    counts = np.array([np.bincount(labels[valid], minlength=3) for _, valid in split.folds])
    assert (counts.max(axis=0) - counts.min(axis=0) <= 1).all()


def test_the_seed_decides_and_repeats() -> None:
    first, same, other = (
        split_rows(facts([0, 1] * 60), n_folds=1, seed=seed) for seed in (0, 0, 1)
    )
    assert np.array_equal(first.test, same.test)
    assert not np.array_equal(first.test, other.test)


def test_files_for_valid_and_test_rows_are_used_as_they_are() -> None:
    part = np.repeat([0, 1, 2], [60, 20, 30]).astype(np.int8)
    labels = np.arange(110) % 2
    both = split_rows(facts(labels, part=part), n_folds=None, seed=0)
    assert sizes(both) == (60, 20, 30)
    only_test = split_rows(facts(labels[part != 1], part=part[part != 1]), n_folds=1, seed=0)
    assert sizes(only_test) == (48, 12, 30)
    only_valid = split_rows(facts(labels[part != 2], part=part[part != 2]), n_folds=None, seed=0)
    assert sizes(only_valid) == (48, 20, 12)


@pytest.mark.parametrize("n_folds", [1, 4])
def test_groups_stay_together(n_folds: int) -> None:
    generator = np.random.default_rng(0)
    groups = generator.integers(0, 40, 400)
    labels = (groups % 3 == 0).astype(int)
    split = split_rows(facts(labels, groups=groups), n_folds=n_folds, seed=0)
    for train, valid in split.folds:
        parts = [set(groups[rows]) for rows in (train, valid, split.test)]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    assert len(split.test) == pytest.approx(80, abs=12)
    assert labels[split.test].mean() == pytest.approx(labels.mean(), abs=0.1)


def test_three_groups_are_enough() -> None:
    split = split_rows(facts([0, 1] * 30, groups=np.arange(60) % 3), n_folds=1, seed=0)
    assert sizes(split) == (20, 20, 20)


def test_the_past_trains_and_the_future_tests() -> None:
    times = np.random.default_rng(0).permutation(200).astype(float)
    split = split_rows(facts([0, 1] * 100, times=times), n_folds=1, seed=0)
    train, valid = split.folds[0]
    assert sizes(split) == (120, 40, 40)
    assert times[train].max() < times[valid].min()
    assert times[valid].max() < times[split.test].min()


def test_rows_of_one_moment_are_not_torn_apart() -> None:
    times = np.repeat(np.arange(10), 15).astype(float)
    split = split_rows(facts([0, 1] * 75, times=times), n_folds=1, seed=0)
    parts = [set(times[rows]) for rows in (*split.folds[0], split.test)]
    assert sorted(len(part) for part in parts) == [2, 2, 6]
    assert not (parts[0] & parts[1] or parts[1] & parts[2])


def test_time_folds_validate_after_what_they_train_on() -> None:
    times = np.arange(120, dtype=float)
    split = split_rows(facts([0, 1] * 60, times=times), n_folds=3, seed=0)
    assert [len(train) for train, _ in split.folds] == [24, 48, 72]
    for train, valid in split.folds:
        assert times[train].max() < times[valid].min() <= times[valid].max() < 96


@pytest.mark.parametrize(
    ("error", "arguments", "choices"),
    [
        (ConfigError, {"groups": np.zeros(20, int), "times": np.zeros(20)}, {"n_folds": 1}),
        (ConfigError, {}, {"n_folds": 0}),
        (ConfigError, {"part": np.array([0] * 15 + [1] * 5, dtype=np.int8)}, {"n_folds": 3}),
        (DataError, {}, {"n_folds": 50}),
        (DataError, {"groups": np.zeros(20, int)}, {"n_folds": 1}),
        (DataError, {"groups": np.arange(20) % 2}, {"n_folds": None}),
        (DataError, {"times": np.zeros(20)}, {"n_folds": 1}),
        (DataError, {"times": np.arange(20) % 2.0}, {"n_folds": 1}),
        (DataError, {"times": np.array([0.0] * 14 + [1, 2, 3, 4, 5, 6])}, {"n_folds": 5}),
    ],
)
def test_impossible_splits_are_refused(
    error: type[Exception], arguments: dict[str, object], choices: dict[str, int]
) -> None:
    with pytest.raises(error):
        split_rows(facts([0, 1] * 10, **arguments), seed=0, **choices)


def test_a_numeric_target_is_stratified_by_tenths() -> None:
    targets = np.random.default_rng(0).lognormal(size=500)
    labels = strata(targets, "regression")
    assert np.bincount(labels).tolist() == [50] * 10
    assert strata(np.array([3, 1, 2]), "multiclass").tolist() == [3, 1, 2]
    assert set(strata(np.array([1.0] * 99 + [5.0]), "regression")) <= {0, 1}


def test_few_numeric_targets_make_few_strata() -> None:
    """Three rows of a tenth could not be divided by five."""
    labels = strata(np.arange(30) * 1.5, "regression")
    assert np.bincount(labels).tolist() == [10, 10, 10]
    assert len(split_rows(facts(labels), n_folds=1, seed=0).test) == 6
