"""Optuna's samplers and pruners as a policy: they decide as they do in Optuna itself."""

from __future__ import annotations

import optuna
import pytest

from automl.tuning.policies.optuna import OptunaPolicy
from automl.tuning.policies.policy import Judgement, Start, TrialView
from automl.tuning.pruners import PRUNERS, make_pruner
from tests.contracts.policy_contract import view_of


def test_new_trials_are_drawn_by_the_study() -> None:
    policy = OptunaPolicy(optuna.create_study(), "none", 9)
    assert policy.next(view_of(5), 3) == [Start(None)] * 3
    assert policy.next(view_of(2), 3) == [Start(None)] * 2
    assert not policy.pauses


@pytest.mark.parametrize("name", PRUNERS)
def test_it_judges_as_the_pruner_does(name: str) -> None:
    """The same curves, reported to two studies: one is judged by the policy."""
    by_policy, by_optuna = (optuna.create_study(study_name="s") for _ in range(2))
    policy = OptunaPolicy(by_policy, name, 9)
    by_optuna.pruner = make_pruner(name, 9)
    for number in range(30):
        trial, view = by_policy.ask(), TrialView(number, {})
        other = by_optuna.ask()
        for epoch in range(1, 10):
            loss = ((7 * number) % 11) / 11 + 1 / epoch
            trial.report(loss, epoch)
            other.report(loss, epoch)
            if policy.next_judged(epoch - 1) != epoch:
                continue
            is_pruned = other.should_prune()
            assert policy.judge(view) is (Judgement.END if is_pruned else Judgement.GO)
            if is_pruned:
                by_policy.tell(trial, state=optuna.trial.TrialState.PRUNED)
                by_optuna.tell(other, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            by_policy.tell(trial, loss)
            by_optuna.tell(other, loss)
    states = [[trial.state for trial in study.trials] for study in (by_policy, by_optuna)]
    assert states[0] == states[1]
    has_pruned = optuna.trial.TrialState.PRUNED in states[0]
    assert has_pruned is (name != "none")
