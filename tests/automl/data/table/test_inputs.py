from __future__ import annotations

import pytest
import torch

from automl.data.inputs import Columns
from automl.data.table.inputs import table_encoding, table_inputs
from automl.errors import ConfigError
from tests.contracts.tiny_datasets import CARDINALITIES, tiny_dataset


def test_rows_are_chosen_in_all_tensors_alike() -> None:
    inputs = table_inputs(tiny_dataset(with_categories=True).folds[0].train.inputs)
    some = inputs[torch.tensor([7, 1])]
    for name in ("numeric", "quantile", "categories"):
        assert torch.equal(getattr(some, name), getattr(inputs, name)[[7, 1]])
    assert len(some) == 2 and len(inputs[3:8]) == 5


def test_numbers_are_standardized_and_codes_are_left() -> None:
    fold = tiny_dataset(with_categories=True).folds[0]
    encoding = table_encoding(fold.encoding)
    numbers = encoding.standardized(table_inputs(fold.train.inputs).numeric)
    torch.testing.assert_close(numbers[:, 1:].mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(numbers[:, 1:].std(0), torch.ones(4))
    assert torch.equal(numbers[:, 0], table_inputs(fold.train.inputs).numeric[:, 0])
    assert (encoding.n_features, encoding.cardinalities) == (5, CARDINALITIES)


def test_other_kinds_of_data_are_no_table() -> None:
    rows = tiny_dataset().folds[0].train
    with pytest.raises(ConfigError, match="reads the columns of a table, but the data are"):
        table_inputs(Columns.of(rows.inputs))
