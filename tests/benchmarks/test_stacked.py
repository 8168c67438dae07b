"""The benchmark of stacked training, on a few trials."""

from __future__ import annotations

import math

import torch

from benchmarks import dataloader_loop, expert_loop
from benchmarks.stacked import SPACES, Case, digits, draw_trials, measure, width_class


def test_all_sides_train_the_same_few_trials() -> None:
    dataset, arrays = digits()
    case = Case("small", "digits", dataset, arrays, draw_trials("small", 3, 0), 1)
    totals, per_trial = measure(case, ["expert", "stacked", "floor"])
    assert all(seconds > 0 for seconds in totals.values())
    assert len(per_trial["expert"]) == 3
    assert totals["floor"] < totals["stacked"]


def test_loops_learn() -> None:
    _, arrays = digits()
    params = draw_trials("small", 1, 1)[0] | {"learning_rate": 0.01, "optimizer": "adam"}
    for loop in (expert_loop.train, dataloader_loop.train):
        assert loop(params, arrays, 3, 0) < 0.8 * math.log(10)
        assert torch.is_grad_enabled()


def test_spaces_are_drawn_as_they_are_described() -> None:
    assert SPACES["full"] == []
    trials = draw_trials("small", 40, 3)
    assert {params["batch_size"] for params in trials} <= {16, 32, 64}
    assert all(8 <= params["hidden_size"] <= 64 for params in trials)
    assert [width_class({"hidden_size": size}) for size in (9, 16, 17, 256)] == [16, 16, 32, 256]
    assert draw_trials("full", 2, 5) == draw_trials("full", 2, 5)
