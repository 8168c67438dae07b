from __future__ import annotations

import pytest
import torch

from automl.data.dataset import Dataset, Fold
from tests.contracts.tiny_datasets import tiny_dataset


def tensors(fold: Fold) -> list[torch.Tensor]:
    found = [fold.class_weights] if fold.class_weights is not None else []
    for name in ("train", "valid", "test"):
        split = fold.split(name)
        found += [
            split.inputs.numeric,
            split.inputs.quantile,
            split.inputs.categories,
            split.targets,
        ]
    for scaling in fold.encoding.scalings.values():
        found += [scaling.shift, scaling.scale]
    return found


def test_everything_moves_to_another_device() -> None:
    dataset = tiny_dataset(with_categories=True, class_weights=torch.ones(3), n_folds=2)
    moved = dataset.to("meta")
    assert len(moved.folds) == 2
    for fold in moved.folds:
        assert {tensor.device.type for tensor in tensors(fold)} == {"meta"}
    assert {tensor.device.type for fold in dataset.folds for tensor in tensors(fold)} == {"cpu"}


def test_what_does_not_move_stays_the_same() -> None:
    fold = tiny_dataset("huber").to("cpu").folds[0]
    assert (fold.target_mean, fold.target_scale) == (7.0, 2.5)
    assert fold.class_weights is None


def test_original_targets_are_codes_or_values_in_their_own_unit() -> None:
    classes, values = tiny_dataset("cross_entropy").folds[0], tiny_dataset("huber").folds[0]
    assert classes.original_targets("test").equal(classes.test.targets)
    original = values.original_targets("valid")
    assert original.dtype == torch.float64
    torch.testing.assert_close(original, values.valid.targets.double() * 2.5 + 7.0)


def test_scalings_start_from_their_copy_of_the_inputs() -> None:
    split = tiny_dataset().folds[0].train
    assert split.inputs.before("quantile") is split.inputs.quantile
    assert split.inputs.before("robust") is split.inputs.numeric
    assert len(split) == split.targets.shape[0]


@pytest.mark.parametrize(
    ("loss", "n_outputs"),
    [("cross_entropy", 3), ("binary_cross_entropy", 1), ("mean_squared", 1)],
)
def test_outputs_follow_the_task(loss: str, n_outputs: int) -> None:
    dataset: Dataset = tiny_dataset(loss)
    assert dataset.n_outputs == n_outputs
    assert dataset.folds[0].encoding.n_features == 5
