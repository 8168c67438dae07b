from __future__ import annotations

from typing import ClassVar

import pytest
import torch
from torch import nn

from automl.models.parameter_roles import incoming_weights, penalized, rate_roles, trainable


def test_frozen_parameters_are_not_trained() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    module[0].requires_grad_(False)
    assert trainable(module) == list(module[1].parameters())
    assert [weight for weight, _ in incoming_weights(module)] == [module[1].weight]


def test_tied_weights_count_once() -> None:
    module = nn.Sequential(nn.Embedding(7, 4), nn.Linear(4, 7))
    module[1].weight = module[0].weight
    assert len(penalized(module)) == 1 and len(trainable(module)) == 2


@pytest.mark.parametrize(
    "module",
    [
        nn.Linear(6, 4),
        nn.Conv2d(6, 4, 3, groups=2),
        nn.Conv2d(6, 4, 3).to(memory_format=torch.channels_last),
        nn.ConvTranspose2d(6, 4, 3, groups=2),
        nn.ConvTranspose1d(6, 4, 3),
        nn.Bilinear(2, 3, 4),
    ],
    ids=lambda module: str(module),
)
def test_incoming_weights_are_those_that_one_unit_depends_on(module: nn.Module) -> None:
    """Changing one unit's incoming weights in place changes that unit's outputs alone."""
    module.double()
    arguments: tuple[torch.Tensor, ...] = (torch.randn(2, 6, dtype=torch.float64),)
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        arguments = (torch.randn(2, 6, 5, 5, dtype=torch.float64),)
    elif isinstance(module, nn.ConvTranspose1d):
        arguments = (torch.randn(2, 6, 5, dtype=torch.float64),)
    elif isinstance(module, nn.Bilinear):
        arguments = (arguments[0][:, :2], arguments[0][:, 2:5])
    before = module(*arguments)
    ((weight, inputs),) = incoming_weights(module)
    norms = torch.linalg.vector_norm(weight, dim=inputs, keepdim=True)
    assert norms.numel() == 4
    scales = torch.ones(norms.numel(), dtype=torch.float64)
    scales[2] = 0.5
    with torch.no_grad():
        weight.mul_(scales.view(norms.shape))
    changed = (module(*arguments) != before).transpose(0, 1).flatten(1).any(dim=1)
    assert changed.tolist() == [False, False, True, False]


class Gated(nn.Module):
    """A module that says what its own parameters are for."""

    rate_roles: ClassVar = {"gate": "embedding"}

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.ones(4))
        self.other = nn.Parameter(torch.ones(4))


def test_the_roles_of_a_network_of_any_kind() -> None:
    module = nn.Sequential(
        nn.Embedding(7, 4),
        nn.LayerNorm(4),
        nn.Linear(4, 4),
        Gated(),
        nn.LSTM(4, 3),
        nn.Linear(3, 2),
    )
    roles = rate_roles(module)
    found = {n: roles[id(p)] for n, p in module.named_parameters() if id(p) in roles}
    assert found == {
        "0.weight": "embedding",
        "2.weight": "first_layer",
        "2.bias": "bias",
        "3.gate": "embedding",
        "4.bias_ih_l0": "bias",
        "4.bias_hh_l0": "bias",
        "5.bias": "bias",
    }


def test_a_tied_weight_has_one_role() -> None:
    module = nn.Sequential(nn.Embedding(7, 4), nn.Linear(4, 7))
    module[1].weight = module[0].weight
    assert sorted(rate_roles(module).values()) == ["bias", "embedding"]
