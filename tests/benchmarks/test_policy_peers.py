"""Peers know what the replay knows: each trial, each of its epochs, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from automl.tuning.policies.policy import TrialState, TrialView
from benchmarks.policy_peers import Peer
from benchmarks.policy_replay import Replay
from benchmarks.policy_worlds import Floats, Params, World
from search_spaces import FloatParameter, SearchSpace
from storage.records import ParameterValue

SPACE = SearchSpace.of("one", [FloatParameter("learning_rate", 0.1, 1.0)])


class Rates(World):
    """The loss is the learning rate; above 0.75 the third epoch diverges."""

    def __init__(self) -> None:
        super().__init__(SPACE, np.linspace(0.1, 2.1, 101), max_epochs=5, n_trials=1000)

    def begin(self, params: Params, taken: set[int]) -> tuple[Params, Floats, Floats]:
        rate, epochs = float(params["learning_rate"]), np.arange(1.0, 6.0)
        return params, np.where((rate > 0.75) & (epochs > 2), np.nan, rate), epochs


class Threshold(Peer[str]):
    """It stops trials of a loss below 0.25 at their second epoch, and keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: dict[str, list[float]] = {}
        self.ends: dict[str, TrialState] = {}

    def ask(self, number: int) -> tuple[str, Mapping[str, ParameterValue]]:
        return f"peer {number}", {"learning_rate": 0.1 + number * 0.37 % 0.9}

    def stops(self, peer_trial: str, trial: TrialView) -> bool:
        self.epochs.setdefault(peer_trial, []).append(trial.losses[-1])
        return trial.epoch == 2 and trial.losses[-1] < 0.25

    def tell(self, peer_trial: str, trial: TrialView, state: TrialState) -> None:
        assert peer_trial == f"peer {trial.number}" and peer_trial not in self.ends
        self.ends[peer_trial] = state


def test_a_peer_is_told_each_epoch_and_each_end_once() -> None:
    peer = Threshold()
    replay = Replay(Rates(), peer, 3, 0, by_turns=True)
    replay.run(200)
    peer.next(replay.view, 0)  # it is told of ends when it is asked
    trials = replay.view.trials.values()
    states = {f"peer {one.number}": one.state for one in trials if one.state != "training"}
    assert peer.ends == states
    assert set(states.values()) == {"complete", "pruned", "failed"}
    for trial in trials:
        is_last_told = trial.state != "complete"  # the last epoch of all is told with the end
        told = trial.losses if is_last_told else trial.losses[:-1]
        assert peer.epochs.get(f"peer {trial.number}", []) == told
