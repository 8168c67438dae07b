"""Mixup: its shares, and what a step of training does with them in every trainer."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
import torch

from automl.models.mlp.config import MLPConfig
from automl.models.mlp.family import MLP_FAMILY
from automl.models.mlp.initialization import initialize_
from automl.models.mlp.mixup import mixed, own_shares
from automl.models.mlp.network import MLP
from automl.stacked.trainer import StackedTrainer
from automl.training.plain import PlainTrainer
from automl.training.trainer import Trainer
from storage.records import EpochRecord
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import curve, losses, tiny_run


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 4.0])
def test_shares_have_the_moments_of_a_beta_distribution(alpha: float) -> None:
    shares = np.asarray(own_shares(MLPConfig(mixup=alpha), 7, 0, 20_000))
    assert shares.min() >= 0 and shares.max() <= 1
    assert shares.mean() == pytest.approx(0.5, abs=0.01)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.03)


def test_a_share_is_a_function_of_seed_and_step() -> None:
    config = MLPConfig(mixup=0.4)
    whole = own_shares(config, 3, 0, 10)
    assert own_shares(config, 3, 4, 6) == whole[4:]
    assert own_shares(config, 4, 0, 10) != whole
    assert own_shares(MLPConfig(), 3, 0, 4) == [1.0] * 4


def test_each_row_is_mixed_with_the_next_one() -> None:
    rows = torch.tensor([[0.0, 8.0], [4.0, 0.0], [8.0, 4.0]])
    assert mixed(rows, 0.75).tolist() == [[1.0, 6.0], [5.0, 1.0], [6.0, 5.0]]
    assert mixed(rows, 1.0) is rows


def test_what_the_first_layer_reads_is_mixed() -> None:
    """Embeddings too: a linear network of mixed rows has the mixed outputs."""
    model = MLP(MLPConfig(n_layers=0, mixup=1.0), 3, 2, (4,), dtype=torch.float64)
    initialize_(model, 0)
    inputs = torch.linspace(-1, 2, 15, dtype=torch.float64).square().view(5, 3)
    codes = torch.arange(5)[:, None] % 4
    shares = own_shares(model.config, 11, 2, 1)
    (forward,) = MLP_FAMILY.forwards(model, 11, 2, [5])
    torch.testing.assert_close(forward(inputs, codes), mixed(model(inputs, codes), shares[0]))


@pytest.mark.parametrize(
    "values",
    [
        {"loss": "cross_entropy", "with_categories": True},
        {"loss": "cross_entropy", "class_weights": torch.tensor([0.5, 1.0, 2.0])},
        {"loss": "binary_cross_entropy"},
        {"loss": "huber", "with_categories": True},
    ],
)
def test_every_trainer_mixes_alike(values: dict[str, object]) -> None:
    """Behind encodings and learned factors too, and beside runs that mix otherwise or not."""
    dataset = tiny_dataset(**values)  # type: ignore[arg-type]
    runs = [
        tiny_run(1, mixup=0.4, input_dropout=0.2, label_smoothing=0.1),
        tiny_run(2),
        tiny_run(3, mixup=1.0, n_layers=3, normalization="batch_norm"),
        tiny_run(4, mixup=0.4, input_scaling="learned", numeric_encoding="periodic"),
    ]

    def trained(trainer: Trainer) -> list[EpochRecord]:
        trainer.add(runs)
        rounds = [trainer.train_round() for _ in range(3)]
        return sorted(chain(*rounds), key=lambda record: (record.run_id, record.epoch))

    wanted = trained(PlainTrainer(dataset, dtype=torch.float64))
    for is_native in (True, False):
        found = trained(StackedTrainer(dataset, dtype=torch.float64, is_native=is_native))
        for mine, theirs in zip(found, wanted, strict=True):
            assert mine.gradient_norm == pytest.approx(theirs.gradient_norm, rel=1e-8)
            assert mine.valid_loss == pytest.approx(theirs.valid_loss, rel=1e-8)


def test_rows_are_mixed_in_training_only() -> None:
    """At a rate of almost 0 the losses are those of a run that does not mix, gradients are not."""
    few = {"learning_rate": 1e-12, "optimizer": "sgd"}
    mixing, other = (
        curve(PlainTrainer(tiny_dataset(), dtype=torch.float64), tiny_run(mixup=alpha, **few), 1)
        for alpha in (1.0, 0.0)
    )
    assert losses(mixing)[0] == pytest.approx(losses(other)[0], rel=1e-6)
    assert mixing[0].gradient_norm < 0.9 * other[0].gradient_norm
