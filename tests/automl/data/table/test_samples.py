from __future__ import annotations

import numpy as np
import pandas as pd

from automl.data.table.columns import MISSING_CATEGORY
from automl.data.table.samples import MAX_SAMPLE, sample_rows, tree_inputs

FRAME = pd.DataFrame(
    {"n": [1.0, np.nan, 3.0], "c": ["b", MISSING_CATEGORY, "b"], "none": [np.nan] * 3}
)


def test_trees_get_numbers_without_gaps() -> None:
    inputs = tree_inputs(FRAME)
    assert inputs.names == ("n", "c", "none")
    assert inputs.values.tolist() == [[1, 0, -1], [0, 1, -1], [3, 0, -1]]
    assert inputs.rows(np.array([2, 0])).values.tolist() == [[3, 0, -1], [1, 0, -1]]


def test_columns_can_be_left_out() -> None:
    inputs = tree_inputs(FRAME).without(frozenset({"c"}))
    assert inputs.names == ("n", "none")
    assert inputs.values.tolist() == [[1, -1], [0, -1], [3, -1]]
    assert tree_inputs(FRAME).without(frozenset(FRAME)).values.shape == (3, 0)


def test_a_sample_is_of_so_many_rows_in_their_order() -> None:
    rows = np.arange(0, 3 * MAX_SAMPLE, 2)
    sample = sample_rows(rows, seed=0)
    assert len(np.unique(sample)) == len(sample) == MAX_SAMPLE
    assert (np.diff(sample) > 0).all() and set(sample) <= set(rows)
    assert (sample_rows(rows, seed=0) == sample).all()
    assert not (sample_rows(rows, seed=1) == sample).all()
    assert (sample_rows(rows[:MAX_SAMPLE], seed=0) == rows[:MAX_SAMPLE]).all()
