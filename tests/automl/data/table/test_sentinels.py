from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.table.columns import ColumnPlan
from automl.data.table.sentinels import MAX_LINES, sentinel_messages, sentinels

N = 400


def spoilt(values: np.ndarray, *marks: float, share: float = 0.05) -> np.ndarray:
    values = values.astype(float)
    for i, mark in enumerate(marks):
        values[i :: int(1 / share)] = mark
    return values


def found(values: np.ndarray) -> list[float]:
    checks = sentinels(pd.DataFrame({"x": values}), [ColumnPlan("x", "numeric")])
    return [mark for check in checks for mark in check.details["marks"]]


GENERATOR = np.random.default_rng(0)
NORMAL = GENERATOR.normal(size=N)
AGES = GENERATOR.integers(18, 80, N)
POSITIVE = GENERATOR.gamma(2, 200, N).round(1)
SCALE = GENERATOR.integers(1, 6, N)
WIDE = GENERATOR.normal(0, 300, N).round()


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        (NORMAL, [-999]),
        (NORMAL, [9999]),
        (NORMAL, [9.969209968386869e36]),
        (NORMAL, [-32768]),
        (NORMAL, [-999.25]),
        (NORMAL, [999.9]),
        (NORMAL, [-999, -998]),
        (NORMAL, [-9999, 9999]),
        (AGES, [999]),
        (AGES, [-99]),
        (POSITIVE, [-200]),
        (SCALE, [-9, -8]),
        (SCALE, [98, 99]),
        (WIDE, [-999]),
        (POSITIVE, [9999]),
    ],
)
def test_marks_in_some_per_cent_of_a_column_are_found(
    values: np.ndarray, marks: list[float]
) -> None:
    assert found(spoilt(values, *marks)) == sorted(marks)


@pytest.mark.parametrize(
    "values",
    [
        NORMAL,
        AGES,
        WIDE,
        spoilt(NORMAL, 0),  # zeros are values
        spoilt(AGES, 99),  # an age
        spoilt(NORMAL, 1234.5),  # an outlier, repeated: no number that people write for "none"
        spoilt(NORMAL, -999, share=0.005)[:200],  # a single row
        np.where(NORMAL > 0, 999.0, 0.0),  # two values
        GENERATOR.integers(-1, 2, N).astype(float),  # no, unknown, yes
        GENERATOR.choice([0.0, 1, 2, 9], N),
        GENERATOR.choice([0.0, 5, 10, 100], N),
        GENERATOR.integers(-1, 90, N).astype(float),  # degrees
        np.full(N, np.nan),
    ],
)
def test_other_numbers_are_not_suspected(values: np.ndarray) -> None:
    assert found(values) == []


def test_only_columns_of_numbers_that_are_used_are_looked_at_and_the_target() -> None:
    plans = [ColumnPlan("x", "numeric", "asked for"), ColumnPlan("c", "categorical")]
    frame = pd.DataFrame({"c": ["a", "b"]})
    assert sentinels(frame, plans) == []
    (check,) = sentinels(frame, plans, ("y", spoilt(NORMAL, -200)))
    assert (check.subject, check.details["marks"]) == ("y", [-200.0])


def test_the_options_that_make_them_missing_are_named() -> None:
    values = spoilt(NORMAL, -999, 9999)
    (check,) = sentinels(pd.DataFrame({"x": values}), [ColumnPlan("x", "numeric")])
    assert (check.subject, check.value) == ("x", 0.1)
    assert sentinel_messages([check]) == [
        "x is -999 or 9999 in 40 train rows, unlike its other numbers: if that means missing, use "
        "--missing 'x=-999' --missing 'x=9999'"
    ]
    lines = sentinel_messages([check] * 40)
    assert len(lines) == MAX_LINES
    assert lines[-1] == f"{40 - MAX_LINES + 1} further columns have such numbers"
