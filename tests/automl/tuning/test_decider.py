"""Between loop and policy: what is decided is possible, and what is believed is kept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from automl.data import LoadedData
from automl.tuning.beginnings import decide
from automl.tuning.call_options import CallOptions
from automl.tuning.decider import Decider
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.policies.policy import Continue, Decision, Judgement, Policy, Start, View
from automl.tuning.study import open_study
from storage import Store
from storage.records import Json
from tests.automl.tuning.searches import make_search, run, settings_for


class Scripted(Policy):
    """Decides what it is told to."""

    def __init__(self, *decisions: Decision, belief: Json = None) -> None:
        self.decisions = decisions
        self.belief_now = belief

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        return self.decisions

    def judge(self, trial: object) -> Judgement:
        return Judgement.PAUSE

    def next_judged(self, epoch: int) -> int | None:
        return epoch + 1

    @property
    def belief(self) -> Json:
        return self.belief_now

    def believe(self, belief: Json) -> None:
        self.belief_now = belief


@pytest.fixture
def decider(store: Store, iris: LoadedData) -> Decider:
    """Of a study of three trials, all told, of which trial 1 pauses."""
    settings = settings_for(iris)
    run(store, iris, settings, n_trials=3, policy="promotion", n_slots=1)
    problem = NetworkProblem(settings, iris.dataset)
    found = Decider(open_study(store, settings), problem, CallOptions())
    assert {trial.state for trial in found.view.trials.values()} <= {"paused", "complete"}
    found.view.trials[1].state = "paused"
    found.view.trials[0].state = "pruned"
    return found


@pytest.mark.parametrize(
    "decisions",
    [
        [Start(None)] * 3,
        [Start(None), Continue(1), Start(None)],
        [Continue(1), Continue(1)],
        [Continue(0)],
        [Start(None), Start({"learning_rate": 0.1})],
    ],
)
def test_what_is_not_possible_is_refused(decider: Decider, decisions: list[Decision]) -> None:
    decider.policy = Scripted(*decisions)
    with pytest.raises(ValueError, match=r"a policy|a trial goes on"):
        decider.decide(2, 1, ())


def test_turns_are_counted_and_own_trials_are_not_read_again(decider: Decider) -> None:
    decider.policy = Scripted(Start(None), Continue(1))
    before = decider.view.turn
    decider.change(2, "training")
    decider.decide(2, 1, own=(2,))
    assert decider.view.turn == before + 2
    assert decider.view.trials[2].state == "training"
    decider.decide(2, 1, own=())  # of another process: as it is stored
    assert decider.view.trials[2].state != "training"


def test_a_belief_is_kept_for_the_next_call(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris)
    study = open_study(store, settings)
    first = Decider(study, NetworkProblem(settings, iris.dataset), CallOptions())
    first.policy = Scripted(belief={"scale": [0.1, 2.0]})
    first.decide(1, 1, ())
    first.keep_belief()
    second = Decider(study, NetworkProblem(settings, iris.dataset), CallOptions())
    assert second._belief == {"scale": [0.1, 2.0]}
    other = Decider(study, NetworkProblem(settings, iris.dataset), CallOptions(policy="promotion"))
    assert other._belief is None


def test_what_was_learned_is_kept_though_nothing_is_decided(
    store: Store, iris: LoadedData
) -> None:
    state = make_search(store, iris, settings_for(iris)).state
    state.decider.policy = Scripted(belief={"scale": [0.1, 2.0]})
    decide(state, 1)
    kept = state.study._storage.get_study_system_attrs(state.study._study_id)
    assert {"scale": [0.1, 2.0]} in kept.values()
