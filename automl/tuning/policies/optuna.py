"""Samplers and pruners of Optuna's as a policy: what is pruned is given up, nothing pauses.

`--sampler` proposes, `--pruner` judges, each as it does in a study of Optuna's own.
"""

from __future__ import annotations

from collections.abc import Sequence

import optuna

from automl.options.search_options import PolicyOptions
from automl.tuning.policies.policy import Decision, Judgement, Policy, Start, TrialView, View
from automl.tuning.problem import Problem
from automl.tuning.pruners import make_pruner, next_judged

TAKES = frozenset({"sampler", "pruner"})


class OptunaPolicy(Policy):
    """Asks the study's sampler and its pruner."""

    pauses = False

    def __init__(self, study: optuna.Study, pruner: str, max_epochs: int) -> None:
        self._study = study
        self._pruner = study.pruner = make_pruner(pruner, max_epochs)

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        """New trials, which the study's sampler draws when they are made."""
        return [Start(None)] * min(n_free, view.n_startable)

    def judge(self, trial: TrialView) -> Judgement:
        """What the pruner says of its last report; it notes what it has seen of the trial."""
        storage, study_id = self._study._storage, self._study._study_id
        trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)
        is_pruned = self._pruner.prune(self._study, storage.get_trial(trial_id))
        return Judgement.END if is_pruned else Judgement.GO

    def next_judged(self, epoch: int) -> int | None:
        """Where the pruner has something to say."""
        return next_judged(self._pruner, epoch)


def make_policy(study: optuna.Study, problem: Problem, options: PolicyOptions) -> Policy:
    """The policy of one call."""
    return OptunaPolicy(study, options.deciders.pruner, problem.settings.max_epochs)
