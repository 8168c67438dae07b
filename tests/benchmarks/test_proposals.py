"""The comparison of proposals, on a surrogate of one formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import search_spaces
from benchmarks import proposals


def curves(params: dict[str, Any]) -> tuple[Any, Any]:
    """Best at a dropout of 0.3; an epoch takes as long as the network is wide."""
    loss = 0.1 + abs(params["dropout"] - 0.3)
    return loss * (1 + 1 / np.arange(1.0, 6.0)), params["hidden_size"] * np.arange(1.0, 6.0)


def test_all_samplers_search_to_the_same_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposals, "N_TRIALS", 40)
    monkeypatch.setattr(proposals, "TRIAL_MARKS", (20, 40))
    compared = proposals.compare(curves, seed=0)  # type: ignore[arg-type]
    assert compared.keys() == proposals.SAMPLERS.keys()
    assert set(compared["optuna"].values()) == {0.0}
    assert compared["ours"]["seconds_per_trial"] < compared["without_cost"]["seconds_per_trial"]


def test_marks_are_of_what_was_reached_by_then() -> None:
    steps = [
        proposals.Step(30, 1.0, -0.1),
        proposals.Step(60, 20.0, -0.2),
        proposals.Step(220, 100.0, -0.3),
    ]
    found = proposals.marks(steps, 100.0)
    assert [found[f"trials_{n}"] for n in (50, 100, 200)] == [-0.2, -0.3, -0.3]
    assert [found[f"time_{share}"] for share in ("0.1", "0.3", "1")] == [-0.1, -0.2, -0.3]
    assert found["seconds_per_trial"] == pytest.approx(np.log(100.0))


@pytest.mark.parametrize("name", ["tpe", "random"])
def test_a_proposal_takes_time(name: str) -> None:
    space = search_spaces.load("mlp").for_task("multiclass")
    sampler = proposals.PerTrialSampler(name, space, 0)
    assert 0 < proposals.milliseconds_per_proposal(sampler, 12) < 1000
