"""What a policy is compared with: others' schedulers, and Optuna's as a person would use them.

A peer has trials of its own beside those of the replay, and is told every epoch. A trial that it
has stopped never goes on.

Optuna's Gaussian process learns from complete trials alone, ten of them at least: beside a pruner
that gives up three of four at each rung a search of some 1,000 epochs has fewer, and is random.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import Trial, TrialState

from automl.tuning.policies.policy import Decision, Judgement, Policy, Start, TrialView, View
from automl.tuning.policies.policy import TrialState as ViewState
from benchmarks.loss_ratios import log_loss
from search_spaces import SearchSpace
from storage.records import ParameterValue

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

PeerTrial = TypeVar("PeerTrial")
"""What a trial is to a peer."""


class Peer(Policy, Generic[PeerTrial]):
    """A scheduler of others: asked for trials, told their epochs and their ends."""

    pauses = False

    def __init__(self) -> None:
        self._open: dict[int, PeerTrial] = {}
        self._n_asked = 0

    @abc.abstractmethod
    def ask(self, number: int) -> tuple[PeerTrial, Mapping[str, ParameterValue]]:
        """A new trial, and its params."""

    @abc.abstractmethod
    def stops(self, peer_trial: PeerTrial, trial: TrialView) -> bool:
        """Take the last epoch of a trial, and say whether the trial is to end there."""

    @abc.abstractmethod
    def tell(self, peer_trial: PeerTrial, trial: TrialView, state: ViewState) -> None:
        """Take the end of a trial: "complete", "failed", or "pruned" as the peer wanted it."""

    def next(self, view: View, n_free: int) -> Sequence[Decision]:
        """New trials only."""
        for number in sorted(self._open):
            trial = view.trials[number]
            if trial.state in ("complete", "failed"):
                self.tell(self._open.pop(number), trial, trial.state)
        return [self._start() for _ in range(min(n_free, view.n_startable))]

    def judge(self, trial: TrialView) -> Judgement:
        """What the peer says."""
        if not self.stops(self._open[trial.number], trial):
            return Judgement.GO
        self.tell(self._open.pop(trial.number), trial, "pruned")
        return Judgement.END

    def next_judged(self, epoch: int) -> int | None:
        """Every epoch: a peer is told all of them."""
        return epoch + 1

    def _start(self) -> Start:
        number, self._n_asked = self._n_asked, self._n_asked + 1
        self._open[number], params = self.ask(number)
        return Start(params)


class OptunaPeer(Peer[Trial]):
    """A study of Optuna's own, in memory. Losses are told as logarithms."""

    def __init__(self, space: SearchSpace, sampler: BaseSampler, pruner: BasePruner) -> None:
        super().__init__()
        self._space = space
        self._study = optuna.create_study(sampler=sampler, pruner=pruner)

    def ask(self, number: int) -> tuple[Trial, Mapping[str, ParameterValue]]:
        """What the sampler proposes."""
        trial = self._study.ask()
        return trial, self._space.suggest(trial)

    def stops(self, peer_trial: Trial, trial: TrialView) -> bool:
        """What the pruner says."""
        peer_trial.report(log_loss(trial.losses[-1]), trial.epoch)
        return peer_trial.should_prune()

    def tell(self, peer_trial: Trial, trial: TrialView, state: ViewState) -> None:
        """The value of a complete trial is that of its best epoch."""
        if state == "complete":
            self._study.tell(peer_trial, log_loss(min(trial.losses)))
        else:
            ended = TrialState.PRUNED if state == "pruned" else TrialState.FAIL
            self._study.tell(peer_trial, state=ended)


def optuna_peer(name: str, space: SearchSpace, max_epochs: int, seed: int) -> OptunaPeer:
    """One of Optuna's by name, as in "tpe_median"."""
    sampler, pruner = name.split("_")
    return OptunaPeer(space, SAMPLERS[sampler](seed), PRUNERS[pruner](max_epochs))
