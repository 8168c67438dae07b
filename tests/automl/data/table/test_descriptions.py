from __future__ import annotations

import numpy as np
import pandas as pd

from automl.data.splits import RowSplit
from automl.data.table.columns import ColumnPlan
from automl.data.table.descriptions import describe
from automl.data.targets import infer_target, learn_target
from storage.records import DataCheckRecord


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
