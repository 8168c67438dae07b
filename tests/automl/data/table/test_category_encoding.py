from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder

from automl.data.table.category_encoding import CategoryEncoding

TRAIN = pd.Series(["b"] * 5 + ["a"] * 4 + ["é"] * 4 + ["rare"] * 2 + ["once"])


def test_frequent_categories_are_numbered_in_order() -> None:
    fitted = CategoryEncoding.fit(TRAIN, rare_below=3)
    assert fitted == CategoryEncoding(("a", "b", "é"), ("once", "rare"))
    assert fitted.known == {"a", "b", "é", "once", "rare"}
    later = pd.Series(["é", "b", "rare", "new", "a"])
    assert fitted.codes(later).tolist() == [2, 1, -1, -1, 0]


@pytest.mark.parametrize("rare_below", [1, 2, 3, 5, 100])
def test_one_hot_columns_are_those_of_scikit_learn(rare_below: int) -> None:
    """An unknown category is a rare one, and nothing where none is rare."""
    encoder = OneHotEncoder(
        min_frequency=rare_below, handle_unknown="infrequent_if_exist", sparse_output=False
    )
    encoder.fit(TRAIN.to_frame())
    fitted = CategoryEncoding.fit(TRAIN, rare_below)
    rows = pd.concat([TRAIN, pd.Series(["new"])])
    ours = fitted.one_hot(rows)
    expected = encoder.transform(rows.to_frame())
    np.testing.assert_array_equal(ours, expected)
    assert len(fitted.names("town")) == ours.shape[1]


def test_columns_of_one_hot_are_named() -> None:
    names = CategoryEncoding.fit(TRAIN, rare_below=3).names("town")
    assert names == ("town = a", "town = b", "town = é", "town is rare")
