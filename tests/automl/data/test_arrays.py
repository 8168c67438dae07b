from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse
import torch

from automl.data.arrays import plain_array, table_of_arrays
from automl.errors import DataError

X = pd.DataFrame({"age": [1, 2, 3], "town": ["u", "v", "u"]}, index=[5, 6, 7])
Y = pd.Series(["yes", "no", "yes"], name="bought", index=[2, 1, 0])


def table(x: Any, y: Any, **more: Any) -> pd.DataFrame:
    return table_of_arrays({"x": x, "y": y, **more}, "arrays").frame


def test_a_frame_and_a_series_keep_names_and_types() -> None:
    made = table_of_arrays({"X": X, "Y": Y}, "arrays")
    assert made.target == "bought"
    assert list(made.frame.columns) == ["age", "town", "bought"]
    assert made.frame["age"].dtype == np.int64
    assert made.frame["bought"].tolist() == ["yes", "no", "yes"]  # by position
    assert list(X.index) == [5, 6, 7]


@pytest.mark.parametrize(
    ("y", "target"),
    [
        (Y.to_frame(), "bought"),
        (Y.rename(None), "y"),
        (Y.rename("age"), "y"),  # a name that x has too
        (Y.tolist(), "y"),
        (Y.to_numpy().reshape(-1, 1), "y"),
        (pd.DataFrame(Y.to_numpy()), "y"),
        (pd.Categorical(Y), "y"),
        (pa.array(Y), "y"),
    ],
)
def test_the_target_has_its_own_name_or_y(y: Any, target: str) -> None:
    made = table_of_arrays({"x": X, "y": y}, "arrays")
    assert made.target == target
    assert made.frame[target].tolist() == ["yes", "no", "yes"]
    assert list(made.frame.columns) == ["age", "town", target]


def test_x_that_holds_the_target_is_refused() -> None:
    with pytest.raises(DataError, match="its column 'bought' is y itself"):
        table(X.assign(bought=Y.to_numpy()), Y)


def test_a_feature_named_y_is_not_overwritten() -> None:
    with pytest.raises(DataError, match="must not be called 'y'"):
        table(X.rename(columns={"age": "y"}), [1, 2, 3])
    assert table_of_arrays({"x": X.rename(columns={"age": "y"}), "y": Y}, "").target == "bought"


@pytest.mark.parametrize(
    "x",
    [
        torch.ones(3, 2, requires_grad=True),
        torch.ones(3, 2, dtype=torch.bfloat16),
        [torch.ones(2, requires_grad=True)] * 3,
        [[1.0, 1.0]] * 3,
        ((1, 1), (1, 1), (1, 1)),
        [np.ones(2)] * 3,
        scipy.sparse.csr_matrix(np.ones((3, 2))),
        np.ones((3, 2)).view(np.matrix),
        np.asfortranarray(np.ones((3, 2))),
        pa.table({"a": [1.0] * 3, "b": [1.0] * 3}),
    ],
)
def test_numbers_come_out_of_whatever_holds_them(x: Any) -> None:
    frame = table(x, torch.zeros(3))
    assert frame.iloc[:, :2].to_numpy(dtype=float).tolist() == [[1.0, 1.0]] * 3
    assert frame["y"].tolist() == [0.0] * 3


def test_a_mask_is_missing() -> None:
    x = np.ma.masked_array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]])
    assert table(x, [0, 1])["x2"].isna().tolist() == [True, False]


def test_lists_of_rows_keep_a_type_for_each_column() -> None:
    frame = table([[1, "007", None], [2, "b", 9007199254740993]], [0, 1])
    assert list(frame.columns) == ["x1", "x2", "x3", "y"]
    assert frame["x1"].dtype == np.int64
    assert frame["x2"].tolist() == ["007", "b"]


def test_lists_of_objects_have_the_names_of_their_keys() -> None:
    assert table(X.to_dict("records"), Y).columns.tolist() == ["age", "town", "bought"]


def test_extension_arrays_keep_whole_numbers_and_categories() -> None:
    made = table(X, pd.array([9007199254740993, None, 1], dtype="Int64"))
    assert int(made["y"][0]) == 9007199254740993
    assert isinstance(table(X, pd.Categorical(Y))["y"].dtype, pd.CategoricalDtype)


