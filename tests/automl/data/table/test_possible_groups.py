from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.splits import RowSplit
from automl.data.table.columns import MISSING_CATEGORY, ColumnPlan
from automl.data.table.possible_groups import MOST_COLUMNS, possible_groups
from storage.records import DataCheckRecord

N = 2000
TRAIN, VALID, TEST = np.split(np.random.default_rng(0).permutation(N), [1200, 1600])
SPLIT = RowSplit(((TRAIN, VALID),), TEST)


def found(
    split: RowSplit = SPLIT, kind: str = "categorical", **columns: np.ndarray
) -> list[DataCheckRecord]:
    plans = [ColumnPlan(name, kind) for name in columns]  # type: ignore[arg-type]
    return possible_groups(pd.DataFrame(columns), plans, split)


def texts(n_values: int, n_rows: int = N) -> np.ndarray:
    return np.array([f"c{i % n_values}" for i in range(n_rows)], dtype=object)


def test_many_values_of_several_rows_each_may_be_those_whose_rows_they_are() -> None:
    (record,) = found(bought_by=texts(200))
    assert (record.kind, record.subject) == ("possible_group", "bought_by")
    assert record.value > 0.95
    assert record.details == {"n_values": 200, "rows_each": 10.0}


@pytest.mark.parametrize(
    ("name", "n_values"),
    [("state", 51), ("x", 3), ("word", 1500), ("device", 6), ("colour", 12)],
)
def test_closed_sets_and_texts_that_hardly_repeat_are_none(name: str, n_values: int) -> None:
    assert not found(**{name: texts(n_values)})


def test_values_of_very_many_rows_each_are_none() -> None:
    airports = np.repeat(texts(200), 20)
    rows = np.random.default_rng(0).permutation(len(airports))
    split = RowSplit(((rows[10000:], rows[5000:10000]),), rows[:5000])
    assert not found(split, airport=airports)
    assert found(split, user_id=airports)


def test_a_name_that_says_whose_rows_they_are_takes_fewer_values() -> None:
    for name in ("patient", "Customer-ID", "userId", "subject no", "household_key"):
        assert [one.subject for one in found(**{name: texts(20)})] == [name]
    for name in ("patient age", "paid", "group_size", "userless"):
        assert not found(**{name: texts(20)})


def test_whole_numbers_are_it_by_their_name_alone() -> None:
    numbers = np.arange(N) % 200 + 1000.0
    assert [one.subject for one in found(kind="numeric", customer=numbers)] == ["customer"]
    assert not found(kind="numeric", age=numbers)
    assert not found(kind="numeric", customer=numbers / 8)


def test_rows_that_are_divided_by_them_need_no_word() -> None:
    customers = texts(200)
    others = pd.factorize(customers)[0]
    split = RowSplit(
        ((np.flatnonzero(others < 120), np.flatnonzero((others >= 120) & (others < 160))),),
        np.flatnonzero(others >= 160),
    )
    assert not found(split, customer=customers)


def test_columns_left_out_and_gaps_do_not_count() -> None:
    frame = pd.DataFrame({"customer": texts(200)})
    dropped = [ColumnPlan("customer", "categorical", "asked for")]
    assert not possible_groups(frame[[]], dropped, SPLIT)
    mostly = np.where(np.arange(N) % 10 < 8, MISSING_CATEGORY, texts(500)).astype(object)
    assert not found(customer=mostly)


def test_a_table_of_codes_is_not_told_column_by_column() -> None:
    told = found(**{f"x{n}": texts(n) for n in (100, 400, 200, 300)})
    assert [one.subject for one in told] == ["x400", "x300", "x200"]
    assert len(told) == MOST_COLUMNS
