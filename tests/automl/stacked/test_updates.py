"""Moments between epochs: in checkpoints, at a switch of optimizers."""

from __future__ import annotations

import pytest
import torch

from automl.models.mlp.config import MLPConfig
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.updates import StackedUpdates
from automl.training.config import TrainingConfig
from automl.training.optimizers import MOMENTS
from search_spaces.hyperparameters import hyperparameter

OPTIMIZERS = hyperparameter("optimizer").words


def updates_of(training: TrainingConfig) -> tuple[StackedUpdates, StackBlocks]:
    layout = StackLayout.of([MLPConfig(n_layers=1, hidden_size=5)], 4, (), 2)
    values, gradients = (StackBlocks(layout, device="cpu", dtype=torch.float32) for _ in "ab")
    return StackedUpdates(values, gradients, [training]), gradients


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_moments_written_back_have_the_same_bits(name: str) -> None:
    training = TrainingConfig(optimizer=name, momentum=0.83)
    updates, gradients = updates_of(training)
    updates.begin_epoch([1], [0], 5)
    for step in range(5):
        gradients.flat.normal_(generator=torch.Generator().manual_seed(step))
        updates.step(step)
    moments = updates.read_moments(0, 5)
    assert {key.split(".")[0] for key in moments} == MOMENTS[name].keys()
    again, _ = updates_of(training)
    again.write_moments(0, name, moments, 5)
    pairs = {"first_moment": (updates.first, again.first)}
    pairs["second_moment"] = (updates.second, again.second)
    for moment in MOMENTS[name]:
        blocks, others = pairs[moment]
        kept = others.read(0)
        assert all(torch.equal(values, kept[key]) for key, values in blocks.read(0).items())


def test_switch_to_sgd_begins_with_empty_moments() -> None:
    training = TrainingConfig(schedule="switch_to_sgd", switch_fraction=0.5, max_epochs=2)
    updates, gradients = updates_of(training)
    updates.begin_epoch([1], [0], 1)
    gradients.flat.fill_(1.0)
    updates.step(0)
    assert updates.first.flat.abs().max() > 0
    updates.begin_epoch([2], [1], 1)
    assert updates.names == ["momentum"]
    assert updates.first.flat.abs().max() == 0
    assert updates.second.flat.min() == 1
