from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset, Subset, TensorDataset

from automl.data.array.items import arrays_of_items, is_torch_dataset
from automl.errors import DataError


class Items(Dataset[Any]):
    def __init__(self, *items: Any) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[int]:
        return iter(range(3))


def test_items_are_stacked() -> None:
    x, y = torch.rand(6, 2, 3), torch.arange(6)
    data = TensorDataset(x, y)
    assert is_torch_dataset(data) and not is_torch_dataset((x, y))
    arrays = arrays_of_items(Subset(data, [4, 1]))
    np.testing.assert_array_equal(arrays["x"], x[[4, 1]])
    assert arrays["y"].tolist() == [4, 1]
    mixed = arrays_of_items(Items((np.ones(2), 1), ([3, 4], 2)))
    assert mixed["x"].tolist() == [[1, 1], [3, 4]]
    half = arrays_of_items(Items((torch.ones(1, dtype=torch.bfloat16), 1)))
    assert half["x"].dtype == np.float32


def test_items_to_predict_may_be_x_alone() -> None:
    alone = TensorDataset(torch.rand(2, 3))
    assert arrays_of_items(alone, may_lack_y=True).keys() == {"x"}
    with pytest.raises(DataError, match=r"must be a pair \(x, y\), but item 0 of TensorDataset"):
        arrays_of_items(alone)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (Stream(), "must have a length and items by number, but a Stream has not"),
        (Items(), "must have items, but Items is empty"),
        (Items((1, 2, 3)), "must be a pair .*, but item 0 of Items has 3 parts"),
        (
            Items((torch.ones(2), 0), (torch.ones(3), 1)),
            r"x has shape \(2,\) in item 0 and \(3,\) in item 1; crop, scale or pad",
        ),
        (Items((torch.ones(2), 0), ([[1], [1, 2]], 1)), "item 1 of Items does not: "),
    ],
)
def test_what_cannot_be_stacked_is_told(data: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        arrays_of_items(data)


class Lies(Items):
    """Its length is another than it says, or none."""

    def __init__(self, n_items: Any) -> None:
        super().__init__((torch.ones(2), 0))
        self.n_items = n_items

    def __len__(self) -> int:
        n_items: int = self.n_items
        return n_items


@pytest.mark.parametrize(
    ("n_items", "words"),
    [
        (2, "every item that its length promises, but item 1 of Lies raised IndexError: "),
        (-1, "must have a length, but that of Lies raised ValueError: "),
        (2.5, "must have a length, but that of Lies raised TypeError: "),
    ],
)
def test_what_a_dataset_raises_is_told_with_its_item(n_items: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as raised:
        arrays_of_items(Lies(n_items))
    assert raised.value.__cause__ is not None
