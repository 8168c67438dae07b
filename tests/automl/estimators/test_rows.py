"""X, y and groups in whatever holds them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars
import pytest
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

import automl
from automl.errors import DataError
from automl.estimators.rows import feature_frame, fitted_rows, search_table, target_column

NUMBERS = np.arange(24.0).reshape(12, 2)
NAMED = pd.DataFrame({"a": NUMBERS[:, 0], "b": list("uvwxyz" * 2)})


def new_frame(x: Any) -> pd.DataFrame:
    return feature_frame(automl.AutoMLClassifier(), x, is_new=True)


@pytest.mark.parametrize(
    "x",
    [
        NUMBERS,
        NUMBERS.tolist(),
        NUMBERS.astype(object),
        np.asfortranarray(NUMBERS),
        sparse.csr_array(NUMBERS),
        sparse.coo_matrix(NUMBERS),
    ],
)
def test_arrays_of_any_kind_are_one_frame(x: Any) -> None:
    frame = new_frame(x)
    assert list(frame.columns) == ["x1", "x2"]
    assert (frame.to_numpy() == NUMBERS).all()


@pytest.mark.parametrize(
    "x", [NAMED, polars.from_pandas(NAMED), polars.from_pandas(NAMED).to_arrow()]
)
def test_frames_keep_names_and_types(x: Any) -> None:
    estimator = automl.AutoMLClassifier()
    frame = feature_frame(estimator, x, is_new=True)
    assert frame["b"].tolist() == NAMED["b"].tolist() and frame["a"].dtype == np.float64
    assert estimator.feature_names_in_.tolist() == ["a", "b"]
    assert estimator.n_features_in_ == 2


def test_texts_and_gaps_are_no_error() -> None:
    assert new_frame([["a", 1.0], [None, np.nan]] * 6).shape == (12, 2)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (NUMBERS[:, 0], "Reshape your data"),
        (NUMBERS[:4], "minimum of 10"),
        (NUMBERS[None], "dim 3"),
        ([[1, 2], [3]] * 6, "inhomogeneous"),
        (None, "got scalar array"),
    ],
)
def test_what_is_no_table_is_refused(x: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        new_frame(x)


def test_cells_that_are_no_single_values_are_refused() -> None:
    x = NUMBERS.astype(object)
    x[0, 0] = {"foo": "bar"}
    with pytest.raises(DataError, match="single values, but 'x1'"):
        automl.AutoMLRegressor(n_trials=1).fit(x, np.arange(12) % 3)


@pytest.mark.parametrize(
    "y",
    [
        ["no", "yes"] * 6,
        np.asarray(["no", "yes"] * 6),
        pd.Series(["no", "yes"] * 6, dtype="category"),
        polars.Series(["no", "yes"] * 6),
    ],
)
def test_labels_of_any_container_are_an_array(y: Any) -> None:
    assert target_column(y, is_class=True).tolist() == ["no", "yes"] * 6


@pytest.mark.parametrize("y", [pd.Series([0, 1], dtype=object), pd.Series([0, 1], dtype="Int64")])
def test_numbers_among_objects_are_numbers(y: Any) -> None:
    assert target_column(y, is_class=True).dtype.kind == "i"


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([0.0, np.nan, 1.0], "missing in 1 row"),
        (["a", None, "b"], "missing in 1 row"),
        (pd.Series(["a", None, None]), "missing in 2 rows"),
        ([0.0, np.inf], "infinity"),
        (None, "should be a 1d array"),
        (np.zeros((3, 2)), "should be a 1d array"),
    ],
)
def test_targets_that_are_none_are_refused(y: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        target_column(y, is_class=True)


def test_a_column_vector_is_warned_of() -> None:
    with pytest.warns(DataConversionWarning):
        assert target_column(np.zeros((3, 1)), is_class=False).shape == (3,)


def test_target_and_groups_have_names_of_their_own() -> None:
    y = pd.Series(range(12), name="price")
    table = search_table(fitted_rows(NAMED, y.to_numpy(), np.repeat([1, 2, 3], 4)), y)
    assert (table.target, table.group, table.weight) == ("price", "groups", None)
    assert table.features == ["a", "b"]
    odd = NAMED.assign(y=0, target=1, groups=2, sample_weight=1, **{"target 2": 3})
    table = search_table(fitted_rows(odd, y.to_numpy(), np.zeros(12), np.ones(12)), None)
    assert (table.target, table.group) == ("target 3", "groups 2")
    assert table.weight == "sample_weight 2"
    assert table.features == list(odd.columns)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted_rows(NAMED, np.zeros(11))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted_rows(NAMED, np.zeros(12), [1, 2])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted_rows(NAMED, np.zeros(12), None, [1, 2])


def test_rows_of_weight_0_are_left_out() -> None:
    weights = np.arange(12.0) % 4
    rows = fitted_rows(NAMED, np.arange(12), np.arange(12), weights)
    kept = [row for row in range(12) if row % 4]
    assert rows.values.tolist() == kept and rows.groups is not None
    assert rows.groups.tolist() == kept and rows.groups.index.tolist() == list(range(9))
    assert rows.frame.equals(NAMED.iloc[kept].reset_index(drop=True))
    assert rows.weights is not None and rows.weights.tolist() == [1.0, 2.0, 3.0] * 3


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (-1.0, "finite numbers from 0 on, but 'sample_weight' is '-1.0' in row 2"),
        (np.nan, "is empty in row 2"),
        (np.inf, "is 'inf' in row 2"),
        (1e-40, "at most 1e.30 times the smallest"),
    ],
)
def test_weights_that_are_none_are_refused(weight: float, words: str) -> None:
    with pytest.raises(DataError, match=words):
        fitted_rows(NAMED, np.zeros(12), None, [1.0, weight, *[1.0] * 10])
    with pytest.raises(DataError, match="one number for each row"):
        fitted_rows(NAMED, np.zeros(12), None, ["a"] * 12)
    with pytest.raises(DataError, match="is zero in every row of X"):
        fitted_rows(NAMED, np.zeros(12), None, np.zeros(12))
