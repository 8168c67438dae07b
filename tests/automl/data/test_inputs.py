from __future__ import annotations

import torch

from automl.data.inputs import Columns
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
