from __future__ import annotations

import numpy as np
import pytest

from examples import tune_deep_q_network
from examples.tune_deep_q_network import Agent, CartPole, deep_q_network, mean_return

PARAMS = {
    "learning_rate": 3e-3,
    "hidden_size": 64,
    "batch_size": 64,
    "discount": 0.98,
    "steps_of_target": 100,
    "exploration": 0.1,
}


def test_the_world_is_gymnasiums() -> None:
    gymnasium = pytest.importorskip("gymnasium")
    ours, theirs = CartPole(), gymnasium.make("CartPole-v1")
    seen, _ = theirs.reset(seed=0)
    ours.reset(seed=0)
    ours.state = seen.astype(np.float64)
    theirs.unwrapped.state = ours.state
    for action in (0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1):
        seen, reward, has_fallen, _, _ = ours.step(action)
        expected, reward_there, fallen_there, _, _ = theirs.step(action)
        np.testing.assert_allclose(seen, expected, rtol=1e-5)
        assert (reward, has_fallen) == (reward_there, fallen_there)
        if has_fallen:
            return
    pytest.fail("pushed to one side all the time, the pole falls")


def test_a_pole_that_is_pushed_to_one_side_falls() -> None:
    world = CartPole()
    world.reset(seed=0)
    n_steps = next(n for n in range(1, 100) if world.step(1)[2])
    assert 5 < n_steps < 15


def test_an_agent_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune_deep_q_network, "MOST_STEPS", 60)
    monkeypatch.setattr(tune_deep_q_network, "STEPS_OF_AN_EPOCH", 800)
    untrained = mean_return(Agent(PARAMS, 0))
    training = deep_q_network(PARAMS, 0)
    losses = [next(training) for _ in range(3)]
    assert 60 * (1 - min(losses)) > 1.5 * untrained
