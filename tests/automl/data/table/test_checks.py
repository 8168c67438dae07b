from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.splits import RowSplit
from automl.data.table.checks import (
    check_data,
    missing_values,
    outliers,
    prepared_probes,
    rows_per_class,
)
from automl.data.table.columns import MISSING_CATEGORY, ColumnPlan, DateFormat
from automl.data.table.parts import Part
from automl.data.targets import Target, TargetReading
from automl.options.data_options import SplitOptions
from storage.records import DataCheckRecord

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


def checked(
    typed: pd.DataFrame,
    targets: np.ndarray,
    plans: list[ColumnPlan],
    splits: SplitOptions | None = None,
    **own: pd.DataFrame,
) -> tuple[DataCheckRecord, ...]:
    """All checks; the rows of the roles in `own` come from files of their own."""
    parts = {"train": part(typed), **{role: part(rows) for role, rows in own.items()}}
    rows, splits = pd.concat([typed, *own.values()]), splits or SplitOptions()
    asked = {"plans": plans, "parts": parts, "splits": splits}
    cheap = check_data(rows, targets, SPLIT, BINARY, n_inputs=7, **asked)
    return (*cheap, *prepared_probes(rows, targets, SPLIT, BINARY, **asked)())


def part(rows: pd.DataFrame) -> Part:
    return Part(rows, pd.Series(0, rows.index), {})


def test_all_checks_together_never_read_test_targets(
    inputs: pd.DataFrame, codes: np.ndarray
) -> None:
    typed = inputs.assign(e=["x", "y", MISSING_CATEGORY] * (N // 3))
    spoilt = codes.copy()
    spoilt[TEST] = -999
    plans = [*(ColumnPlan(name, "numeric") for name in "abcd"), ColumnPlan("e", "categorical")]
    plans.append(ColumnPlan("f", "numeric", "id-like", details={"n_distinct": N}))
    records = checked(typed, spoilt, plans)
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
    assert records == checked(typed, codes, plans)


def test_the_time_column_is_no_shift(inputs: pd.DataFrame, codes: np.ndarray) -> None:
    """Rows ordered by time differ in time; what is asked is whether they differ otherwise."""
    typed = inputs.assign(t=np.arange(N, dtype=float))
    plans = [ColumnPlan(name, "numeric") for name in typed.columns]
    shifts = {
        column: [
            record
            for record in checked(typed, codes, plans, SplitOptions(time=column))
            if record.kind == "shift"
        ]
        for column in (None, "t")
    }
    assert min(record.value for record in shifts[None]) > 0.95
    assert max(record.value for record in shifts["t"]) < 0.65


def test_a_shift_says_what_divides_the_rows(inputs: pd.DataFrame, codes: np.ndarray) -> None:
    plans = [ColumnPlan(name, "numeric") for name in inputs.columns]

    def split_by(splits: SplitOptions, **own: pd.DataFrame) -> dict[str, object]:
        records = checked(inputs.iloc[: N - len(own) * 48], codes, plans, splits, **own)
        return {one.subject: one.details["split_by"] for one in records if one.kind == "shift"}

    assert set(split_by(SplitOptions()).values()) == {"random"}
    assert set(split_by(SplitOptions(time="a")).values()) == {"time"}
    assert set(split_by(SplitOptions(group="a")).values()) == {"group"}
    own_test = split_by(SplitOptions(group="a"), test=inputs.iloc[N - 48 :])
    assert own_test == {"train/valid": "group", "train/test": "file"}


def test_a_date_that_leaks_can_be_dropped_by_its_column(inputs: pd.DataFrame) -> None:
    plan = ColumnPlan("due", "date", dates=DateFormat(parts=("days",)))
    plans = [*(ColumnPlan(name, "numeric") for name in inputs.columns), plan]
    codes = (np.random.default_rng(4).random(N) > 0.5).astype(np.int64)
    typed = inputs.assign(**{"due: days": 19_000.0 + codes})
    leak = next(one for one in checked(typed, codes, plans) if one.kind == "leakage")
    assert (leak.subject, leak.details["drop"]) == ("due: days", ["due"])


def test_far_values_of_the_target_say_how_much_of_its_variance_they_are(
    inputs: pd.DataFrame,
) -> None:
    targets = np.random.default_rng(0).normal(size=len(inputs))
    targets[:2] = 1e6

    target = next(one for one in outliers(inputs, targets, NUMERIC) if one.subject == NUMERIC.name)

    assert target.details["n_beyond"] == 2
    assert target.details["variance_share"] > 0.99
