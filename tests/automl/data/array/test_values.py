from __future__ import annotations

import numpy as np
import pytest

from automl.data.array.values import network_values, shape_words
from automl.errors import DataError


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ("float64", "float32"),
        ("float16", "float32"),
        ("uint8", "float32"),
        ("bool", "float32"),
        ("int32", "int64"),
        ("uint16", "int64"),
    ],
)
def test_values_stay_and_types_are_two(given: str, becomes: str) -> None:
    array = np.array([[[0, 1], [1, 1]]]).astype(given)
    values = network_values(array, "x")
    assert values.dtype == becomes
    np.testing.assert_array_equal(values, array)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([[1.0, np.nan], [np.inf, 0]]), r"2 values do not, the first at \[0, 1\]: nan"),
        (np.array([[[1e300]]]), r"1 value does not, the first at \[0, 0, 0\]: 1e\+300"),
        (np.array([["a"]]), "x must hold numbers, but has values of type <U1"),
        (np.array([[1j]]), "x must hold numbers"),
        (np.array([[2**64 - 1]], dtype=np.uint64), "must fit into 64 bits"),
        (np.empty((0, 3)), r"must have rows that hold numbers, but has shape \(0, 3\)"),
        (np.ones(3), "must have rows"),
    ],
)
def test_what_no_network_reads_is_refused(array: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=words):
        network_values(array, "x")


def test_shapes_in_words() -> None:
    assert (shape_words((3, 32, 32)), shape_words(())) == ("3 x 32 x 32", "1")
