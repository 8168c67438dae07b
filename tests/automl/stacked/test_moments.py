"""Moments go through a checkpoint; those of each optimizer bit for bit: test_updates.py."""

from __future__ import annotations

import torch

from automl.stacked.blocks import StackBlocks, StackLayout
from automl.stacked.moments import read_moments, start_of_second, write_moments
from automl.training.config import TrainingConfig
from tests.contracts.trainer_contract import tiny_run


def moments() -> tuple[StackBlocks, StackBlocks]:
    layout = StackLayout.of([tiny_run(hidden_size=h).model for h in (5, 9)], 4, (), 2)
    return tuple(StackBlocks(layout, device="cpu", dtype=torch.float64) for _ in "ab")  # type: ignore[return-value]


def test_a_runs_moments_go_into_another_place_without_its_neighbours() -> None:
    training, blocks, others = TrainingConfig(optimizer="adam"), moments(), moments()
    for each in blocks:
        for k in range(2):
            for view in each.tensors_of(k).values():
                view.normal_(generator=torch.Generator().manual_seed(k))
    kept = read_moments(blocks, 1, "adam", training, 7)
    write_moments(others, 1, "adam", training, kept, 7)
    again = read_moments(others, 1, "adam", training, 7)
    assert all(torch.equal(again[name], values) for name, values in kept.items())
    neighbour = read_moments(others, 0, "adam", training, 7)
    assert all(not values.any() for values in neighbour.values())


def test_nothing_is_kept_before_the_first_step() -> None:
    assert read_moments(moments(), 0, "adam", TrainingConfig(optimizer="adam"), 0) == {}


def test_an_optimizer_without_second_moments_has_ones() -> None:
    assert [start_of_second(name) for name in ("sgd", "momentum", "adam")] == [1.0, 1.0, 0.0]
