"""Which running trials are given up: Optuna's pruners by name, with explicit resources.

A resource is an epoch. `SuccessiveHalving` decides exactly as Optuna's pruner of that name
and keeps its rungs sorted, so that judging a trial does not read all trials again. Optuna's
`"auto"` resources are never used: they guess from the trials seen so far and keep the guess.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from automl.errors import ConfigError, did_you_mean

MIN_RESOURCE = 1
"""Epochs before the first judgement. Source: benchmarks/pruning.py, on recorded curves."""

REDUCTION_FACTOR = 4
"""One trial in four goes on at each rung.

Source: Li et al. 2020 (ASHA), section 4. On recorded curves it finds good trials as soon as 3
does or sooner (benchmarks/pruning.py): regret after 520 epochs with 16 slots on 20 tasks .26,
with a factor of 2 .29, without pruning .45; judging from epoch 2 or 4 on only: .30 and .33.
"""


@dataclass(slots=True)
class _Rung:
    """The values that trials had when they reached a rung, sorted."""

    values: list[float] = field(default_factory=list)

    def promotes(self, value: float, direction: StudyDirection, reduction_factor: int) -> bool:
        """Whether one more trial with this value is among the best 1 / reduction_factor.

        The trial counts itself. With fewer trials than the factor, the best one goes on.
        """
        n_promoted = max(1, (len(self.values) + 1) // reduction_factor)
        if direction == StudyDirection.MAXIMIZE:
            n_better = len(self.values) - bisect_right(self.values, value)
        else:
            n_better = bisect_left(self.values, value)
        return n_better < n_promoted


class SuccessiveHalving(BasePruner):
    """Asynchronous successive halving: Optuna's decisions at a cost that hardly grows.

    A trial is judged when it reaches rung k, at epoch `min_resource * reduction_factor**k`,
    against all trials that reached it before. As in Optuna, the value at a rung is written
    into the trial (`completed_rung_k`), so trials of other processes count, studies can change
    between the two pruners, and a continued study goes on.

    Optuna reads all trials at each judgement. Here a trial's rungs are read until it has
    ended, once and for all; what remains is Optuna's copy of its list of trials.

    Source:
        Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", algorithm 2;
        agrees with optuna.pruners.SuccessiveHalvingPruner (tests/automl/tuning/test_pruners.py).
    """

    def __init__(self, min_resource: int, reduction_factor: int) -> None:
        if min_resource < 1 or reduction_factor < 2:
            raise ConfigError(
                "`min_resource >= 1` and `reduction_factor >= 2` must hold for successive "
                f"halving, but got ({min_resource=}, {reduction_factor=})."
            )
        self.min_resource = min_resource
        self.reduction_factor = reduction_factor
        self._study_id: int | None = None
        self._n_trials = 0
        self._unsettled: dict[int, int] = {}  # index of a trial in the study -> rungs taken in
        self._rungs: list[_Rung] = []

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether to give the trial up, judged by its last reported value."""
        step = trial.last_step
        if step is None:
            return False
        value = trial.intermediate_values[step]
        rung = _count_rungs(trial, 0)
        is_read = False
        while step >= self.min_resource * self.reduction_factor**rung:
            if math.isnan(value):
                return True
            if not is_read:
                self._read(study)
                is_read = True
            study._storage.set_trial_system_attr(trial._trial_id, _rung_key(rung), value)
            if not self._rung(rung).promotes(value, study.direction, self.reduction_factor):
                return True
            rung += 1
        return False

    def next_rung(self, epoch: int) -> int:
        """The first rung's epoch after one."""
        return _next_rung(epoch, self.min_resource, self.reduction_factor)

    def _read(self, study: optuna.Study) -> None:
        """Take in the rungs that trials have reached since the last time, in any process."""
        if study._study_id != self._study_id:
            self._study_id, self._n_trials = study._study_id, 0
            self._unsettled.clear()
            self._rungs.clear()
        trials = study.get_trials(deepcopy=False)
        for index in range(self._n_trials, len(trials)):
            self._unsettled[index] = 0
        self._n_trials = len(trials)
        for index, n_known in list(self._unsettled.items()):
            trial = trials[index]
            n_rungs = _count_rungs(trial, n_known)
            for rung in range(n_known, n_rungs):
                insort(self._rung(rung).values, trial.system_attrs[_rung_key(rung)])
            if trial.state.is_finished():
                del self._unsettled[index]
            else:
                self._unsettled[index] = n_rungs

    def _rung(self, rung: int) -> _Rung:
        while len(self._rungs) <= rung:
            self._rungs.append(_Rung())
        return self._rungs[rung]


