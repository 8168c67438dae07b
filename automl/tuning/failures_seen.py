"""Optuna's Gaussian process, shown what it leaves out: trials that failed.

`GPSampler` learns from complete trials only. A trial that failed is told as pruned with a
constraint (`endings.fail`), so that what always fails looked as if nobody had been there, again
and again. Where the upper third of a range fails, 4 to 6 of the trials 15 to 29 did (two seeds,
one after the other and three at once), and none does now: a failed trial counts as a complete one
that was as bad as the worst. Of one in training the params are those that it has: what the
sampler noted of it may have been moved since (`untried.py`).
"""

from __future__ import annotations

import copy
from collections.abc import Container
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import GPSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState


class FailuresSeen(GPSampler):
    """A Gaussian process that learns from failures too."""

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Sample jointly."""
        seen = cast(optuna.Study, _Seen(study, search_space))
        return super().sample_relative(seen, trial, search_space)


class _Seen:
    """A study whose failed trials are complete, with the worst value there is."""

    def __init__(self, study: optuna.Study, search_space: dict[str, BaseDistribution]) -> None:
        self._seen_study, self._names = study, search_space.keys()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._seen_study, name)

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        trials = self._seen_study._get_trials(deepcopy=False, use_cache=use_cache)
        values = [one.values[0] for one in trials if one.state is TrialState.COMPLETE]
        is_lower_better = self._seen_study.direction is StudyDirection.MINIMIZE
        worst = (max if is_lower_better else min)(values, default=None)
        shown = (self._shown(one, worst) for one in trials)
        return [one for one in shown if states is None or one.state in states]

    def _shown(self, trial: FrozenTrial, worst: float | None) -> FrozenTrial:
        has_failed = any(violation > 0 for violation in trial.constraints.values())
        is_failure = has_failed and self._names <= trial.params.keys()
        if not is_failure and trial.state is not TrialState.RUNNING:
            return trial
        shown = copy.copy(trial)
        shown._system_attrs = {}  # neither constraints nor what was noted
        if is_failure and worst is not None:
            shown.state, shown.values = TrialState.COMPLETE, [worst]
        return shown