def test_arrays_of_objects_too() -> None:
    frame = table(
        np.array([[1, "a"], [2, "b"]], dtype=object), np.array(["u", None], dtype=object)
    )
    assert frame["x1"].dtype == np.int64
    assert frame["y"].isna().tolist() == [False, True]


def test_records_dates_and_bytes_are_columns() -> None:
    records = np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "i4"), ("b", "f8")])
    assert list(table(records, [0, 1]).columns) == ["a", "b", "y"]
    days = np.array([["2021-01-05"], ["9999-12-31"]], dtype="datetime64[D]")
    assert [each.year for each in table(days, [0, 1])["x1"]] == [2021, 9999]
    assert table(np.array([[b"u"], [b"v"]]), [0, 1])["x1"].tolist() == ["u", "v"]


def test_extra_keys_name_features_and_classes_and_bring_test_rows() -> None:
    made = table_of_arrays(
        {
            "x_train": np.ones((2, 2)),
            "y_train": torch.tensor([1, 0]),
            "x_test": X[["age", "age"]].to_numpy(),
            "y_test": [0, 0, 1],
            "feature_names": ["a", "b"],
            "class_names": np.array(["cat", "dog"]),
        },
        "t",
    )
    assert list(made.frame.columns) == ["a", "b", "y"]
    assert made.frame["y"].tolist() == ["dog", "cat"]
    assert made.test_frame is not None
    assert list(made.test_frame.columns) == ["a", "b", "y"]
    assert made.test_frame["y"].tolist() == ["cat", "cat", "dog"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, "must have the keys x and y"),
        ({1: X, 2: Y}, "must have the keys x and y"),
        ({"X": X, "x": X, "y": Y}, "differ in more than upper and lower case, .* has X, x, y"),
        ({"x": X, "y": Y[:2]}, "one value per row"),
        ({"x": X, "y": X}, "y must be one column, but has 2"),
        ({"x": X, "y": None}, "one value per row"),
        ({"x": [[1, 2], [3]], "y": [0, 1]}, "row 1 of x has 2 values and row 2 has 1"),
        ({"x": [[[1], [2]], [[3]]], "y": [0, 1]}, "rows of equal length"),
        ({"x": np.zeros((0, 3)), "y": []}, "must have rows"),
        ({"x": np.zeros((3, 0)), "y": [0, 1, 2]}, "must have rows and columns"),
        ({"x": "table.csv", "y": [0]}, "must have rows and columns"),
        ({"x": torch.ones(2, 2, device="meta"), "y": [0, 1]}, "could not be made one"),
        ({"x": torch.eye(2).to_sparse(), "y": [0, 1]}, "could not be made one"),
        ({"x": np.zeros(2, dtype="M8"), "y": [0, 1]}, "numbers, texts or dates"),
        ({"x": [1, 2], "y": np.zeros(2, dtype="M8")}, "numbers, texts or dates"),
        ({"x": np.zeros(2, dtype="V8"), "y": [0, 1]}, "numbers, texts or dates"),
        (
            {"x_train": X, "y_train": Y, "x_test": X[["age"]], "y_test": Y},
            "x_test must have the columns of x, but has 1 and x has 2",
        ),
    ],
)
def test_what_is_no_table_is_told(arrays: dict[Any, Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        table_of_arrays(arrays, "arrays")
    assert "\n" not in str(raised.value)


class SpeaksArrow:
    """What a library of frames other than pandas gives: polars has this method."""

    def __init__(self, values: Any, name: str | None = None) -> None:
        self.values = values
        if name is not None:
            self.name = name

    def to_arrow(self) -> Any:
        return self.values


def test_frames_of_other_libraries_come_by_arrow() -> None:
    x = SpeaksArrow(pa.table({"age": [1, 2], "town": ["u", "v"]}))
    made = table_of_arrays({"x": x, "y": SpeaksArrow(pa.array([1, 0]), "bought")}, "")
    assert list(made.frame.columns) == ["age", "town", "bought"]
    assert isinstance(plain_array(SpeaksArrow(pa.array([1])), "y"), pd.Series)
