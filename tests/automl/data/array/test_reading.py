from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from automl.data.array.reading import RawArrays, read_arrays
from automl.errors import ConfigError, DataError
from automl.options.data_options import DataOptions

X = np.random.default_rng(0).normal(size=(12, 4, 4))
Y = np.arange(12) % 2


def read(data: Any, **options: Any) -> RawArrays:
    found = read_arrays(data, DataOptions(**options))
    assert found is not None
    return found


def test_three_dimensions_are_an_array_and_two_a_table(tmp_path: Path) -> None:
    np.savez(tmp_path / "images.npz", X_train=X, y_train=Y)
    for data in ((X, Y), {"x": X.tolist(), "y": Y}, (torch.from_numpy(X), torch.from_numpy(Y))):
        assert read(data).parts["train"].x.shape == (12, 4, 4)
    raw = read(tmp_path / "images.npz")
    assert (raw.name, raw.source) == ("images", str(tmp_path / "images.npz"))
    assert read_arrays((X[:, 0], Y), DataOptions()) is None
    assert read_arrays("iris.csv", DataOptions()) is None
    assert read_arrays("sklearn:iris", DataOptions()) is None


def test_items_of_a_torch_dataset_are_an_array_of_any_dimensions() -> None:
    raw = read(TensorDataset(torch.rand(12, 5), torch.from_numpy(Y)))
    assert (raw.parts["train"].x.shape, raw.source) == ((12, 5), "TensorDataset")
    assert read(TensorDataset(torch.rand(12), torch.rand(12))).parts["train"].x.shape == (12, 1)


def test_valid_and_test_rows_come_by_key_or_option() -> None:
    given = {"x": X, "y": Y, "x_test": X[:3], "y_test": Y[:3]}
    raw = read(given, valid=TensorDataset(torch.from_numpy(X[:2]), torch.zeros(2)))
    assert {role: len(rows.x) for role, rows in raw.parts.items()} == {
        "train": 12,
        "valid": 2,
        "test": 3,
    }
    assert raw.sources == {"valid": "TensorDataset", "test": "arrays"}


@pytest.mark.parametrize(
    ("data", "options", "error", "words"),
    [
        ((X, Y[:5]), {}, DataError, "one value per row of x, but there are 5 and 12"),
        ((X, Y), {"valid": (X[:, :2], Y)}, DataError, r"valid rows must be of the shape and type"),
        ((X, Y), {"test": "rows.csv"}, DataError, "test rows of arrays must be arrays too"),
        ((X, Y), {"target": "price"}, DataError, "--target of arrays must be y, but got 'price'"),
        ((X, Y), {"group": "site"}, DataError, "there is no 'site'; there are x, y"),
        (
            {"x": X, "y": Y, "site": np.append(np.nan, np.ones(11))},
            {"group": "site"},
            DataError,
            "every row must have a group, but 'site' is empty in 1 row; fill it",
        ),
        ((X, Y), {"drop": ["a"]}, ConfigError, "--drop must name columns of a table"),
        ((X, Y), {"time": "a"}, ConfigError, "--time must name columns of a table"),
    ],
)
def test_what_does_not_fit_is_told(
    data: Any, options: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        read(data, **options)
