"""What gives the target away is found and named; what is merely strong is not told apart here."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from automl.data.table import leaks
from automl.data.table.columns import ColumnPlan
from automl.data.table.leaks import parts_of, renamed_share
from automl.data.table.samples import tree_inputs
from automl.data.targets import Target, TargetReading
from automl.diagnostics.data_quality import diagnose_data
from storage.records import DataCheckRecord

N = 240
READING = TargetReading(ColumnPlan("y", "numeric"), (), "integer")
BINARY = Target("y", "binary", "binary_cross_entropy", READING, ("no", "yes"))
THREE = Target("y", "multiclass", "cross_entropy", READING, ("a", "b", "c"))
NUMERIC = Target("y", "regression", "mean_squared", READING)


@pytest.fixture
def inputs() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(generator.normal(size=(N, 4)), columns=list("abcd"))


@pytest.fixture
def numbers(inputs: pd.DataFrame) -> np.ndarray:
    """A target of which the inputs know about half."""
    noise = np.random.default_rng(1).normal(size=N)
    return np.asarray(inputs["a"] + inputs["b"] + noise)


@pytest.fixture
def codes(numbers: np.ndarray) -> np.ndarray:
    return (numbers > 0).astype(np.int64)


def leakage(frame: pd.DataFrame, targets: np.ndarray, goal: Target) -> list[DataCheckRecord]:
    return leaks.leakage(tree_inputs(frame), targets, goal.name, goal.task)


def told(frame: pd.DataFrame, targets: np.ndarray, goal: Target) -> list[tuple[str, str]]:
    """What is said in the end, by kind, of which columns."""
    records = leakage(frame, targets, goal)
    return [(one.kind, str(one.evidence["subject"])) for one in diagnose_data(records)]


def noise(scale: float) -> np.ndarray:
    return scale * np.random.default_rng(2).normal(size=N)


def test_a_leaked_column_stands_out(inputs: pd.DataFrame, codes: np.ndarray) -> None:
    leaked = inputs.assign(leak=codes + noise(0.01))
    strongest, second = leakage(leaked, codes, BINARY)[:2]
    assert strongest.subject == "leak"
    assert strongest.value > 0.95
    assert isinstance(strongest.details["others"], float)
    assert strongest.details["others"] < 0.6
    assert second.value < 0.5
    assert "others" not in second.details


def test_a_copy_with_noise_is_a_leak(inputs: pd.DataFrame, numbers: np.ndarray) -> None:
    assert told(inputs, numbers, NUMERIC) == []
    assert told(inputs.assign(leak=3 * numbers + noise(0.3)), numbers, NUMERIC) == [
        ("leakage", "leak")
    ]


def test_two_columns_that_sum_to_the_target_are_named_together(
    inputs: pd.DataFrame, numbers: np.ndarray
) -> None:
    """However little each part by itself goes with the whole."""
    part = noise(30)
    frame = inputs.assign(casual=part, registered=numbers - part)
    first = leakage(frame, numbers, NUMERIC)[0]
    assert first.subject == "casual and registered"
    assert first.value == pytest.approx(1)
    assert first.details["weights"] == pytest.approx([1, 1])
    (diagnosis,) = diagnose_data([first])
    assert diagnosis.message.startswith(
        "Columns casual and registered together give y exactly: their sum."
    )
    weighted = inputs.assign(first=part, second=(numbers - 2 * part) / 3)
    assert told(weighted, numbers, NUMERIC) == [("leakage", "first and second")]


def test_indicators_of_the_classes_leak_together(inputs: pd.DataFrame) -> None:
    codes = np.asarray(pd.qcut(inputs["a"] + inputs["b"], 3, labels=False))
    frame = inputs.assign(is_a=codes == 0, is_b=codes == 1).astype(float)
    assert told(frame, codes, THREE)[0] == ("leakage", "is_a and is_b")


def test_a_copy_of_the_target_leaks_whatever_is_beside_it(numbers: np.ndarray) -> None:
    for frame in (
        pd.DataFrame({"fahrenheit": 1.8 * numbers + 32}),
        pd.DataFrame({"fahrenheit": 1.8 * numbers + 32, "kelvin": numbers + 273.15}),
        pd.DataFrame({"fahrenheit": 1.8 * numbers + 32, "idle": noise(1)}),
    ):
        found = told(frame, numbers, NUMERIC)
        assert found == [("leakage", name) for name in frame if name != "idle"]


def test_a_function_of_the_only_column_is_no_leak() -> None:
    x = np.random.default_rng(0).random(N)
    sine, line = x * np.sin(2 * np.pi * x), 2 * x + noise(0.01)
    for target in (sine, line):
        assert told(pd.DataFrame({"x": x}), target, NUMERIC) == []
    assert told(pd.DataFrame({"x": x}), (x > 0.5).astype(np.int64), BINARY) == []


def test_the_only_column_that_knows_anything_is_no_leak(inputs: pd.DataFrame) -> None:
    """Nothing else to be held against, it is said, and no more."""
    x = np.asarray(inputs["c"])
    assert told(inputs, np.sin(2 * x), NUMERIC) == [("only_predictor", "c")]
    assert told(inputs, (x > 0.5).astype(np.int64), BINARY) == [("only_predictor", "c")]


def test_a_law_without_noise_is_no_leak(inputs: pd.DataFrame) -> None:
    weights = np.asarray([0.5, -2.0, 1.0, 3.0])
    assert told(inputs, inputs.to_numpy() @ weights, NUMERIC) == []
    assert told(inputs[["a", "b"]], np.asarray(inputs["a"] + inputs["b"]), NUMERIC) == []
    some = np.asarray(inputs["a"] + 2 * inputs["b"])
    assert told(inputs, some, NUMERIC) == [("only_predictor", "a and b")]


@pytest.mark.parametrize("wrong", [0.0, 0.03, 0.05])
def test_a_category_that_says_the_class_leaks(
    inputs: pd.DataFrame, codes: np.ndarray, wrong: float
) -> None:
    is_wrong = np.random.default_rng(3).permutation(N) < wrong * N
    frame = inputs.assign(said=np.where(is_wrong, 1 - codes, codes) * 7.0)
    assert told(frame, codes, BINARY) == [("leakage", "said")]


def test_a_category_that_is_right_less_often_is_a_strong_feature(
    inputs: pd.DataFrame, codes: np.ndarray
) -> None:
    is_wrong = np.random.default_rng(3).permutation(N) < 0.15 * N
    assert told(inputs.assign(said=np.where(is_wrong, 1 - codes, codes)), codes, BINARY) == []


def test_names_of_classes_are_paired_one_by_one() -> None:
    codes = np.asarray([0, 0, 1, 1, 2, 2])
    indicators = np.eye(3)[codes]
    assert renamed_share(np.asarray([9.0, 9, 4, 4, 1, 1]), indicators) == 1
    assert renamed_share(np.asarray([9.0, 9, 4, 4, 4, 1]), indicators) == pytest.approx(5 / 6)
    assert renamed_share(np.asarray([1.0, 1, 1, 1, 2, 2]), indicators) == 0, "too few values"
    assert renamed_share(np.arange(6.0), indicators) == 0, "too many"


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits", "diabetes"])
def test_honest_tables_have_no_leak(name: str) -> None:
    table = getattr(datasets, f"load_{name}")(as_frame=True)
    goal = NUMERIC
    if name != "diabetes":
        names = tuple(str(code) for code in np.unique(table.target))
        goal = Target("y", "multiclass", "cross_entropy", READING, names)
    assert told(table.data, table.target.to_numpy(), goal) == []


def test_an_outlier_in_both_is_no_copy(inputs: pd.DataFrame, numbers: np.ndarray) -> None:
    spoilt, frame = numbers.copy(), inputs.copy()
    spoilt[5], frame.loc[5, "c"] = 1e7, 1e7
    assert parts_of(frame.to_numpy(), spoilt.reshape(-1, 1)) == ()


def test_few_rows_of_many_columns_are_no_sum() -> None:
    generator = np.random.default_rng(0)
    assert parts_of(generator.normal(size=(60, 500)), generator.normal(size=(60, 1))) == ()
    assert parts_of(np.ones((20, 2)), np.ones((20, 1))) == ()


def test_leakage_of_one_among_many_columns_is_found(codes: np.ndarray) -> None:
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(N, 130)))
    wide[77] = codes
    assert leakage(wide, codes, BINARY)[0].subject == "77"


def test_constant_targets_explain_nothing(inputs: pd.DataFrame) -> None:
    assert {record.value for record in leakage(inputs, np.zeros(N), NUMERIC)} == {0.0}