class MedianOfEarlier(MedianPruner):
    """Optuna's median pruner, where a trial is held against complete trials of lower numbers.

    A later trial may be complete before an earlier one, and then the earlier one's fate would
    depend on how many trials were asked for. With successive halving it does not by itself: of
    two trials in training the later one is never further.
    """

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether to give the trial up, judged by its last reported value."""
        return super().prune(cast(optuna.Study, _Earlier(study, trial.number)), trial)


@dataclass(frozen=True, slots=True)
class _Earlier:
    """What the median pruner asks of a study, without the trials from a number on."""

    study: optuna.Study
    number: int

    @property
    def direction(self) -> StudyDirection:
        return self.study.direction

    def get_trials(self, deepcopy: bool, states: tuple[TrialState, ...]) -> list[FrozenTrial]:
        return [
            trial
            for trial in self.study.get_trials(deepcopy, states)
            if trial.number < self.number
        ]


def _next_rung(epoch: int, min_resource: int, reduction_factor: int) -> int:
    rung = min_resource
    while rung <= epoch:
        rung *= reduction_factor
    return rung


def _rung_key(rung: int) -> str:
    """Optuna's own name for the value at a rung."""
    return f"completed_rung_{rung}"


def _count_rungs(trial: FrozenTrial, rung: int) -> int:
    while _rung_key(rung) in trial.system_attrs:
        rung += 1
    return rung


def _make_successive_halving(max_epochs: int) -> BasePruner:
    return SuccessiveHalving(MIN_RESOURCE, REDUCTION_FACTOR)


def _make_median(max_epochs: int) -> BasePruner:
    """Worse than the median of complete trials; judged from a tenth of max_epochs on."""
    return MedianOfEarlier(n_startup_trials=5, n_warmup_steps=max(1, max_epochs // 10))


def _make_hyperband(max_epochs: int) -> BasePruner:
    return HyperbandPruner(
        min_resource=MIN_RESOURCE, max_resource=max_epochs, reduction_factor=REDUCTION_FACTOR
    )


def _make_none(max_epochs: int) -> BasePruner:
    return NopPruner()


PRUNERS: Mapping[str, Callable[[int], BasePruner]] = {
    "successive_halving": _make_successive_halving,
    "median": _make_median,
    "hyperband": _make_hyperband,
    "none": _make_none,
}
"""By name, from max_epochs."""


def make_pruner(name: str, max_epochs: int) -> BasePruner:
    """Make a study's pruner. Make it once: it keeps what it has read.

    Raises:
        ConfigError: there is no pruner of that name.
    """
    if name not in PRUNERS:
        known, hint = ", ".join(PRUNERS), did_you_mean(name, PRUNERS)
        raise ConfigError(f"The pruner must be one of {known}, but got {name!r}{hint}")
    return PRUNERS[name](max_epochs)


def next_judged(pruner: BasePruner, epoch: int) -> int | None:
    """The next epoch after one at which a pruner judges a trial; None: it never does.

    Up to there a trial may train before anything else is known. Of a pruner that is not known
    here it is the very next epoch.
    """
    if isinstance(pruner, NopPruner):
        return None
    if isinstance(pruner, SuccessiveHalving):
        return pruner.next_rung(epoch)
    if isinstance(pruner, HyperbandPruner):  # of its brackets some leave the first rungs out
        return _next_rung(epoch, MIN_RESOURCE, REDUCTION_FACTOR)
    return epoch + 1
