from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.columns import ColumnPlan
from automl.data.sentinels import sentinel_message, sentinels

N = 400


def spoilt(values: np.ndarray, mark: float, share: float = 0.05) -> np.ndarray:
    values = values.astype(float)
    values[: int(share * N)] = mark
    return values


def found(values: np.ndarray) -> list[float]:
    checks = sentinels(pd.DataFrame({"x": values}), [ColumnPlan("x", "numeric")])
    return [check.details["mark"] for check in checks]


GENERATOR = np.random.default_rng(0)
NORMAL = GENERATOR.normal(size=N)
AGES = GENERATOR.integers(18, 80, N)
POSITIVE = GENERATOR.gamma(2, 200, N)


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        (NORMAL, -999),
        (NORMAL, 9999),
        (NORMAL, 9.969209968386869e36),
        (NORMAL, -32768),
        (AGES, 999),
        (AGES, -1),
        (POSITIVE, -200),
    ],
)
def test_a_mark_in_some_per_cent_of_a_column_is_found(values: np.ndarray, mark: float) -> None:
    assert found(spoilt(values, mark)) == [mark]


@pytest.mark.parametrize(
    "values",
    [
        NORMAL,
        AGES,
        spoilt(NORMAL, 0),  # zeros are values
        spoilt(NORMAL, -1),  # between other negative numbers
        spoilt(AGES, 99),  # an age
        spoilt(NORMAL, 1234.5),  # an outlier, repeated: no number that people write for "none"
        spoilt(NORMAL, -999, share=0.0025),  # a single row
        np.where(NORMAL > 0, 1000.0, 0.0),  # two values
        np.full(N, np.nan),
    ],
)
def test_other_numbers_are_not_suspected(values: np.ndarray) -> None:
    assert found(values) == []


def test_only_columns_of_numbers_that_are_used_are_looked_at() -> None:
    plans = [ColumnPlan("x", "numeric", "asked for"), ColumnPlan("c", "categorical")]
    assert sentinels(pd.DataFrame({"c": ["a", "b"]}), plans) == []


def test_the_option_that_makes_it_missing_is_named() -> None:
    (check,) = sentinels(pd.DataFrame({"x": spoilt(NORMAL, -999)}), [ColumnPlan("x", "numeric")])
    assert (check.subject, check.value) == ("x", 0.05)
    assert sentinel_message(check) == (
        "x is -999 in 20 train rows, unlike its other numbers: if that means missing, use "
        "--missing 'x=-999'"
    )
