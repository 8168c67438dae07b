from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from automl.data.inputs import Columns, Inputs
from automl.errors import ConfigError
from tests.contracts.bit_data.inputs import BitInputs
from tests.contracts.tiny_datasets import tiny_dataset


def test_columns_are_those_of_the_inputs_and_nothing_else() -> None:
    inputs = tiny_dataset(with_categories=True).folds[0].train.inputs
    columns = Columns.of(inputs)
    assert columns.numbers is inputs.numeric and columns.codes is inputs.categories
    assert all(
        a is b for a, b in zip(Columns.of(columns).columns(), columns.columns(), strict=True)
    )


def test_columns_are_chosen_by_row_and_move() -> None:
    columns = Columns.of(tiny_dataset(with_categories=True).folds[0].train.inputs)
    some = columns[torch.tensor([4, 2])]
    assert len(some) == 2
    assert torch.equal(some.numbers, columns.numbers[[4, 2]])
    assert torch.equal(some.codes, columns.codes[[4, 2]])
    assert {tensor.device.type for tensor in columns.to("meta").columns()} == {"meta"}


def test_rows_are_joined_whatever_tensors_hold_them() -> None:
    inputs = tiny_dataset(with_categories=True).folds[0].train.inputs
    joined = inputs[:3].followed_by(inputs[5:7])
    assert type(joined) is type(inputs) and len(joined) == 5
    for found, all_rows in zip(joined.columns(), inputs.columns(), strict=True):
        assert torch.equal(found, all_rows[[0, 1, 2, 5, 6]])
    bits = BitInputs(torch.tensor([1, 2])).followed_by(BitInputs(torch.tensor([3])))
    assert bits.numbers.tolist() == [1, 2, 3]


@dataclass(frozen=True)
class Sparse(Inputs):
    """Places and values of what is not zero, in no order of rows."""

    n_rows: int
    places: Tensor

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, rows: Tensor | slice) -> Sparse:
        return self

    def to(self, device: torch.device | str) -> Sparse:
        return self

    def columns(self) -> tuple[Tensor, Tensor]:
        return self.places, self.places


def test_inputs_that_cannot_be_joined_say_so() -> None:
    one = Sparse(4, torch.zeros(2))
    with pytest.raises(ConfigError, match="Sparse is none; give it a method `followed_by`"):
        one.followed_by(one)
