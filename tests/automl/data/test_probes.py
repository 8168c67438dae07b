from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.columns import MISSING_CATEGORY, ColumnPlan
from automl.data.probes import as_numbers, leakage, shift
from automl.data.targets import Target, TargetReading

N = 240
READING = TargetReading(ColumnPlan("y", "numeric"), (), "integer")
BINARY = Target("y", "binary", "binary_cross_entropy", READING, ("no", "yes"))
NUMERIC = Target("y", "regression", "mean_squared", READING)
TRAIN, TEST = np.arange(0, 144), np.arange(192, N)


@pytest.fixture
def inputs() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(generator.normal(size=(N, 4)), columns=list("abcd"))


@pytest.fixture
def codes(inputs: pd.DataFrame) -> np.ndarray:
    noise = np.random.default_rng(1).normal(size=N)
    return (inputs["a"] + inputs["b"] + noise > 0).to_numpy().astype(np.int64)


def test_a_leaked_column_stands_out(inputs: pd.DataFrame, codes: np.ndarray) -> None:
    leaked = inputs.assign(leak=codes + np.random.default_rng(2).normal(0, 0.01, N))
    strongest, second = leakage(leaked, codes, BINARY)[:2]
    assert strongest.subject == "leak"
    assert strongest.value > 0.95
    assert strongest.details["others"] < 0.6
    assert second.value < 0.5
    assert "others" not in second.details


def test_an_easy_problem_is_no_leak() -> None:
    """Two columns say the same: without either, the others still do."""
    values = np.random.default_rng(0).normal(size=N)
    frame = pd.DataFrame({"a": values, "b": values * 2 + 1})
    for record in leakage(frame, 3 * values, NUMERIC):
        assert record.value > 0.9
        assert record.details["others"] > 0.8


def test_leakage_of_one_among_many_columns_is_found(codes: np.ndarray) -> None:
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 130)))
    wide[77] = codes
    assert leakage(wide, codes, BINARY)[0].subject == "77"


def test_constant_targets_explain_nothing(inputs: pd.DataFrame) -> None:
    assert {record.value for record in leakage(inputs, np.zeros(N), NUMERIC)} == {0.0}


def test_shift_is_seen_and_located(inputs: pd.DataFrame) -> None:
    moved = inputs.copy()
    moved.loc[TEST, "c"] += 2
    (none,) = shift(inputs, TRAIN, TEST, "train/test")
    (clear,) = shift(moved, TRAIN, TEST, "train/test")
    assert none.value == pytest.approx(0.5, abs=0.15)
    assert clear.value > 0.8
    assert next(iter(clear.details["columns"])) == "c"
    assert none.details["standard_error"] == pytest.approx(0.048, abs=0.001)


def test_too_few_rows_say_nothing_of_shift(inputs: pd.DataFrame) -> None:
    assert shift(inputs, TRAIN, TEST[:10], "train/test") == []


def test_trees_get_numbers_without_gaps() -> None:
    frame = pd.DataFrame(
        {"n": [1.0, np.nan, 3.0], "c": ["b", MISSING_CATEGORY, "b"], "none": [np.nan] * 3}
    )
    assert as_numbers(frame).to_dict("list") == {
        "n": [1.0, 0.0, 3.0],
        "c": [0.0, 1.0, 0.0],
        "none": [-1.0, -1.0, -1.0],
    }
