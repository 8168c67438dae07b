"""Masks of a stack are each run's own, whatever its neighbours drop."""

from __future__ import annotations

import torch

from automl.models.mlp.config import MLPConfig
from automl.models.mlp.dropout import step_masks
from automl.stacked.blocks import StackLayout
from automl.stacked.dropout import StackedDropout

CPU = torch.device("cpu")
CONFIGS = [
    MLPConfig(n_layers=3, hidden_size=12, dropout=0.3),
    MLPConfig(n_layers=2, hidden_size=9, dropout=0.0, input_dropout=0.2),
    MLPConfig(n_layers=1, hidden_size=20, dropout=0.5),
]


def test_masks_are_those_of_single_runs() -> None:
    dropout = StackedDropout(StackLayout.of(CONFIGS, 5, (), 2), [7, 8, 9], CPU, torch.float32)
    first_steps = torch.tensor([0, 10, 3])
    stacked = list(dropout.masks(first_steps, 4, 6))
    for k, (config, seed) in enumerate(zip(CONFIGS, (7, 8, 9), strict=True)):
        alone = step_masks(config, 5, seed, int(first_steps[k]), [6] * 4, CPU, torch.float32)
        for masks, single in zip(stacked, alone, strict=True):
            for mask, wanted in zip(masks, single, strict=False):
                assert mask is not None
                own = mask[k] if wanted is None else mask[k, :, : wanted.shape[1]]
                expected = torch.ones_like(own) if wanted is None else wanted
                assert torch.equal(own, expected)


def test_each_run_has_its_share_of_the_probability_from_an_epoch_on() -> None:
    dropout = StackedDropout(StackLayout.of(CONFIGS, 5, (), 2), [7, 8, 9], CPU, torch.float32)
    for shares in ([1.0, 1.0, 0.5], [0.2, 0.7, 0.0]):
        dropout.begin_epoch(shares)
        (stacked,) = dropout.masks(torch.tensor([3, 3, 3]), 1, 6)
        for k, (config, seed, share) in enumerate(zip(CONFIGS, (7, 8, 9), shares, strict=True)):
            (alone,) = step_masks(
                config, 5, seed, 3, [6], CPU, torch.float32, regularization=share
            )
            for mask, wanted in zip(stacked, alone, strict=False):
                if wanted is not None:
                    assert mask is not None
                    assert torch.equal(mask[k, :, : wanted.shape[1]], wanted)


def test_nothing_is_drawn_where_nobody_drops() -> None:
    configs = [MLPConfig(n_layers=1, hidden_size=8)] * 2
    dropout = StackedDropout(StackLayout.of(configs, 5, (), 2), [1, 2], CPU, torch.float32)
    assert list(dropout.masks(torch.zeros(2), 3, 4)) == [[None, None]] * 3
