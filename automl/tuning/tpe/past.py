"""The past of a study as TPE learns from it: coordinates of its trials, from best to worst.

Complete trials come first, by their value; then pruned ones, those that got further before the
others, by their loss there. A trial in training counts as if it were pruned at its last report,
since the best are those that train longest; one that has reported nothing is no good one yet, so
that proposals made together keep apart. A trial that failed is behind all others.

An earlier study is a past of its own: its losses are not on this one's scale, its ranks are.

Finished trials never change, so that each is read once, but for those that pause: a later call may
go on with them. Nor do the params of one in training change, so that of it only what it has
reported is read again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from automl.tuning.study_view import is_paused
from automl.tuning.tpe.dimensions import Dimensions, Floats
from storage.earlier_records import EarlierStudy

COMPLETE, PRUNED, UNKNOWN, FAILED = range(4)
"""From the best kind to the worst. Source: Optuna's TPESampler ranks these kinds so."""

_RANKED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)


@dataclass(frozen=True, eq=False, slots=True)
class Past:
    """Trials from the best to the worst.

    Attributes:
        n_known: of the first ones something is known that may speak for them.

    Shape:
        coordinates: (N, D), NaN where a trial does not have a parameter.
    """

    coordinates: Floats
    n_known: int

    def __len__(self) -> int:
        return len(self.coordinates)


def past_of(study: EarlierStudy, dimensions: Dimensions) -> Past:
    """The past that an earlier study is, its params fitted into the space."""
    known = study.best_first
    others = [trial for trial in study.trials if trial not in known]  # failed, or never begun
    rows = [dimensions.encode(trial.params) for trial in (*known, *others)]
    return Past(np.array(rows, float).reshape(len(rows), len(dimensions)), len(known))


class PastReader:
    """Reads the past of a study, again and again."""

    def __init__(self, dimensions: Dimensions) -> None:
        self._dimensions = dimensions
        self._study: tuple[str, int] | None = None  # the one that was read last
        self._n_seen = 0
        # Of those that may change, by number: how many params they had, and coordinates.
        self._open: dict[int, tuple[int, list[float]]] = {}
        self._finished = self._rows([], 1.0)

    def read(self, study: optuna.Study) -> Past:
        """The past of a study as its storage has it now."""
        trials = study._get_trials(deepcopy=False)  # nothing is changed, so that none is copied
        identity = (study.study_name, study._study_id)
        if self._study != identity or len(trials) < self._n_seen:
            self._begin(identity)
        candidates = [trials[n] for n in (*self._open, *range(self._n_seen, len(trials)))]
        self._n_seen = len(trials)
        known = {trial.number: self._known(trial) for trial in candidates}
        self._open = {n: each for n, each in known.items() if _may_change(trials[n])}
        sign = -1.0 if study.direction is StudyDirection.MAXIMIZE else 1.0
        begun = [each for each in candidates if each.state in _RANKED]
        finished, others = (
            self._rows(
                [
                    (each, known[each.number][1])
                    for each in begun
                    if (each.number in self._open) is is_open
                ],
                sign,
            )
            for is_open in (False, True)
        )
        self._finished = np.concatenate([self._finished, finished])
        return _ordered(np.concatenate([self._finished, others]))

    def _begin(self, study: tuple[str, int]) -> None:
        self._study, self._n_seen, self._open = study, 0, {}
        self._finished = self._rows([], 1.0)

    def _known(self, trial: FrozenTrial) -> tuple[int, list[float]]:
        known = self._open.get(trial.number)
        if known is None or known[0] < len(trial.params):  # its sampler draws one by one
            return len(trial.params), self._dimensions.encode(trial.params)
        return known

    def _rows(self, trials: Sequence[tuple[FrozenTrial, list[float]]], sign: float) -> Floats:
        """What trials are ranked by, and their coordinates.

        Shape:
            (N, 4 + D): kind, minus the last step, value, number, coordinates.
        """
        rows = [[*_rank(trial, sign), trial.number, *coordinates] for trial, coordinates in trials]
        return np.array(rows, float).reshape(len(rows), 4 + len(self._dimensions))


def _may_change(trial: FrozenTrial) -> bool:
    return not trial.state.is_finished() or is_paused(trial)


def _ordered(rows: Floats) -> Past:
    kinds, steps, values, numbers = rows[:, :4].T
    order = np.lexsort((numbers, values, steps, kinds))
    return Past(rows[order, 4:], int(np.count_nonzero(kinds <= PRUNED)))


def _rank(trial: FrozenTrial, sign: float) -> tuple[float, float, float]:
    """Kind, minus the last step, and the value there: the smaller, the better."""
    if any(violation > 0 for violation in trial.constraints.values()):
        return FAILED, 0.0, 0.0
    if trial.state is TrialState.COMPLETE and trial.value is not None:
        return COMPLETE, 0.0, sign * trial.value
    if not trial.intermediate_values:
        return UNKNOWN, 0.0, 0.0
    step, value = max(trial.intermediate_values.items())
    return PRUNED, -step, math.inf if math.isnan(value) else sign * value
