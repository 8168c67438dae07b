from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.table.columns import MISSING_CATEGORY
from automl.data.table.probes import as_numbers, shift

N = 240
TRAIN, TEST = np.arange(0, 144), np.arange(192, N)


@pytest.fixture
def inputs() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(generator.normal(size=(N, 4)), columns=list("abcd"))


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
