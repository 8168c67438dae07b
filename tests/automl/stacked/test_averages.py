"""Averages of a stack; parity with the plain trainer: test_trainer_matches_plain.py."""

from __future__ import annotations

import torch

from automl.models.mlp.config import MLPConfig
from automl.stacked.averages import StackedAverages
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.training.averaging import averaging_weights
from automl.training.config import TrainingConfig

LAYOUT = StackLayout.of([MLPConfig(2, 6), MLPConfig(1, 9)], 4, (3,), 2)
TRAININGS = [TrainingConfig(weight_averaging=2.0), TrainingConfig()]


def blocks() -> StackBlocks:
    return StackBlocks(LAYOUT, device="cpu", dtype=torch.float64, statistics=True)


def test_each_run_has_its_own_averages_or_its_weights() -> None:
    values, generator = blocks(), torch.Generator().manual_seed(0)
    averages = StackedAverages(values, TRAININGS)
    assert averages.is_any
    averages.begin_epoch([0, 0], 3)
    expected = torch.zeros(())
    for step, weight in enumerate(averaging_weights(TRAININGS[0], 3, 0, 3)):
        for block in values.blocks:
            block.normal_(generator=generator)
        averages.step(step)
        expected = expected + weight * (values.hidden[0][0] - expected)
    torch.testing.assert_close(averages.blocks.hidden[0][0], expected)
    for average, block in zip(averages.blocks.blocks, values.blocks, strict=True):
        assert torch.equal(average[1:], block[1:])


def test_without_averages_the_weights_themselves_are_measured() -> None:
    values = blocks()
    averages = StackedAverages(values, [TrainingConfig()] * 2)
    averages.begin_epoch([0, 0], 3)
    averages.step(0)
    assert averages.blocks is values


def test_a_run_takes_its_averages_along() -> None:
    source = StackedAverages(blocks(), TRAININGS)
    source.blocks.output[0] = 7.0
    moved = StackedAverages(blocks(), TRAININGS)
    moved.take_over(source, [(0, 0)])
    assert (moved.blocks.output[0] == 7.0).all() and not moved.blocks.output[1].any()
