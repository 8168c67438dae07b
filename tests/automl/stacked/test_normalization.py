"""Normalization of some runs of a layer against torch.nn, running statistics included."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from automl.stacked.normalization import NormalizationPlace, batch_norm, layer_norm

ROWS = torch.tensor([2, 0])


def place(values: Tensor, signals: Tensor | None, vectors: Tensor) -> NormalizationPlace:
    shape = (len(ROWS), *values.shape[1:])
    gradients = None if signals is None else torch.zeros_like(vectors)
    return NormalizationPlace(
        values, signals, ROWS, vectors, gradients, torch.zeros(shape).double(),
        torch.zeros(shape).double(),
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["batch_norm", "layer_norm"])
def test_values_gradients_and_statistics_agree_with_torch(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(3, 7, 4, generator=generator, dtype=torch.float64)
    signals = torch.randn(3, 7, 4, generator=generator, dtype=torch.float64)
    vectors = torch.rand(3, 8, generator=generator, dtype=torch.float64)
    before, upstream = values.clone(), signals.clone()
    statistics = torch.zeros(3, 8, dtype=torch.float64)
    here = place(values, signals, vectors)
    if kind == "batch_norm":
        calls = batch_norm(here, statistics, training=True, frozen=False)
    else:
        calls = layer_norm(here, torch.full((2, 1, 1), 4.0, dtype=torch.float64), None)
    for call in (*calls.forward, *calls.backward):
        call()
    assert torch.equal(values[1], before[1]) and torch.equal(signals[1], upstream[1])
    for k in ROWS.tolist():
        module = (nn.BatchNorm1d(4) if kind == "batch_norm" else nn.LayerNorm(4)).double()
        with torch.no_grad():
            module.weight.copy_(vectors[k, :4])
            module.bias.copy_(vectors[k, 4:])
        x = before[k].clone().requires_grad_()
        expected = module(x)
        expected.backward(upstream[k])
        torch.testing.assert_close(values[k], expected.detach())
        torch.testing.assert_close(signals[k], x.grad)
        assert here.gradients is not None
        torch.testing.assert_close(here.gradients[k, :4], module.weight.grad)
        torch.testing.assert_close(here.gradients[k, 4:], module.bias.grad)
        if isinstance(module, nn.BatchNorm1d):
            assert module.running_mean is not None and module.running_var is not None
            torch.testing.assert_close(statistics[k, :4], module.running_mean)
            moved = module.running_var - 0.9  # torch starts at 1, this test at 0
            torch.testing.assert_close(statistics[k, 4:], moved)


def test_evaluation_uses_the_running_statistics() -> None:
    values = torch.randn(3, 5, 2, generator=torch.Generator().manual_seed(0)).double()
    vectors = torch.tensor([[2.0, 3.0, 0.5, -0.5]] * 3).double()
    statistics = torch.tensor([[1.0, -1.0, 4.0, 9.0]] * 3).double()
    expected = (values - statistics[0, :2]) / (statistics[0, 2:] + 1e-5).sqrt()
    expected = expected * vectors[0, :2] + vectors[0, 2:]
    expected[1] = values[1]
    for call in batch_norm(
        place(values, None, vectors), statistics, training=False, frozen=False
    ).forward:
        call()
    torch.testing.assert_close(values, expected)
