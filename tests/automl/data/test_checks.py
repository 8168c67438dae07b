from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.checks import (
    check_data,
    conflicting_rows,
    duplicated_rows,
    missing_values,
    outliers,
    rows_per_class,
)
from automl.data.columns import MISSING_CATEGORY, ColumnPlan
from automl.data.splits import RowSplit
from automl.data.targets import Target, TargetReading

N = 240
READING = TargetReading(ColumnPlan("y", "numeric"), (), "integer")
BINARY = Target("y", "binary", "binary_cross_entropy", READING, ("no", "yes"))
NUMERIC = Target("y", "regression", "mean_squared", READING)
TRAIN, VALID, TEST = np.arange(0, 144), np.arange(144, 192), np.arange(192, N)
SPLIT = RowSplit(((TRAIN, VALID),), TEST)


@pytest.fixture
def inputs() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(generator.normal(size=(N, 4)), columns=list("abcd"))


@pytest.fixture
def codes(inputs: pd.DataFrame) -> np.ndarray:
    noise = np.random.default_rng(1).normal(size=N)
    return (inputs["a"] + inputs["b"] + noise > 0).to_numpy().astype(np.int64)


def by_subject(records: object) -> dict[str, float]:
    return {record.subject: record.value for record in records}  # type: ignore[attr-defined]


def test_duplicates_are_counted_in_and_across_splits(inputs: pd.DataFrame) -> None:
    inputs.iloc[1] = inputs.iloc[0]
    inputs.iloc[150] = inputs.iloc[0]
    inputs.iloc[200:203] = inputs.iloc[7].to_numpy()
    found = by_subject(duplicated_rows(inputs, SPLIT))
    assert found == {"train": 1 / 144, "train/valid": 1 / 48, "train/test": 3 / 48}
    assert (
        duplicated_rows(
            inputs.drop_duplicates().reset_index(drop=True)[:N],
            RowSplit(((np.arange(100), np.arange(100, 150)),), np.arange(150, 200)),
        )
        == []
    )


def test_equal_inputs_with_other_targets_conflict(inputs: pd.DataFrame) -> None:
    inputs.iloc[1:4] = inputs.iloc[0].to_numpy()
    targets = np.arange(N) // 2
    (record,) = conflicting_rows(inputs, targets)
    assert record.details["n_rows"] == 4
    assert conflicting_rows(inputs, np.zeros(N)) == []


def test_rows_per_class_name_the_rarest() -> None:
    imbalance, few = rows_per_class(np.repeat([0, 1], [90, 10]), BINARY)
    assert (imbalance.kind, imbalance.subject, imbalance.value) == ("imbalance", "yes", 9.0)
    assert (few.kind, few.value) == ("few_rows_per_class", 10.0)
    assert few.details["train_rows"] == {"yes": 10, "no": 90}


def test_outliers_are_few_and_far(inputs: pd.DataFrame) -> None:
    inputs.loc[0, "a"] = 1e6
    inputs["b"] = np.random.default_rng(0).lognormal(0, 2, N)  # skewed, not spoilt
    inputs["c"] = np.r_[np.zeros(N - 1), 9.0]  # the middle half is one value
    targets = np.r_[-1e4, np.random.default_rng(3).normal(size=N - 1)]
    found = outliers(inputs, targets, NUMERIC)
    assert [record.subject for record in found] == ["a", "y"]
    assert found[0].details["farthest"] == 1e6
    assert found[0].details["n_beyond"] == 1


def test_missing_values_are_shares_of_rows() -> None:
    frame = pd.DataFrame({"n": [1, np.nan, np.nan, 4], "c": ["x", MISSING_CATEGORY, "y", "z"]})
    assert by_subject(missing_values(frame.assign(full=1.0))) == {"n": 0.5, "c": 0.25}


def test_all_checks_together_never_read_test_targets(
    inputs: pd.DataFrame, codes: np.ndarray
) -> None:
    typed = inputs.assign(e=["x", "y", MISSING_CATEGORY] * (N // 3))
    spoilt = codes.copy()
    spoilt[TEST] = -999
    plans = [*(ColumnPlan(name, "numeric") for name in "abcd"), ColumnPlan("e", "categorical")]
    plans.append(ColumnPlan("f", "numeric", "id-like", details={"n_distinct": N}))
    records = check_data(typed, spoilt, SPLIT, BINARY, plans=plans, time_column=None, n_inputs=7)
    assert {record.kind for record in records} == {
        "dropped_column",
        "missing_values",
        "imbalance",
        "few_rows_per_class",
        "leakage",
        "shift",
        "rows_per_input",
    }
    assert all(np.isfinite(record.value) for record in records)


def test_the_time_column_is_no_shift(inputs: pd.DataFrame, codes: np.ndarray) -> None:
    """Rows ordered by time differ in time; what is asked is whether they differ otherwise."""
    typed = inputs.assign(t=np.arange(N, dtype=float))
    plans = [ColumnPlan(name, "numeric") for name in typed.columns]
    values = {
        column: [
            record.value
            for record in check_data(
                typed, codes, SPLIT, BINARY, plans=plans, time_column=column, n_inputs=5
            )
            if record.kind == "shift"
        ]
        for column in (None, "t")
    }
    assert min(values[None]) > 0.95
    assert max(values["t"]) < 0.65
