"""Replays: epochs are counted in the virtual order, and policies are given what they may see."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.policies import make
from benchmarks.policy_replay import Replay
from benchmarks.policy_tune import tune
from benchmarks.policy_worlds import Floats, Params, World
from search_spaces import FloatParameter, IntParameter, SearchSpace

SPACE = SearchSpace.of("one", [FloatParameter("learning_rate", 1e-4, 1e-1, log=True)])

SMALL = SearchSpace.of(
    "small", [IntParameter("n_layers", 1, 6), IntParameter("hidden_size", 1, 30, log=True)]
)


class Valley(World):
    """The nearer the learning rate is to 0.01, the lower; too large ones diverge."""

    def __init__(self) -> None:
        super().__init__(SPACE, np.linspace(0.1, 2.1, 101), max_epochs=20, n_trials=1000)

    def begin(self, params: Params, taken: set[int]) -> tuple[Params, Floats, Floats]:
        rate = float(params["learning_rate"])
        epochs = np.arange(1.0, 21.0)
        losses = 0.1 + 0.5 * abs(np.log10(rate) + 2) + 1 / epochs
        return params, np.where((rate > 0.05) & (epochs > 2), np.nan, losses), epochs


class Steps(World):
    """Of few configurations, so that some are proposed again."""

    def __init__(self) -> None:
        super().__init__(SMALL, np.linspace(0.1, 2.1, 101), max_epochs=20, n_trials=1000)

    def begin(self, params: Params, taken: set[int]) -> tuple[Params, Floats, Floats]:
        distance = abs(int(params["n_layers"]) - 3) + abs(int(params["hidden_size"]) - 8)
        return params, 0.1 + 0.02 * distance + 1 / np.arange(1.0, 21.0), np.arange(1.0, 21.0)


def test_regret_is_0_for_the_best_and_1_for_the_third_quartile() -> None:
    world = Valley()
    assert world.regret(0.1) == 0.0
    np.testing.assert_allclose(world.regret(1.6), 1.0)


@pytest.mark.parametrize("by_turns", (False, True))
@pytest.mark.parametrize("name", ("freeze_thaw", "promotion", "random_halving"))
def test_policies_spend_the_epochs_that_they_are_given(name: str, by_turns: bool) -> None:
    world = Valley()
    replay = Replay(world, make(name, world, 0), 4, 0, by_turns=by_turns)
    replay.run(150)
    trials = replay.view.trials.values()
    epochs = sum(trial.epoch + (trial.state == "failed") for trial in trials)
    assert len(replay.steps) == epochs
    assert 150 <= epochs < 150 + 4 * 20
    bests = [step.best for step in replay.steps]
    assert bests == sorted(bests, reverse=True)
    assert replay.steps[-1].seconds == epochs


@pytest.mark.parametrize("world", (Valley(), Steps()), ids=("valley", "steps"))
@pytest.mark.parametrize("name", ("freeze_thaw", "promotion"))
def test_a_replay_decides_what_a_search_does(name: str, world: World) -> None:
    """The same trials, and the same epochs of them in the same sequence, to the last bit."""
    n_epochs = 120
    replay = Replay(world, make(name, world, 3), 4, 3)
    replay.run(n_epochs)
    tuned = tune(world, name, 4, 3, n_epochs + 20)  # so that the end is not near
    steps = [step for step in replay.steps if np.isfinite(step.loss)]
    assert [(one.number, one.epoch, one.loss) for one in steps] == [
        (one.number, one.epoch, one.loss) for one in tuned.steps[: len(steps)]
    ]
    for number, trial in replay.view.trials.items():
        assert trial.params == tuned.params[number]
