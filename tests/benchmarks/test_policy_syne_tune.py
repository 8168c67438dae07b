"""Schedulers of Syne Tune decide in a replay, where Syne Tune is; elsewhere it is said."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from automl.errors import ConfigError
from benchmarks.policies import make
from benchmarks.policy_replay import Replay
from benchmarks.policy_syne_tune import SCHEDULERS
from benchmarks.policy_worlds import Floats, Params, World
from search_spaces import FloatParameter, IntParameter, SearchSpace

HAS_SYNE_TUNE = importlib.util.find_spec("syne_tune") is not None


class Slope(World):
    """The wider, the better."""

    def __init__(self) -> None:
        space = SearchSpace.of(
            "slope",
            [
                FloatParameter("learning_rate", 1e-4, 1e-1, log=True),
                IntParameter("hidden_size", 8, 64),
            ],
        )
        super().__init__(space, np.linspace(0.1, 2.1, 101), max_epochs=20, n_trials=1000)

    def begin(self, params: Params, taken: set[int]) -> tuple[Params, Floats, Floats]:
        epochs = np.arange(1.0, 21.0)
        return params, 1 / float(params["hidden_size"]) + 1 / epochs, epochs


@pytest.mark.skipif(not HAS_SYNE_TUNE, reason="Syne Tune is not installed")
@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_scheduler_stops_the_worse(name: str) -> None:
    world = Slope()
    replay = Replay(world, make(name, world, 0), 4, 0, by_turns=True)
    replay.run(300)
    trials = replay.view.trials.values()
    ended = {
        state: [float(t.params["hidden_size"]) for t in trials if t.state == state]
        for state in ("complete", "pruned")
    }
    assert np.mean(ended["complete"]) > np.mean(ended["pruned"])


@pytest.mark.skipif(HAS_SYNE_TUNE, reason="Syne Tune is installed")
def test_that_it_is_missing_is_said() -> None:
    with pytest.raises(ConfigError, match="pip install syne-tune"):
        make("syne_tune_asha", Slope(), 0)
