from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from automl.data.descriptions import describe_split, describe_task
from automl.data.splits import RowFacts, split_rows
from automl.data.targets import infer_target, learn_target


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["no", "no", "yes"], "binary classification of y, 20 rows of no, 10 rows of yes"),
        ([1.5, 2.25, 1e6], "regression of y, 1.5 to 1e+06"),
        (list("aabcdefg"), "classification of y: 7 classes of 10 to 20 rows"),
        (list("abcdefg"), "classification of y: 7 classes of 10 rows"),
    ],
)
def test_task_in_one_line(cells: list[object], line: str) -> None:
    values = pd.Series(cells * 10)
    assert describe_task(infer_target(learn_target("y", values), values), values) == line


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
