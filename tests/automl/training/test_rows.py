from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from automl.models.mlp.initialization import initialize_
from automl.models.mlp.network import MLPConfig, mlp_for
from automl.training.rows import Rows, score
from tests.contracts.tiny_datasets import tiny_dataset

CPU = torch.device("cpu")


def test_rows_are_taken_without_copying_where_the_precision_fits() -> None:
    split = tiny_dataset().folds[0].train
    rows = Rows.of(split, "standard", CPU, torch.float32)
    assert rows.inputs is split.inputs.numeric and rows.targets is split.targets


def test_quantile_scaling_starts_from_its_own_copy() -> None:
    split = tiny_dataset().folds[0].train
    assert torch.equal(
        Rows.of(split, "quantile", CPU, torch.float32).inputs, split.inputs.quantile
    )


def test_values_follow_the_precision_and_classes_stay_classes() -> None:
    values = Rows.of(tiny_dataset("huber").folds[0].train, "robust", CPU, torch.float64)
    assert values.targets.dtype == values.inputs.dtype == torch.float64
    classes = Rows.of(tiny_dataset().folds[0].train, "robust", CPU, torch.float64)
    assert classes.targets.dtype == torch.int64


def test_rows_are_chosen_by_number_or_range() -> None:
    rows = Rows.of(
        tiny_dataset(with_categories=True).folds[0].train, "standard", CPU, torch.float32
    )
    some = rows[torch.tensor([5, 2])]
    assert len(some) == 2 and torch.equal(some.categories, rows.categories[[5, 2]])
    assert len(rows[10:15]) == 5


def test_score_is_mean_loss_standard_error_and_share_of_errors() -> None:
    dataset = tiny_dataset()
    model = mlp_for(MLPConfig(), dataset)
    initialize_(model, 0)
    rows = Rows.of(dataset.folds[0].valid, "standard", CPU, torch.float32)
    found = score(model, dataset, rows)
    with torch.no_grad():
        outputs = model(rows.inputs, rows.categories)
    losses = functional.cross_entropy(outputs, rows.targets, reduction="none").double()
    assert found.loss == pytest.approx(losses.mean().item())
    assert found.standard_error == pytest.approx(losses.std().item() / 30**0.5)
    assert found.error == pytest.approx((outputs.argmax(1) != rows.targets).double().mean().item())
    assert not model.training


def test_standard_error_of_a_single_row_is_zero() -> None:
    dataset = tiny_dataset()
    model = mlp_for(MLPConfig(), dataset)
    initialize_(model, 0)
    rows = Rows.of(dataset.folds[0].valid, "standard", CPU, torch.float32)
    assert score(model, dataset, rows[:1]).standard_error == 0.0
