"""Mixing by torch calls, against autograd."""

from __future__ import annotations

import torch

from automl.stacked.mixing import MixedRows

ROWS = torch.tensor([0, 2])


def drawn(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def test_values_slopes_and_gradient_are_those_of_the_formula() -> None:
    z, shares, signals = drawn(3, 5, 4), drawn(3, 4).requires_grad_(), drawn(3, 5, 4) * 2
    inputs = z.clone().requires_grad_()
    wanted = inputs + shares[:, None] * (torch.tanh(inputs) - inputs)
    wanted.backward(signals)
    assert inputs.grad is not None and shares.grad is not None
    h, d = torch.tanh(z), 1 - torch.tanh(z).square()
    mixed = MixedRows.of(ROWS, shares.detach(), z, h, d)
    for call in mixed.forward:
        call()
    torch.testing.assert_close(h[ROWS], wanted[ROWS].detach(), rtol=1e-13, atol=0)
    torch.testing.assert_close((d * signals)[ROWS], inputs.grad[ROWS], rtol=1e-12, atol=1e-14)
    assert torch.equal(h[1], torch.tanh(z[1])), "the other runs keep theirs"
    into = torch.full_like(z[:, 0], 7.0)
    mixed.gradient(signals, None, into)
    torch.testing.assert_close(into[ROWS], shares.grad[ROWS], rtol=1e-12, atol=1e-14)
    assert (into[1] == 7.0).all()


def test_a_dropped_unit_has_no_part_in_the_gradient() -> None:
    z, shares = drawn(3, 5, 4), drawn(3, 4)
    mixed = MixedRows.of(ROWS, shares, z, torch.tanh(z), None)
    for call in mixed.forward:
        call()
    mask = torch.ones_like(z)
    mask[:, :, 1] = 0
    into = torch.zeros_like(z[:, 0])
    mixed.gradient(torch.ones_like(z), mask, into)
    assert (into[ROWS, 1] == 0).all() and (into[ROWS][:, [0, 2, 3]] != 0).all()
