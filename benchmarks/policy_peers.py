"""What a policy is compared with: Optuna's samplers and pruners, as a person would use them.

Optuna's Gaussian process learns from complete trials alone, ten of them at least: beside a pruner
that gives up three of four at each rung a search of some 1,000 epochs has fewer, and is random.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import Trial, TrialState

from automl.tuning.policies.policy import Decision, Judgement, Policy, Start, TrialView, View
from search_spaces import SearchSpace

SAMPLERS: Mapping[str, Callable[[int], BaseSampler]] = {
    "random": lambda seed: RandomSampler(seed),
    "tpe": lambda seed: TPESampler(seed=seed, multivariate=True, constant_liar=True),
    "gp": lambda seed: GPSampler(seed=seed),
}

PRUNERS: Mapping[str, Callable[[int], BasePruner]] = {
    "median": lambda epochs: MedianPruner(n_warmup_steps=max(1, epochs // 10)),
    "hyperband": lambda epochs: HyperbandPruner(1, epochs, 4),
    "halving": lambda epochs: SuccessiveHalvingPruner(1, 4),
}


class OptunaPeer(Policy):
    """A study of Optuna's own, in memory. Losses are told as logarithms."""

    pauses = False

    def __init__(self, space: SearchSpace, sampler: BaseSampler, pruner: BasePruner) -> None:
        self._space = space
        self._study = optuna.create_study(sampler=sampler, pruner=pruner)
        self._trials: list[Trial] = []
        self._open: set[int] = set()

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        """New trials only."""
        self._tell_ends(view)
        decisions: list[Decision] = []
        for _ in range(min(n_free, view.n_startable)):
            self._open.add(len(self._trials))
            self._trials.append(self._study.ask())
            decisions.append(Start(self._space.suggest(self._trials[-1])))
        return decisions

    def judge(self, trial: TrialView) -> Judgement:
        """What the pruner says."""
        peer = self._trials[trial.number]
        peer.report(math.log(trial.losses[-1]), trial.epoch)
        if peer.should_prune():
            self._open.remove(trial.number)
            self._study.tell(peer, state=TrialState.PRUNED)
            return Judgement.END
        return Judgement.GO

    def next_judged(self, epoch: int) -> int | None:
        """Every epoch, as people do."""
        return epoch + 1

    def _tell_ends(self, view: View) -> None:
        for number in sorted(self._open):
            trial = view.trials[number]
            if trial.state == "failed":
                self._study.tell(self._trials[number], state=TrialState.FAIL)
            elif trial.state == "complete":
                self._study.tell(self._trials[number], math.log(min(trial.losses)))
            else:
                continue
            self._open.remove(number)


def peer(name: str, space: SearchSpace, max_epochs: int, seed: int) -> OptunaPeer:
    """One of them by name, as in "tpe_median"."""
    sampler, pruner = name.split("_")
    return OptunaPeer(space, SAMPLERS[sampler](seed), PRUNERS[pruner](max_epochs))
