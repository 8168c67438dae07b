"""Updates of stacks; parity with plain ones: test_trainer_matches_plain.py."""

from __future__ import annotations

import torch

from automl.models.mlp.config import MLPConfig
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.updates import StackedUpdates
from automl.training.config import TrainingConfig
from search_spaces.hyperparameters import hyperparameter

OPTIMIZERS = hyperparameter("optimizer").words

TRAININGS = [
    TrainingConfig(
        optimizer=name,
        momentum=0.8,
        learning_rate=0.01 * (1 + number),
        weight_decay=0.01 * (number % 3),
        l1=1e-3 * (number % 2),
        max_norm=1.0 if number % 3 == 1 else None,
        gradient_clip_norm=0.5 if number % 2 else None,
    )
    for number, name in enumerate(OPTIMIZERS)
]


def fill(blocks: StackBlocks, generator: torch.Generator) -> None:
    """Fill what belongs to the runs; the padding stays zero."""
    for k in range(len(blocks.layout.configs)):
        for view in blocks.tensors_of(k).values():
            view.normal_(generator=generator)


def updated(trainings: list[TrainingConfig]) -> tuple[StackedUpdates, StackBlocks]:
    """Six updates by made-up gradients, runs of several depths."""
    configs = [
        MLPConfig(n_layers=3 - k // 3, hidden_size=5 + 2 * k) for k in range(len(trainings))
    ]
    layout = StackLayout.of(configs, 4, (), 2)
    values, gradients = (StackBlocks(layout, device="cpu", dtype=torch.float64) for _ in range(2))
    generator = torch.Generator().manual_seed(0)
    fill(values, generator)
    updates = StackedUpdates(values, gradients, trainings)
    for epoch in (1, 2):
        updates.begin_epoch([epoch] * len(trainings), [3 * (epoch - 1)] * len(trainings), 3)
        for step in range(3):
            fill(gradients, generator)
            updates.step(step)
    return updates, values


def test_max_norm_holds_for_the_runs_that_have_it() -> None:
    _, values = updated(TRAININGS)
    lengths = values.hidden[0].norm(dim=1).amax(1)
    limited = [k for k, training in enumerate(TRAININGS) if training.max_norm is not None]
    assert (lengths[limited] <= 1 + 1e-12).all()
    assert (lengths > 1).any()
