"""What rows weigh: read, refused, scaled, and put beside each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl.data.row_weights import (
    checked_weights,
    joined_weights,
    learn_weights,
    require_some,
)
from automl.errors import DataError


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        ([1.5, 2.0, 0.0], None),
        (["1.5", "2", "0"], None),
        (["1,5", "2,0", "0"], ","),
        (["1.50 kg", "2.00 kg", "0 kg"], None),
    ],
)
def test_numbers_are_read_as_they_are_written(cells: list[object], decimal: str | None) -> None:
    values = pd.Series(cells)
    reading = learn_weights("w", values, decimal=decimal)
    assert reading.read(values, decimal).tolist() == [1.5, 2.0, 0.0]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("-1", "'w' is '-1' in row 8"),
        ("", "'w' is empty in row 8"),
        ("heavy", "'w' is 'heavy' in row 8"),
        ("inf", "'w' is 'inf' in row 8"),
    ],
)
def test_cells_that_are_no_weights_are_refused(cell: str, words: str) -> None:
    values = pd.Series(["1", "2", cell, "3"], index=[6, 7, 8, 9])
    with pytest.raises(DataError, match=f"finite numbers from 0 on, but {words} .1 such row."):
        learn_weights("w", values).read(values)


def test_texts_are_no_weights() -> None:
    values = pd.Series(["a", "b", "c"])
    with pytest.raises(DataError, match="3 such rows"):
        learn_weights("w", values).read(values)


def test_weights_that_float32_cannot_hold_beside_each_other_are_refused() -> None:
    weights = np.array([0.0, 1e-20, 1e20])
    with pytest.raises(DataError, match=r"at most 1e\+30 times the smallest"):
        checked_weights(weights, weights.tolist(), "w")
    assert checked_weights(weights[:2], [0, 1], "w").tolist() == [0.0, 1e-20]
    with pytest.raises(DataError, match="zero in every row of table"):
        require_some(np.zeros(3), "w", "table")


def test_equal_weights_are_none() -> None:
    threes = np.full(4, 3.0)
    assert joined_weights([threes, threes]) is None
    assert joined_weights([None, None]) is None
    joined = joined_weights([threes, np.array([1.0])])
    assert joined is not None and joined.tolist() == [3.0, 3.0, 3.0, 3.0, 1.0]
