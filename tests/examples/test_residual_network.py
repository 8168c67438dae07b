from __future__ import annotations

import torch

from automl.models.own.reference import reference_of
from examples.residual_network import build
from tests.contracts.tiny_datasets import tiny_dataset


def test_it_takes_numbers_and_codes() -> None:
    dataset = tiny_dataset(with_categories=True)
    fold = dataset.folds[0]
    network = build({"blocks": 3, "width": 8}, dataset.describe())
    outputs = network(*fold.train.inputs.arguments(fold.encoding))
    assert outputs.shape == (len(fold.train), dataset.n_outputs)
    assert torch.isfinite(outputs).all()
    assert len(network.blocks) == 3


def test_it_is_named_as_its_story_says() -> None:
    assert reference_of("examples/residual_network.py:build").path is not None
