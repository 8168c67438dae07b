"""The rows and heads of members by torch calls, against autograd."""

from __future__ import annotations

import torch

from automl.models.mlp.config import MLPConfig
from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.input_layout import MEMBER_SCALE
from automl.stacked.member_rows import SpreadRows, heads_backward, heads_forward

DOUBLE = torch.float64


def drawn(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator, dtype=DOUBLE)


def blocks(n_members: int) -> StackBlocks:
    layout = StackLayout.of([MLPConfig(n_members=n_members)] * 2, 4, (), 1)
    return StackBlocks(layout, device="cpu", dtype=DOUBLE)


def test_rows_of_each_member_are_multiplied_by_its_factors_and_back() -> None:
    values, gradients = blocks(3), blocks(3)
    scale = values.input_tensors[MEMBER_SCALE]
    scale.copy_(drawn(2, 12))
    inputs, input_signals = drawn(2, 5, 4), torch.zeros(2, 5, 4, dtype=DOUBLE)
    made = SpreadRows(values, inputs, input_signals, gradients)
    for call in made.forward:
        call()
    asked, factors = inputs.clone().requires_grad_(), scale.clone().requires_grad_()
    wanted = (asked[:, None] * factors.view(2, 3, 1, 4)).flatten(1, 2)
    assert made.signals is not None
    torch.testing.assert_close(made.rows, wanted.detach())
    made.signals.copy_(drawn(2, 15, 4))
    wanted.backward(made.signals)
    for call in made.backward:
        call()
    torch.testing.assert_close(input_signals, asked.grad)
    torch.testing.assert_close(gradients.input_tensors[MEMBER_SCALE], factors.grad)


def test_of_one_member_nothing_is_copied() -> None:
    inputs = drawn(2, 5, 4)
    made = SpreadRows(blocks(1), inputs, None, blocks(1))
    assert made.rows is inputs and made.signals is None
    assert not made.forward and not made.backward


def test_each_member_has_a_head() -> None:
    inputs, weights, bias = drawn(2, 15, 6), drawn(2, 6, 6), drawn(2, 6)
    outputs = torch.zeros(2, 2, 15, dtype=DOUBLE)
    for call in heads_forward(3, inputs, weights, bias, outputs):
        call()
    asked = inputs.clone().requires_grad_()
    learned = weights.clone().requires_grad_()
    wanted = torch.cat(
        [
            asked[:, 5 * m : 5 * m + 5] @ learned[:, :, 2 * m : 2 * m + 2]
            + bias[:, None, 2 * m : 2 * m + 2]
            for m in range(3)
        ],
        dim=1,
    )
    torch.testing.assert_close(outputs.mT, wanted.detach())
    signals, below = drawn(2, 15, 2), torch.zeros_like(inputs)
    gradients = torch.zeros_like(weights)
    wanted.backward(signals)
    for call in heads_backward(3, signals, inputs, (weights, gradients), below):
        call()
    torch.testing.assert_close(gradients, learned.grad)
    torch.testing.assert_close(below, asked.grad)
