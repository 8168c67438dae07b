from __future__ import annotations

import pytest
import torch
from torch import nn

from automl.training.place import LossScaler, Place


def test_half_precision_is_for_products_and_only_where_it_is_asked_for() -> None:
    linear, rows = nn.Linear(4, 3), torch.ones(2, 4)
    for place, dtype in ((Place(), torch.float32), (Place(amp=True), torch.bfloat16)):
        with place.arithmetic():
            assert linear(rows).dtype is dtype
        assert linear.weight.dtype is torch.float32


def test_filters_lie_with_the_channels_last_where_it_is_asked_for() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(4, 2))
    Place().bring(module)
    assert module[0].weight.is_contiguous()
    Place(channels_last=True).bring(module)
    assert module[0].weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("place", [Place(), Place(amp=True)])
def test_without_float16_nothing_is_scaled(place: Place) -> None:
    weight = nn.Parameter(torch.tensor([2.0]))
    optimizer, scaler = torch.optim.SGD([weight], 0.5), LossScaler(place)
    scaler.backward((weight**2).sum(), optimizer)
    assert weight.grad is not None and weight.grad.item() == 4.0
    scaler.step(optimizer)
    assert weight.item() == 0.0 and scaler.state() == {}
    scaler.restore({})


class Float16(Place):
    """As on a GPU without bfloat16."""

    @property
    def half(self) -> torch.dtype:
        return torch.float16


def test_gradients_of_float16_are_scaled_skipped_and_go_on_from_a_checkpoint() -> None:
    weight = nn.Parameter(torch.tensor([2.0]))
    optimizer, scaler = torch.optim.SGD([weight], 0.5), LossScaler(Float16(amp=True))
    scaler.backward((weight**2).sum(), optimizer)
    assert weight.grad is not None and weight.grad.item() == 4.0, "unscaled again"
    scaler.step(optimizer)
    scaler.backward((weight * torch.inf).sum(), optimizer)
    scaler.step(optimizer)
    assert weight.item() == 0.0, "a gradient out of reach changes nothing"
    kept = scaler.state()
    assert kept["scaler.scale"] == 2.0**15  # half of where torch begins
    again = LossScaler(Float16(amp=True))
    again.restore(kept)
    assert again.state() == kept
