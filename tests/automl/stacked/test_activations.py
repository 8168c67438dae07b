"""Activations of stacks against torch's, with slopes from autograd."""

from __future__ import annotations

import pytest
import torch

from automl.models.mlp.network import ACTIVATIONS
from automl.stacked.activations import ACTIVATION_CALLS, maxout_calls, prelu_calls

Z = torch.cat([torch.linspace(-4, 4, 21, dtype=torch.float64), torch.zeros(3)]).view(2, 3, 4)


@pytest.mark.parametrize("name", ACTIVATION_CALLS)
def test_values_and_slopes_agree_with_torch(name: str) -> None:
    z = Z.clone().requires_grad_()
    function = ACTIVATIONS[name]
    assert function is not None
    expected = function(z)
    expected.sum().backward()
    h, d = torch.empty_like(Z), torch.empty_like(Z)
    for call in ACTIVATION_CALLS[name](Z, h, d):
        call()
    torch.testing.assert_close(h, expected.detach(), rtol=1e-13, atol=1e-15)
    torch.testing.assert_close(d, z.grad, rtol=1e-12, atol=1e-15)
    again = torch.empty_like(Z)
    for call in ACTIVATION_CALLS[name](Z, again, None):
        call()
    torch.testing.assert_close(again, h)


def test_prelu_has_a_slope_per_run() -> None:
    slope = torch.tensor([0.25, -0.5], dtype=torch.float64)[:, None, None]
    h, d, negative = (torch.empty_like(Z) for _ in range(3))
    for call in prelu_calls(Z, h, d, slope, negative):
        call()
    assert torch.equal(h, torch.where(Z > 0, Z, slope * Z))
    assert torch.equal(d, torch.where(Z > 0, 1.0, slope).expand_as(Z))
    assert torch.equal(negative, Z.clamp(max=0))


def test_maxout_shares_the_gradient_of_a_tie() -> None:
    z = torch.tensor([[[[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]]])
    h, share = torch.empty(1, 1, 3), torch.empty(1, 1, 3)
    for call in maxout_calls(z, h, share):
        call()
    assert h.tolist() == [[[3.0, 2.0, 3.0]]]
    assert share.tolist() == [[[0.0, 0.5, 1.0]]]
