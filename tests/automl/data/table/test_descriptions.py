from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from automl.data.splits import RowFacts, RowSplit, split_rows
from automl.data.table.columns import ColumnPlan
from automl.data.table.descriptions import describe, describe_split, describe_task
from automl.data.targets import infer_target, learn_target
from storage.records import DataCheckRecord


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["no", "no", "yes"], "binary classification of y, 20 rows of no, 10 rows of yes"),
        ([1.5, 2.25, 1e6], "regression of y, 1.5 to 1e+06"),
        (list("aabcdefg"), "classification of y: 7 classes of 10 to 20 rows"),
    ],
)
def test_task_in_one_line(cells: list[object], line: str) -> None:
    values = pd.Series(cells * 10)
    assert describe_task(infer_target(learn_target("y", values), values), values) == line


def test_how_the_target_is_read_is_told() -> None:
    values = pd.Series([f"${i},{i:03d}" for i in range(1, 41)])
    goal = infer_target(learn_target("y", values), values)
    rows = np.arange(40)
    split = RowSplit(((rows[:24], rows[24:32]),), rows[32:])
    lines = describe(goal, values, [], split, checks=[], is_inferred=False)
    assert lines[1].startswith("y is numeric: '$1,001' is read as 1001")


def test_a_person_reads_task_columns_rows_and_duplicates() -> None:
    values = pd.Series([0, 1] * 10)
    rows = np.arange(20)
    duplicated = {"n_duplicated": 2, "n_rows": 4}
    checks = [
        DataCheckRecord("duplicated_rows", "train", 0.1, {"n_duplicated": 1, "n_rows": 12}),
        DataCheckRecord("duplicated_rows", "train/test", 0.5, duplicated),
        DataCheckRecord("imbalance", "0", 1.0),
    ]
    lines = {
        n_folds: describe(
            infer_target(learn_target("y", values), values),
            values,
            [ColumnPlan("a", "numeric")],
            RowSplit(((rows[:12], rows[12:16]),) * n_folds, rows[16:]),
            checks=checks,
            is_inferred=n_folds == 1,
        )
        for n_folds in (1, 5)
    }
    assert lines[1] == [
        "binary classification of y, 10 rows of 0, 10 rows of 1 (--task overrides)",
        "columns beside the target: 1 numeric",
        "12 rows to train, 4 to validate, 4 to test",
        "2 of 4 test rows equal a train row",
    ]
    assert lines[5][0] == "binary classification of y, 10 rows of 0, 10 rows of 1"
    assert lines[5][2] == "5 folds over 16 rows, 4 rows for the final test"


@pytest.mark.parametrize(
    ("n_folds", "times", "line"),
    [
        (1, None, "60 rows to train, 20 to validate, 20 to test"),
        (4, None, "4 folds over 80 rows, 20 rows for the final test"),
        (
            4,
            np.arange(100.0),
            "4 folds over 80 rows in order of time, the first trains on 16 and the last on 64, "
            "20 rows for the final test",
        ),
    ],
)
def test_rows_of_folds_are_counted_over_all_folds(
    n_folds: int, times: NDArray[np.float64] | None, line: str
) -> None:
    """The first fold by time has a few of them only."""
    facts = RowFacts(np.zeros(100, dtype=np.int64), np.zeros(100, dtype=np.int8), times=times)
    assert describe_split(split_rows(facts, n_folds=n_folds, seed=0)) == line


def test_one_is_said_in_the_singular_and_equal_classes_once() -> None:
    checks = [
        DataCheckRecord("duplicated_rows", "train/valid", 0.25, {"n_duplicated": 1, "n_rows": 4})
    ]
    values = pd.Series([f"class {i % 7}" for i in range(21)])
    rows = np.arange(21)
    lines = describe(
        infer_target(learn_target("y", values), values),
        values,
        [ColumnPlan("a", "numeric")],
        RowSplit(((rows[:1], rows[1:5]),), rows[5:]),
        checks=checks,
        is_inferred=False,
    )
    assert lines[0] == "classification of y: 7 classes of 3 rows"
    assert lines[2] == "1 row to train, 4 to validate, 16 to test"
    assert lines[3] == "1 of 4 valid rows equals a train row"
    unequal = pd.concat([values, pd.Series(["class 1", "class 1"])], ignore_index=True)
    goal = infer_target(learn_target("y", unequal), unequal)
    assert describe_task(goal, unequal) == "classification of y: 7 classes of 3 to 5 rows"
