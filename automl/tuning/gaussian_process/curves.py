"""The curves of a study as the process is told of them: few points, on a scale that it can model.

Of each trial it is the best loss so far at the epochs of a grid and at its last, as a logarithm
where all losses are positive, cut where it is as far above three trials in four as these are
above the best: how bad the bad ones are says nothing about the good ones. What failed is as bad as
that, then and at the last epoch of all. Where there are more points than a bound, the last two of
the trials that lead among all of the same age stay, and the last ones of a sample of others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl.tuning.gaussian_process.kernel import Floats, Numbers, Points
from automl.tuning.gaussian_process.unit_cube import UnitCube
from automl.tuning.policies.policy import TrialView

LEADERS = 0.6
"""Which part of the points may be of the trials that lead."""

N_OF_LEADER = 2
"""How many points of a leading trial are told: where it is, and which way it goes. With all of
them the process knew 80 trials of thousands."""

_ENOUGH = 64  # trials there is room for at first
_SMALLEST_SCALE = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """What the process is told.

    Attributes:
        trials: the rows in `Curves` of those that are told of, the leading ones first.
        points: of them, `row` being the place in `trials`.
        values: standardized; (N,).
        best: the lowest value of all.
        scale: by which part a loss changes with a value: by how much its logarithm does; where
            not all losses are positive, by which part of the lowest one.
        n_points: how many there would be without a bound.
    """

    trials: Numbers
    points: Points
    values: Floats
    best: float
    scale: float
    n_points: int


class Curves:
    """All trials of a study as arrays, of which only what has changed is read again.

    Args:
        grid: the epochs of which the process is told, ascending.

    Attributes:
        numbers: of the trials; the arrays' rows are in their sequence, those beyond are empty.
        places: coordinates in the space; (T, D).
        epoch: the last one; (T,).
        is_paused, has_failed: (T,).
        tried: the bytes of all places.
    """

    def __init__(self, cube: UnitCube, grid: Sequence[int]) -> None:
        self._cube, self._grid = cube, np.array(grid)
        self._known: list[tuple[int, str]] = []  # how many losses, and which state
        self.numbers: list[int] = []
        self.tried: set[bytes] = set()
        self.places = np.empty((_ENOUGH, cube.n_parameters))
        self.epoch = np.zeros(_ENOUGH, np.intp)
        self.is_paused = np.zeros(_ENOUGH, bool)
        self.has_failed = np.zeros(_ENOUGH, bool)
        self._best = np.full(
            (_ENOUGH, len(grid) + 1), np.nan
        )  # at the grid's epochs, and the last

    def read(self, trials: Mapping[int, TrialView]) -> None:
        """Take in what has happened; trials keep their sequence."""
        for row, (number, trial) in enumerate(trials.items()):
            state = len(trial.losses), trial.state
            if row == len(self.numbers):
                self._append(number, trial)
            elif self._known[row] == state:
                continue
            self._known[row] = state
            self._read(row, trial)

    def seen(self, most: int) -> Seen | None:
        """What to tell of all trials in so many points; None: of none is there a number."""
        best = self._best[: len(self.numbers)]
        finite = best[np.isfinite(best)]
        if not len(finite):
            return None
        is_positive = finite.min() > 0
        if is_positive:
            with np.errstate(divide="ignore"):
                best, finite = np.log(best), np.log(finite)
        lowest, quartile = np.quantile(finite, (0.0, 0.75))
        best = np.minimum(best, 2.0 * quartile - lowest)  # what is not there stays so
        order = self._leading_first(best)
        has = ~np.isnan(best[order])
        n_points = int(has.sum())
        trials, chosen = _thinned(order, has, most) if n_points > most else (order, has)
        place, column = np.nonzero(chosen)
        values = best[trials][place, column]
        epochs = np.append(self._grid, 0)[column]
        epochs = np.where(column < len(self._grid), epochs, self.epoch[trials][place])
        mean, scale = values.mean(), max(float(values.std()), _SMALLEST_SCALE)
        return Seen(
            trials,
            Points(place, epochs),
            (values - mean) / scale,
            float(lowest - mean) / scale,
            scale if is_positive else scale / max(abs(float(lowest)), _SMALLEST_SCALE),
            n_points,
        )

    def best(self, n_trials: int) -> Numbers:
        """Rows of the trials that have had the lowest losses, the best first; (B,)."""
        lowest = np.fmin.reduce(self._best[: len(self.numbers)], axis=1)
        best = np.argsort(lowest, kind="stable")[:n_trials]
        rows: Numbers = best[np.isfinite(lowest[best])]
        return rows

    def _append(self, number: int, trial: TrialView) -> None:
        row = len(self.numbers)
        if row == len(self.places):
            self.places = np.concatenate([self.places, np.empty_like(self.places)])
            self.epoch = np.concatenate([self.epoch, np.zeros_like(self.epoch)])
            self.is_paused = np.concatenate([self.is_paused, np.zeros_like(self.is_paused)])
            self.has_failed = np.concatenate([self.has_failed, np.zeros_like(self.has_failed)])
            self._best = np.concatenate([self._best, np.full_like(self._best, np.nan)])
        self.numbers.append(number)
        self._known.append((0, ""))
        self.places[row] = self._cube.place(trial.params)
        self.tried.add(self.places[row].tobytes())

    def _read(self, row: int, trial: TrialView) -> None:
        losses = np.array(trial.losses, np.float64)
        losses[~np.isfinite(losses)] = np.inf
        if trial.state == "failed":
            losses = np.append(losses, np.inf)
        self.epoch[row] = len(trial.losses)
        self.is_paused[row] = trial.can_go_on
        self.has_failed[row] = trial.state == "failed"
        self._best[row] = np.nan
        if not len(losses):
            return
        lowest = np.minimum.accumulate(losses)
        n_reached = int(np.searchsorted(self._grid, len(losses), side="right"))
        self._best[row, :n_reached] = lowest[self._grid[:n_reached] - 1]
        if n_reached == 0 or self._grid[n_reached - 1] < len(losses):
            self._best[row, -1] = lowest[-1]
        if trial.state == "failed":
            self.epoch[row] = len(losses)
            self._best[row, np.flatnonzero(~np.isnan(self._best[row]))[-1:]] = np.inf
            self._best[row, len(self._grid) - 1] = np.inf  # and it will never be better

    def _leading_first(self, best: Floats) -> Numbers:
        """Rows of all trials that have a loss: the best of each age, the second of each, ..."""
        rows = np.flatnonzero(~np.isnan(best).all(axis=1))
        last = np.fmin.reduce(best[rows], axis=1)
        age = self.epoch[rows]
        by_age = np.lexsort((last, age))
        begins = np.flatnonzero(np.diff(age[by_age], prepend=-1))
        rank = np.arange(len(rows)) - np.repeat(begins, np.diff(begins, append=len(rows)))
        return rows[by_age[np.lexsort((last[by_age], rank))]]


def _thinned(
    order: Numbers, has: NDArray[np.bool_], most: int
) -> tuple[Numbers, NDArray[np.bool_]]:
    """The last two points of the leading trials, and the last one of some of the others."""
    from_last = has[:, ::-1].cumsum(1)[:, ::-1]  # 1: the last point of a trial, 2: the one before
    two, last = has & (from_last <= N_OF_LEADER), has & (from_last == 1)
    n_leading = int(np.searchsorted(two.sum(1).cumsum(), LEADERS * most, side="right"))
    n_others = min(most - int(two[:n_leading].sum()), len(order) - n_leading)
    others = n_leading + np.arange(n_others) * (len(order) - n_leading) // max(n_others, 1)
    kept = np.concatenate([np.arange(n_leading), others])
    return order[kept], np.concatenate([two[:n_leading], last[others]])
