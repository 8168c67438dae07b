"""The compiled layer hashes the same masks as `randomness` draws."""

from __future__ import annotations

import pytest
import torch

from automl.models import native
from automl.models.mlp import MLPConfig
from automl.models.native_layer import MaskDraw
from automl.models.stacked import StackBlocks, StackLayout
from automl.models.stacked_pass import StackedPass
from automl.training import randomness


@pytest.mark.skipif(native.library() is None, reason="no C++ compiler here")
def test_masks_are_those_of_randomness() -> None:
    """With silu no output is exactly zero, so zeros show the mask."""
    configs = [MLPConfig(n_layers=1, hidden_size=h, activation="silu") for h in (16, 11, 8)]
    layout = StackLayout.of(configs, 3, (), 2)
    values = StackBlocks(layout, device="cpu", dtype=torch.float32)
    gradients = StackBlocks(layout, device="cpu", dtype=torch.float32)
    values.flat.normal_(generator=torch.Generator().manual_seed(0))
    batch = StackedPass(values, 6, gradients, is_native=True)
    batch.inputs.normal_(generator=torch.Generator().manual_seed(0))
    batch.forward()
    whole = batch.layers[0].outputs.clone()

    keys = randomness.keys_at(randomness.streams([1, 2, 3], "dropout", 1), 5)
    decision = randomness.decision_of(torch.tensor([0.3, 0.0, 0.6]), torch.float32)
    offsets = randomness.mask_offsets(6, 16, torch.device("cpu"))
    draw = MaskDraw(keys, decision.threshold.flatten(), decision.scale.flatten(), *offsets)
    batch.set_dropout(None, [draw])
    batch.forward()
    masks = randomness.mask_of(keys, decision, 6, 16)
    torch.testing.assert_close(batch.layers[0].outputs, whole * masks)
    batch.set_dropout(None, [None])
    batch.forward()
    assert torch.equal(batch.layers[0].outputs, whole)
