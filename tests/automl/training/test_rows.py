from __future__ import annotations

import torch

from automl.training.rows import Rows
from tests.contracts.tiny_datasets import tiny_dataset


def rows_of(loss: str, dtype: torch.dtype) -> Rows:
    split = tiny_dataset(loss, with_categories=True).folds[0].train
    arguments = (split.inputs.numeric, split.inputs.categories)
    return Rows.of(arguments, split.targets, "cpu", dtype)


def test_rows_are_taken_without_copying_where_the_precision_fits() -> None:
    split = tiny_dataset().folds[0].train
    rows = Rows.of([split.inputs.numeric], split.targets, "cpu", torch.float32)
    assert rows.arguments[0] is split.inputs.numeric and rows.targets is split.targets


def test_values_follow_the_precision_and_whole_numbers_stay_whole() -> None:
    values, classes = rows_of("huber", torch.float64), rows_of("cross_entropy", torch.float64)
    assert values.targets.dtype == values.arguments[0].dtype == torch.float64
    assert classes.targets.dtype == classes.arguments[1].dtype == torch.int64


def test_rows_are_chosen_by_number_or_range() -> None:
    rows = rows_of("cross_entropy", torch.float32)
    some = rows[torch.tensor([5, 2])]
    assert len(some) == 2 and torch.equal(some.arguments[1], rows.arguments[1][[5, 2]])
    assert len(rows[10:15]) == 5
