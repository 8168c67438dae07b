"""Tune a deep Q-network that balances a pole: an agent's return is a loss with the sign changed.

    python examples/tune_deep_q_network.py

An epoch is a thousand steps in the world, after which the agent plays ten episodes without
exploring. Source of the method: Mnih et al. 2015, Human-level control through deep reinforcement
learning; of the world: Barto, Sutton and Anderson 1983, Neuronlike adaptive elements that can
solve difficult learning control problems. `CartPole` here has the numbers and the interface of
gymnasium's `make("CartPole-v1")`, which can stand in its place.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import automl

STEPS_OF_AN_EPOCH = 1000
EPISODES = 10
MOST_STEPS = 500

SPACE = {
    "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    "hidden_size": {"low": 16, "high": 128, "log": True},
    "batch_size": {"low": 32, "high": 256, "log": True},
    "discount": {"low": 0.9, "high": 0.999},
    "steps_of_target": {"low": 10, "high": 1000, "log": True},
    "exploration": {"low": 0.01, "high": 0.3, "log": True},
}

Observation = NDArray[np.float32]


class CartPole:
    """A pole on a cart that is pushed to the left (0) or to the right (1); a reward per step."""

    def __init__(self) -> None:
        self.state = np.zeros(4)
        self.n_steps = 0
        self.generator = np.random.default_rng()

    def reset(self, seed: int | None = None) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode near the upright position."""
        if seed is not None:
            self.generator = np.random.default_rng(seed)
        self.state, self.n_steps = self.generator.uniform(-0.05, 0.05, 4), 0
        return self.state.astype(np.float32), {}

    def step(self, action: int) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Push for 20 ms: masses 1 and 0.1 kg, pole of 1 m, 10 N, Euler's method."""
        _, speed, angle, turning = self.state
        sine, cosine = math.sin(angle), math.cos(angle)
        pushed = ((10.0 if action else -10.0) + 0.05 * turning**2 * sine) / 1.1
        turn = (9.8 * sine - cosine * pushed) / (0.5 * (4 / 3 - 0.1 * cosine**2 / 1.1))
        move = pushed - 0.05 * turn * cosine / 1.1
        self.state = self.state + 0.02 * np.array([speed, move, turning, turn])
        self.n_steps += 1
        has_fallen = abs(self.state[0]) > 2.4 or abs(self.state[2]) > 12 * math.pi / 180
        is_over = self.n_steps >= MOST_STEPS
        return self.state.astype(np.float32), 1.0, bool(has_fallen), is_over, {}


class Agent:
    """A network of the values of both actions, what it remembers, and how it learns from it."""

    def __init__(self, params: Mapping[str, Any], seed: int) -> None:
        self.params = params
        torch.manual_seed(seed)
        self.values, self.target = _network(params["hidden_size"]), _network(params["hidden_size"])
        self.target.load_state_dict(self.values.state_dict())
        self.optimizer = torch.optim.Adam(self.values.parameters(), params["learning_rate"])
        self.memory: deque[tuple[Observation, int, float, Observation, bool]] = deque(
            maxlen=10_000
        )
        self.generator = np.random.default_rng(seed)
        self.n_learned = 0

    def act(self, seen: Observation, exploration: float = 0.0) -> int:
        """The action of the highest value, or any."""
        if self.generator.random() < exploration:
            return int(self.generator.integers(2))
        with torch.no_grad():
            return int(self.values(torch.from_numpy(seen)).argmax())

    def learn(self) -> None:
        """One step towards the rewards and the target network's values of what came next."""
        size = self.params["batch_size"]
        if len(self.memory) < size:
            return
        places = self.generator.integers(len(self.memory), size=size)
        columns = zip(*(self.memory[place] for place in places), strict=True)
        seen, action, reward, then, has_fallen = map(torch.as_tensor, map(np.array, columns))
        with torch.no_grad():
            best = self.target(then).max(dim=1).values * ~has_fallen
            wanted = (reward + self.params["discount"] * best).float()
        value = self.values(seen).gather(1, action[:, None]).squeeze(1)
        self.optimizer.zero_grad()
        nn.functional.smooth_l1_loss(value, wanted).backward()
        self.optimizer.step()
        self.n_learned += 1
        if self.n_learned % self.params["steps_of_target"] == 0:
            self.target.load_state_dict(self.values.state_dict())


def _network(hidden_size: int) -> nn.Module:
    return nn.Sequential(nn.Linear(4, hidden_size), nn.ReLU(), nn.Linear(hidden_size, 2))


def deep_q_network(params: Mapping[str, Any], seed: int) -> Iterator[float]:
    """Learn to balance; yield how short of the longest episodes those without exploring are."""
    agent, world = Agent(params, seed), CartPole()
    seen, _ = world.reset(seed=seed)
    while True:
        for _ in range(STEPS_OF_AN_EPOCH):
            action = agent.act(seen, params["exploration"])
            then, reward, has_fallen, is_over, _ = world.step(action)
            agent.memory.append((seen, action, reward, then, has_fallen))
            agent.learn()
            seen = world.reset()[0] if has_fallen or is_over else then
        yield 1.0 - mean_return(agent) / MOST_STEPS


def mean_return(agent: Agent) -> float:
    """Of the same ten episodes after every epoch of every trial."""
    world, total = CartPole(), 0.0
    for episode in range(EPISODES):
        seen, _ = world.reset(seed=episode)
        has_fallen = is_over = False
        while not (has_fallen or is_over):
            seen, reward, has_fallen, is_over, _ = world.step(agent.act(seen))
            total += reward
    return total / EPISODES


def main() -> None:
    """Search, and say what was found."""
    result = automl.tune(deep_q_network, SPACE, n_trials=40, max_epochs=20)
    steps = MOST_STEPS * (1.0 - (result.best.value or 0.0))
    print(f"{steps:.0f} steps with {dict(result.best.params)}")
    print(result.report("report.html"))


if __name__ == "__main__":
    main()
