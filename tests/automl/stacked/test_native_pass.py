"""The compiled networks hash the same masks as `randomness` draws."""

from __future__ import annotations

import pytest
import torch

from automl import randomness
from automl.models.mlp.config import MLPConfig
from automl.stacked import native
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.native_pass import MaskSource, NativePass, WindowDropout

pytestmark = pytest.mark.skipif(
    native.library(torch.float32) is None, reason="no C++ compiler here"
)


def test_masks_are_those_of_randomness() -> None:
    """With silu no output is exactly zero, so zeros show the mask. 600 inputs take two tiles."""
    sizes, n_inputs = (16, 11, 8), 601
    configs = [MLPConfig(n_layers=1, hidden_size=h, activation="silu") for h in sizes]
    layout = StackLayout.of(configs, n_inputs, (), 2)
    values = StackBlocks(layout, device="cpu", dtype=torch.float32)
    gradients = StackBlocks(layout, device="cpu", dtype=torch.float32)
    for k in range(3):
        for view in values.tensors_of(k).values():
            view.normal_(generator=torch.Generator().manual_seed(k))
    batch = NativePass(values, 6, gradients)

    def outputs(dropout: WindowDropout | None, step: int = 0) -> list[torch.Tensor]:
        batch.inputs.normal_(generator=torch.Generator().manual_seed(0))
        if dropout is not None:
            batch.set_dropout(dropout, step)
        batch.forward()
        return [batch.outputs_of(0, k).clone() for k in range(3)]

    whole, inputs = outputs(None), batch.inputs.clone()
    streams, first_steps = randomness.streams([1, 2, 3], "dropout", 1), torch.tensor([4, 9, 0])
    keys = [randomness.keys_at(streams, first_steps + step) for step in range(2)]
    decision = randomness.decision_of(torch.tensor([0.3, 0.0, 0.6]), torch.float32)
    source = MaskSource(streams, decision.threshold.flatten(), decision.scale.flatten())
    offsets = randomness.mask_offsets(6, n_inputs, torch.device("cpu"))
    masks = randomness.mask_of(keys[1], decision, 6, 16)
    found = outputs(WindowDropout(first_steps, (None, source), *offsets), step=1)
    for k, size in enumerate(sizes):
        torch.testing.assert_close(found[k], whole[k] * masks[k, :, :size])

    outputs(WindowDropout(first_steps, (source, None), *offsets), step=0)
    of_inputs = randomness.mask_of(keys[0], decision, 6, n_inputs)
    torch.testing.assert_close(batch.inputs, inputs * of_inputs)
    again = outputs(WindowDropout(first_steps, (None, None), *offsets))
    assert all(torch.equal(one, other) for one, other in zip(again, whole, strict=True))
