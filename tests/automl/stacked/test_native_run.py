"""Runs by the compiled kernels: what the parity tests of small networks do not reach."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from automl.models.mlp.config import MLPConfig
from automl.stacked.trainer import StackedTrainer
from automl.training.config import RunConfig
from search_spaces.hyperparameters import hyperparameter
from tests.automl.stacked.test_trainer_matches_plain import check_one_step
from tests.contracts.kernels import needs_kernels
from tests.contracts.tiny_datasets import tiny_dataset
from tests.contracts.trainer_contract import tiny_run

pytestmark = needs_kernels(torch.float64)


def test_wide_networks_on_many_rows() -> None:
    """More rows, units and masked places than products and masks take at once; ragged ends."""
    wide: dict[str, Any] = {"dropout": 0.3, "input_dropout": 0.2, "batch_size": None}
    runs = [
        tiny_run(1, hidden_size=150, normalization="layer_norm", activation="silu", **wide),
        tiny_run(2, hidden_size=203, normalization="batch_norm", shape="funnel", **wide),
        tiny_run(3, hidden_size=601, activation="maxout", n_layers=1, **wide),
    ]
    check_one_step(tiny_dataset(n_rows=500), runs, True, warm=1)


def test_every_optimizer_with_every_penalty() -> None:
    penalties = {"weight_decay": 0.01, "l1": 1e-3, "max_norm": 1.0, "gradient_clip_norm": 0.1}
    names = hyperparameter("optimizer").words
    runs = [
        tiny_run(n, optimizer=name, batch_size=None, momentum=0.8, **penalties)
        for n, name in enumerate(names, 1)
    ]
    check_one_step(tiny_dataset(with_categories=True), runs, True, warm=1)


def test_a_larger_network_that_comes_later_leaves_the_smaller_as_they_were() -> None:
    """The scratch is made anew for it; what began before goes on in the old one."""
    alone, beside = StackedTrainer(tiny_dataset()), StackedTrainer(tiny_dataset())
    for trainer in (alone, beside):
        trainer.add([tiny_run(1)])
        trainer.train_round()
    beside.add([tiny_run(2, hidden_size=200, n_layers=4)])
    beside.train_round()
    alone.train_round()
    assert alone.train_round()[0].valid_loss == beside.train_round()[0].valid_loss


def test_a_run_that_cannot_begin_is_named() -> None:
    huge = RunConfig(7, 7, "mlp", MLPConfig(hidden_size=10**8, n_layers=2), tiny_run().training, 0)
    trainer = StackedTrainer(tiny_dataset())
    with pytest.raises(RuntimeError, match="run 7 raised an error"):
        trainer.add([tiny_run(1), huge])
    assert trainer.active == (1,)
