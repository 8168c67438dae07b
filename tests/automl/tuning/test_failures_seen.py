"""Regions that always fail are left, whichever sampler proposes that can learn of it."""

from __future__ import annotations

import math
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from automl.tuning.asking import ask_many
from automl.tuning.failures_seen import _Seen
from automl.tuning.samplers import PerTrialSampler
from search_spaces import CategoricalParameter, FloatParameter, SearchSpace

RANGE = FloatParameter("learning_rate", 1e-5, 1.0, log=True)
CHOICE = CategoricalParameter("optimizer", ("adam", "sgd", "momentum"))


def place(params: dict[str, Any]) -> float:
    return math.log10(params["learning_rate"]) / 5 + 1  # from 0 to 1


def fails_high(params: dict[str, Any]) -> bool:
    return place(params) > 2 / 3


def fails_with_sgd(params: dict[str, Any]) -> bool:
    return bool(params["optimizer"] == "sgd")


def failures(
    name: str, space: SearchSpace, fails: Any, seed: int, n_trials: int, at_once: int = 5
) -> list[bool]:
    """Which trials failed, where the best lies beside what fails."""
    study = optuna.create_study(sampler=PerTrialSampler(name, space, seed))
    failed: list[bool] = []
    while len(failed) < n_trials:
        for trial, params in ask_many(study, space, at_once):
            failed.append(fails(params))
            if failed[-1]:  # as `endings.fail` does
                trial.set_constraint("failed", 1.0)
                study.tell(trial, state=TrialState.PRUNED)
            else:
                study.tell(trial, (place(params) - 0.62) ** 2)
    return failed


@pytest.mark.parametrize("fails", [fails_high, fails_with_sgd])
def test_tpe_leaves_what_always_fails(fails: Any) -> None:
    """Of a third of the space, at most a sixth of the second hundred proposals fail."""
    space = SearchSpace.of("s", [RANGE, CHOICE])
    late = [failures("tpe", space, fails, seed, 200)[100:] for seed in range(4)]
    assert sum(map(sum, late)) < 400 / 6


def test_a_gaussian_process_leaves_what_always_fails() -> None:
    late = failures("gp", SearchSpace.of("s", [RANGE]), fails_high, 0, 24, at_once=1)[12:]
    assert sum(late) <= 1


def test_failed_trials_are_shown_as_bad_as_the_worst_and_others_as_they_are() -> None:
    study = optuna.create_study()
    for value in (3.0, 1.0, None, None):
        trial = study.ask()
        trial.suggest_float("x", 0.0, 1.0)
        if value is None:
            trial.set_constraint("failed", 1.0 if trial.number == 2 else 0.0)
            study.tell(trial, state=TrialState.PRUNED)
        else:
            study.tell(trial, value)
    study.ask().suggest_float("x", 0.0, 1.0)
    distribution = study.trials[0].distributions["x"]
    seen = _Seen(study, {"x": distribution})._get_trials(
        states=(TrialState.COMPLETE, TrialState.RUNNING)
    )
    assert [trial.number for trial in seen] == [0, 1, 2, 4]
    assert [trial.value for trial in seen] == [3.0, 1.0, 3.0, None]
    assert not seen[2].constraints
    assert study.trials[2].state is TrialState.PRUNED and study.trials[2].constraints
    without = _Seen(study, {"y": distribution})._get_trials(states=(TrialState.COMPLETE,))
    assert [trial.number for trial in without] == [0, 1]  # it does not have that parameter
