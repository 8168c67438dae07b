from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.columns import ColumnPlan
from automl.data.descriptions import describe, describe_task
from automl.data.splits import RowSplit
from automl.data.targets import infer_target
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
    assert describe_task(infer_target("y", values), values) == line


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
            infer_target("y", values),
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
        "2 of 4 test rows have the same inputs as a train row",
    ]
    assert lines[5][0] == "binary classification of y, 10 rows of 0, 10 rows of 1"
    assert lines[5][2] == "5 folds over 16 rows, 4 rows for the final test"
