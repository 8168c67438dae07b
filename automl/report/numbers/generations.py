"""From coarse to fine: where the proposals of a search lay, generation by generation.

A generation is a part of the trials in the order in which they were proposed. Of a range it is
asked which interval holds the middle 80 % of its proposals, of choices how often each was
proposed. Nothing but the stored trials is needed.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from automl.report.numbers.axes import Axis
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Floats, Trial

MOST_GENERATIONS = 6
LEAST_TRIALS = 8
"""Of a generation: the ends of an interval of fewer trials are those of single ones."""

OUTSIDE = 0.1
"""Of the proposals, at either end: the interval holds the other 80 %."""

N_BEST = 5
"""Of the trials, whose values are shown beside the proposals."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The ends of a range, from a trial on."""

    from_trial: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Narrowing:
    """How the proposals for one hyperparameter changed.

    Attributes:
        at: the middle of each generation, in numbers of trials; of the first its first trial, of
            the last its last one, so that a band is as long as the search.
        intervals: of a range, the places of the interval's ends and the median; of choices none.
        shares: of choices, how often each was proposed; of a range none.
        best: the best trials that have it, the best first.
        edges: of a range, its ends as they were widened.

    Shape:
        at: (G,); intervals: (G, 3), places in [0, 1]; shares: (G, C), each row adds up to 1.
    """

    axis: Axis
    at: Floats
    intervals: Floats
    shares: Floats
    best: tuple[Trial, ...]
    edges: tuple[Edge, ...]

    @property
    def is_choice(self) -> bool:
        """Whether it has choices, and no range."""
        return self.axis.kind == "categorical"

    def ends(self, generation: int) -> tuple[float, float]:
        """The interval of a generation, in values of the range."""
        low, _, high = (self.axis.value_at(place) for place in self.intervals[generation])
        return low, high


def generations_of(trials: Sequence[Trial]) -> list[Sequence[Trial]]:
    """The trials in parts of equal size, in their order; one part where they are few."""
    n = max(1, min(MOST_GENERATIONS, len(trials) // LEAST_TRIALS))
    bounds = [round(len(trials) * part / n) for part in range(n + 1)]
    return [trials[low:high] for low, high in itertools.pairwise(bounds)]


def narrowings(table: StudyTable) -> tuple[Narrowing, ...]:
    """How the search narrowed, for each hyperparameter, the most important first.

    None where the trials are too few for two generations; of a hyperparameter that fewer than two
    generations have, none either.
    """
    generations = generations_of(table.trials)
    if len(generations) < 2:
        return ()
    best = tuple(sorted(table.placed, key=lambda trial: (table.placed[trial], trial.number)))
    axes = table.axes_by_importance.values()
    found = (_narrowing(table, axis, generations, best) for axis in axes)
    return tuple(one for one in found if one is not None)


def _narrowing(
    table: StudyTable, axis: Axis, generations: Sequence[Sequence[Trial]], best: Sequence[Trial]
) -> Narrowing | None:
    having = [[trial for trial in part if axis.name in trial.params] for part in generations]
    having = [part for part in having if part]
    if len(having) < 2:
        return None
    is_choice = axis.kind == "categorical"
    places = [np.array([axis.position(trial.params[axis.name]) for trial in p]) for p in having]
    quantiles = [OUTSIDE, 0.5, 1 - OUTSIDE]
    return Narrowing(
        axis,
        at=np.array(
            [having[0][0].number, *map(_middle, having[1:-1]), having[-1][-1].number], float
        ),
        intervals=np.empty((0, 3))
        if is_choice
        else np.array([np.nanquantile(each, quantiles) for each in places]),
        shares=np.array([_shares(each, len(axis.choices)) for each in places])
        if is_choice
        else np.empty((0, 0)),
        best=tuple(trial for trial in best if axis.name in trial.params)[:N_BEST],
        edges=() if is_choice else _edges(table, axis),
    )


def _middle(trials: Sequence[Trial]) -> float:
    return float(np.mean([trial.number for trial in trials]))


def _shares(places: Floats, n_choices: int) -> Floats:
    known = places[~np.isnan(places)]
    indices = np.round(known * max(1, n_choices - 1)).astype(np.intp)
    counts = np.bincount(indices, minlength=n_choices)
    shares: Floats = counts / max(1, len(known))
    return shares


def _edges(table: StudyTable, axis: Axis) -> tuple[Edge, ...]:
    """From the range that the study was made with to that of by now."""
    parameters = cast("Mapping[str, Any]", table.records.settings.space.get("parameters") or {})
    entry = parameters.get(axis.name) or {}
    first = Edge(0, float(entry.get("low", axis.low)), float(entry.get("high", axis.high)))
    widened = [
        Edge(one.from_trial_number, *one.ranges[axis.name])
        for one in table.records.widenings
        if axis.name in one.ranges
    ]
    return (first, *widened)
