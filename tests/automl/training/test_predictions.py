from __future__ import annotations

import pytest
import torch

from automl.data.dataset import Dataset
from automl.errors import DataError
from automl.training.network import ROWS_AT_ONCE
from automl.training.plain import PlainTrainer
from automl.training.predictions import predict
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import curve, tiny_run


def trained(dataset: Dataset, **values: object) -> tuple[PlainTrainer, float]:
    trainer = PlainTrainer(dataset)
    records = curve(trainer, tiny_run(**values), 5)
    return trainer, min(records, key=lambda record: record.valid_loss).valid_metric


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_probabilities_of_classes_add_up_to_one_and_make_the_same_errors(loss: str) -> None:
    dataset = tiny_dataset(loss, with_categories=True)
    trainer, error_rate = trained(dataset, normalization="batch_norm", dropout=0.2)
    chances = predict(
        tiny_run(normalization="batch_norm"), trainer.best_weights(1), dataset, "valid"
    )
    assert chances.shape == (30, dataset.n_classes)
    torch.testing.assert_close(chances.sum(1), torch.ones(30))
    wrong = chances.argmax(1) != dataset.folds[0].valid.targets
    assert wrong.float().mean().item() == pytest.approx(error_rate)


def test_values_of_regression_are_in_the_targets_own_unit() -> None:
    dataset = tiny_dataset("mean_squared")
    trainer, rmse = trained(dataset)
    values = predict(tiny_run(), trainer.best_weights(1), dataset, "valid")
    own = dataset.folds[0].valid.targets * 2.5 + 7.0
    assert (values - own).square().mean().sqrt().item() == pytest.approx(rmse, rel=1e-5)


def test_splits_and_folds_are_the_runs() -> None:
    dataset = tiny_dataset(n_folds=2)
    trainer, _ = trained(dataset)
    weights = trainer.best_weights(1)
    sizes = [len(predict(tiny_run(), weights, dataset, part)) for part in ("train", "test")]
    assert sizes == [90, 30]
    first, second = (predict(tiny_run(fold=f), weights, dataset, "test") for f in (0, 1))
    assert not torch.equal(first, second)


def test_many_rows_are_predicted_in_chunks_with_the_same_result() -> None:
    dataset = tiny_dataset()
    trainer, _ = trained(dataset)
    state = trainer._runs[1]
    rows = state.data.train[torch.arange(90).repeat(60)]
    assert len(rows) > 2 * ROWS_AT_ONCE
    with torch.no_grad():
        expected = state.network.module(*rows.arguments)
    torch.testing.assert_close(state.network.evaluated(rows), expected)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "mean_squared"])
def test_a_row_without_a_prediction_is_told_and_gets_no_class(loss: str) -> None:
    """Beyond what float32 holds a network gives no numbers, and the first class is no answer."""
    dataset = tiny_dataset(loss)
    trainer, _ = trained(dataset)
    test = dataset.folds[0].test
    test.inputs.numeric[[3, 5]] = torch.inf
    with pytest.raises(DataError, match="2 of 30 rows give none, the first of them is row 4"):
        predict(tiny_run(), trainer.best_weights(1), dataset, "test")
