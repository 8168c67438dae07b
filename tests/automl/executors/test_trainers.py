from __future__ import annotations

import pytest

from automl.errors import ConfigError
from automl.executors.trainers import TRAINERS, check_device, make_trainer, trainer_class
from automl.training.plain import PlainTrainer
from tests.contracts.executor_contract import LINEAR
from tests.contracts.linear_trainer import LinearTrainer, tiny_dataset


def test_a_trainer_is_found_by_name_or_by_import_path():
    assert trainer_class("plain") is PlainTrainer
    assert trainer_class(LINEAR).__name__ == LinearTrainer.__name__


@pytest.mark.parametrize("name", list(TRAINERS))
def test_every_named_trainer_can_be_made(name):
    assert make_trainer(name, tiny_dataset(), "cpu").active == ()


def test_an_unknown_trainer_is_refused_with_the_known_names():
    with pytest.raises(ConfigError, match=r"one of stacked, plain or package\.module:Class"):
        trainer_class("fused")


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_the_processor_is_always_there(device):
    check_device(device)


@pytest.mark.parametrize("device", ["cuda:99", "abacus"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(ConfigError, match=f"but got '{device}'"):
        check_device(device)
