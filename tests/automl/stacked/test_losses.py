"""Gradients and losses of stacks against autograd through `losses.py`."""

from __future__ import annotations

import pytest
import torch

from automl.stacked.losses import (
    GRADIENTS,
    StackedObjective,
    stacked_row_errors,
    stacked_row_losses,
)
from automl.training.losses import objective, row_errors, row_losses

K, C, B = 3, 4, 70


def example(loss: str) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    n_outputs = C if loss == "cross_entropy" else 1
    outputs = 3 * torch.randn(K, n_outputs, B, generator=generator, dtype=torch.float64)
    if loss in ("cross_entropy", "binary_cross_entropy"):
        return outputs, torch.randint(0, max(2, n_outputs), (K, B), generator=generator)
    return outputs, torch.randn(K, B, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("loss", GRADIENTS)
@pytest.mark.parametrize("is_weighted", [True, False])
def test_gradient_is_that_of_the_objective(loss: str, is_weighted: bool) -> None:
    outputs, targets = example(loss)
    is_class = not targets.is_floating_point()
    smoothing = torch.tensor([0.0, 0.1, 0.2], dtype=torch.float64)
    n_classes = max(2, outputs.shape[1])
    weights = torch.arange(1.0, n_classes + 1).double() if is_class and is_weighted else None
    stacked = StackedObjective(
        loss,
        smoothing[:, None, None] if is_class else None,
        None if weights is None else weights.expand(K, -1).contiguous(),
    )
    found = torch.empty_like(outputs)
    stacked.gradient_(outputs, targets, found)
    variable = outputs.clone().requires_grad_()
    for k in range(K):
        objective(loss, variable[k].T, targets[k], float(smoothing[k]), weights).backward()
    torch.testing.assert_close(found, variable.grad, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("loss", GRADIENTS)
def test_weights_are_those_of_the_rows_whose_targets_are_learned(loss: str) -> None:
    """Of members and of mixtures, where each target has its own row's."""
    outputs, targets = example(loss)
    stacked, n_rows = StackedObjective(loss, None, None), B // 2
    weights = torch.linspace(0.1, 4, n_rows, dtype=torch.float64).expand(K, -1)
    found, share = torch.empty_like(outputs), torch.full((K, 1, 1), 0.7, dtype=torch.float64)
    stacked.mixed_gradient_(outputs, targets[:, :n_rows], found, share, weights)
    variable = outputs.clone().requires_grad_()
    for k in range(K):
        own, of_rows = targets[k, :n_rows], weights[k]
        for part, each, weight in ((0.7, own, of_rows), (0.3, own.roll(-1), of_rows.roll(-1))):
            losses = row_losses(loss, variable[k].T, each.repeat(2)) * weight.repeat(2)
            (part * losses.mean()).backward()
    torch.testing.assert_close(found, variable.grad, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("loss", GRADIENTS)
def test_row_losses_and_errors_are_those_of_losses(loss: str) -> None:
    outputs, targets = example(loss)
    task = {"cross_entropy": "multiclass", "binary_cross_entropy": "binary"}.get(
        loss, "regression"
    )
    torch.testing.assert_close(
        stacked_row_losses(loss, outputs, targets),
        torch.stack([row_losses(loss, outputs[k].T, targets[k]) for k in range(K)]),
    )
    torch.testing.assert_close(
        stacked_row_errors(task, outputs, targets), row_errors(task, outputs.mT, targets)
    )
