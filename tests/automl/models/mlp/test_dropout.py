from __future__ import annotations

import pytest
import torch

from automl.models.mlp import dropout
from automl.models.mlp.config import MLPConfig
from automl.models.mlp.dropout import step_masks
from automl.randomness import dropout_mask, keys_at, streams

CONFIG = MLPConfig(n_layers=2, hidden_size=12, shape="funnel", dropout=0.4, input_dropout=0.2)
CPU = torch.device("cpu")


def masks(
    first_step: int, sizes: list[int], config: MLPConfig = CONFIG
) -> list[list[torch.Tensor | None]]:
    return list(step_masks(config, 5, 9, first_step, sizes, CPU, torch.float32))


def test_each_place_has_its_own_width_and_rate() -> None:
    drawn = masks(0, [16] * 200)
    assert [tuple(mask.shape) for mask in drawn[0]] == [(16, 5), (16, 12), (16, 8)]
    dropped = [
        torch.stack([step[place] for step in drawn]).eq(0).float().mean() for place in range(3)
    ]
    assert [rate.item() for rate in dropped] == pytest.approx([0.2, 0.4, 0.4], abs=0.02)


def test_a_share_of_the_probability_is_dropped_where_it_is_asked_for() -> None:
    drawn = step_masks(CONFIG, 5, 9, 0, [16] * 200, CPU, torch.float32, regularization=0.5)
    second = torch.stack([masks[1] for masks in drawn if masks[1] is not None])
    assert second.eq(0).float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert second.max().item() == pytest.approx(1 / 0.8, rel=1e-4)


def test_mask_is_that_of_its_step_layer_and_rows() -> None:
    drawn = masks(100, [16, 16, 7])
    for number, size in enumerate([16, 16, 7]):
        key = keys_at(streams([9], "dropout", 2), 100 + number)[0]
        assert torch.equal(drawn[number][2], dropout_mask(key, 0.4, size, 8, torch.float32))


@pytest.mark.parametrize("elements", [1, 1000, 1 << 20])
def test_how_many_are_drawn_together_does_not_show(
    elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = masks(3, [16] * 9 + [5])
    monkeypatch.setattr(dropout, "MASK_ELEMENTS", elements)
    for found, wanted in zip(masks(3, [16] * 9 + [5]), expected, strict=True):
        assert all(torch.equal(mine, theirs) for mine, theirs in zip(found, wanted, strict=True))


def test_nothing_is_drawn_where_nothing_is_dropped() -> None:
    assert masks(0, [4, 4], MLPConfig(n_layers=1)) == [[None, None], [None, None]]
