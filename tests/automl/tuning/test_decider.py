"""Between loop and policy: what is decided is possible, and what is believed is kept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import search_spaces
from automl.data import LoadedData
from automl.tuning.beginnings import decide
from automl.tuning.call_options import CallOptions
from automl.tuning.decider import Decider
from automl.tuning.network_problem import NetworkProblem
from automl.tuning.policies.policy import Continue, Decision, Judgement, Policy, Start, View
from automl.tuning.study import open_study
from search_spaces.portfolio import portfolio
from storage import Store
from storage.call_records import BeliefRecord
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
    found = Decider(open_study(store, settings), problem, CallOptions(policy="promotion"))
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
        decider.decide(2, 1)


def test_turns_are_counted(decider: Decider) -> None:
    decider.policy = Scripted(Start(None), Continue(1))
    before = decider.view.turn
    decider.decide(2, 1)
    assert decider.view.turn == before + 2


def test_a_belief_is_told_once_with_when_it_was_learned(decider: Decider) -> None:
    scripted = decider.policy = Scripted()
    assert decider.new_belief() is None
    scripted.belief_now = {"scale": [0.1, 2.0]}
    n_epochs = sum(len(trial.losses) for trial in decider.view.trials.values())
    assert decider.new_belief() == BeliefRecord("promotion", 3, n_epochs, {"scale": [0.1, 2.0]})
    assert decider.new_belief() is None
    scripted.belief_now = {"scale": [0.1, 2.0]}  # another object: learned again
    assert decider.new_belief() is not None


def test_what_was_learned_is_kept_though_nothing_is_decided(
    store: Store, iris: LoadedData
) -> None:
    """Each belief, for the next call the last one of its own policy."""
    settings = settings_for(iris)
    state = make_search(store, iris, settings, policy="freeze_thaw").state
    for scale in (0.1, 0.2):
        state.decider.policy = Scripted(belief=belief_of(scale))
        decide(state, 1)
    kept = store.read_study(settings.study_name).beliefs
    assert [one.belief for one in kept] == [belief_of(0.1), belief_of(0.2)]
    after = make_search(store, iris, settings, policy="freeze_thaw").state.decider
    assert after.policy.belief == belief_of(0.2)
    assert after.new_belief() is None, "it is kept already"
    assert make_search(store, iris, settings, policy="promotion").state.decider._belief is None


def belief_of(noise: float) -> Json:
    """As freeze-thaw has them, of no parameter."""
    return {
        "n_points": 3,
        "lengths": {},
        "widths": {},
        "noise": noise,
        **dict.fromkeys(("epoch_length", "own_epoch_length", "common", "own"), 0.0),
    }


def test_what_did_well_on_other_tables_is_tried_first_and_once(
    store: Store, iris: LoadedData
) -> None:
    """By any policy, the best first; a later call goes on with the next."""
    settings = settings_for(iris, portfolio=True, max_epochs=1)
    entries = portfolio(search_spaces.load("mlp"), "multiclass")
    space = search_spaces.load("mlp").for_task("multiclass")
    run(store, iris, settings, n_trials=3, policy="promotion", n_slots=2)
    records = run(store, iris, settings, n_trials=18, policy="promotion", n_slots=2)
    tried = [space.complete(trial.params) for trial in records.trials]
    assert tried[:16] == list(entries)
    assert len(tried) == 18
    assert all(params not in entries for params in tried[16:])


def test_without_a_portfolio_all_trials_are_the_policys(store: Store, iris: LoadedData) -> None:
    settings = settings_for(iris, max_epochs=1)
    space = search_spaces.load("mlp").for_task("multiclass")
    records = run(store, iris, settings, n_trials=2, policy="promotion", n_slots=1)
    entries = portfolio(search_spaces.load("mlp"), "multiclass")
    assert not any(space.complete(trial.params) in entries for trial in records.trials)
