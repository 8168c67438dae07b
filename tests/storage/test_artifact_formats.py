from __future__ import annotations

import io
from functools import partial
from operator import methodcaller

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    StandardScaler,
)

from storage import artifact_formats as formats
from storage.errors import StorageError


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6, dtype=torch.float64).reshape(2, 3).T,  # not contiguous
        torch.nn.Parameter(torch.ones(3)),
        torch.tensor(2.5),
        torch.zeros(0, 4),
        np.arange(4, dtype=np.int64),
        np.array([True, False]),
    ],
)
def test_tensors_of_any_kind_come_back(tensor: torch.Tensor | np.ndarray) -> None:
    expected = formats.as_array(tensor)
    arrays, details = formats.unpack_tensors(formats.pack_tensors({"a": tensor}, {"epoch": 3}))
    assert arrays["a"].dtype == expected.dtype
    np.testing.assert_array_equal(arrays["a"], expected)
    assert arrays["a"].shape == tuple(tensor.shape)
    assert details == {"epoch": 3}


def test_no_tensors_are_fine() -> None:
    assert formats.unpack_tensors(formats.pack_tensors({}, {})) == ({}, {})


def transformer() -> ColumnTransformer:
    """The kinds of estimators that our preprocessing is made of."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer(
        [
            ("numbers", numbers, ["x"]),
            ("quantiles", QuantileTransformer(n_quantiles=3), ["x"]),
            ("missing", MissingIndicator(features="all"), ["x"]),
            ("one_hot", OneHotEncoder(min_frequency=1, handle_unknown="ignore"), ["c"]),
            ("codes", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["c"]),
        ],
        sparse_threshold=0.0,
    )


def test_estimators_come_back_and_do_the_same() -> None:
    rows = pd.DataFrame({"x": [1.0, np.nan, 3.0, 4.0], "c": ["a", "b", "a", "b"]})
    fitted = transformer().fit(rows)
    content = formats.pack_estimators({"transformer": fitted}, '{"kind": "number"}')
    estimators, state = formats.unpack_estimators(content)
    np.testing.assert_array_equal(
        estimators["transformer"].transform(rows), fitted.transform(rows)
    )
    assert state == '{"kind": "number"}'


@pytest.mark.parametrize("stranger", [methodcaller("system"), partial(print, "x")])
def test_type_that_is_not_listed_is_refused(stranger: object) -> None:
    content = formats.pack_estimators({"transformer": stranger}, "")
    with pytest.raises(StorageError, match=r"only types that are known to be safe.*asks for"):
        formats.unpack_estimators(content)


def test_arrays_come_back() -> None:
    arrays = {"probabilities": np.eye(3), "targets": np.arange(3), "names": np.array(["a", "b"])}
    back = formats.unpack_arrays(formats.pack_arrays(arrays))
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(back[name], array)


def test_objects_in_an_archive_are_refused() -> None:
    file = io.BytesIO()
    np.savez(file, a=np.array([{"a": 1}], dtype=object))
    with pytest.raises(StorageError, match="NumPy archive"):
        formats.unpack_arrays(file.getvalue())


def test_other_files_are_refused() -> None:
    for unpack in (formats.unpack_tensors, formats.unpack_estimators, formats.unpack_arrays):
        with pytest.raises(StorageError, match="must be a"):
            unpack(b"a,b\n1,2\n")
