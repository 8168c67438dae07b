from __future__ import annotations

import pytest
import torch

from automl.errors import ConfigError
from automl.executors.trainers import (
    TRAINERS,
    kernels_for,
    make_trainer,
    trainer_class,
    trainer_for,
)
from automl.stacked import native
from automl.stacked.native_build import Kernels
from automl.stacked.trainer import StackedTrainer
from automl.training.plain import PlainTrainer
from tests.contracts.executor_contract import LINEAR
from tests.contracts.linear_trainer import LinearTrainer, tiny_dataset
from tests.contracts.tiny_datasets import tiny_dataset as tiny_table
from tests.contracts.trainer_contract import TOY


def test_a_trainer_is_found_by_name_or_by_import_path():
    assert trainer_class("plain") is PlainTrainer
    assert trainer_class(LINEAR).__name__ == LinearTrainer.__name__


@pytest.mark.parametrize("name", list(TRAINERS))
def test_every_named_trainer_can_be_made(name):
    assert make_trainer(name, tiny_dataset(), "cpu").active == ()


def test_stacks_are_for_families_that_have_them():
    assert trainer_class(trainer_for("mlp", "stacked")) is StackedTrainer
    assert trainer_for("mlp", "plain") == trainer_for(TOY, "stacked") == "plain"
    assert trainer_for(TOY, LINEAR) == LINEAR


def test_an_unknown_trainer_is_refused_with_the_known_names():
    known = r"one of stacked, plain, objective or package\.module:Class"
    with pytest.raises(ConfigError, match=known):
        trainer_class("fused")


def test_a_trainer_that_uses_no_kernels_gets_none():
    assert kernels_for("plain", ["cpu"]) == Kernels()
    assert kernels_for("stacked", ["meta", "cuda:0"]) == Kernels()
    assert kernels_for("stacked", ["cpu"]) == native.kernels(torch.float32)


def test_a_trainer_that_knows_no_weights_is_refused_where_rows_have_some():
    weighted = tiny_table(is_weighted=True)
    for name in ("plain", "stacked"):
        assert make_trainer(name, weighted, "cpu").active == ()
    with pytest.raises(ConfigError, match=r"must know what rows weigh .* set knows_weights"):
        make_trainer(LINEAR, weighted, "cpu")
