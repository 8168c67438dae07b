"""Ranges that end before the optimum: the best trials crowd one end of a hyperparameter's range.

Two things must hold: more of the best trials lie in the outer quarter than chance would put
there, and the loss still falls where the range ends, once what the other hyperparameters do to
it is taken out. (A sampler that learns may drift to an end by itself, where the hyperparameter
has no effect.) Nor may trials that came equally far turn that round (`equal_lengths.py`). Learning
rates too low for any trial to get far: `slow_range.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import bdtrc, stdtrit

from automl.diagnostics.equal_lengths import turns_back
from automl.diagnostics.situation import (
    change_range,
    space_parameters,
    study_hyperparameters,
)
from automl.diagnostics.thresholds import (
    EDGE_FALL_CHANCE,
    EDGE_MIN_TRIALS,
    EDGE_SHARE,
    EDGE_SIGNIFICANCE,
    TOP_SHARE,
)
from automl.wording.numbers import number
from search_spaces.hyperparameter import Hyperparameter, Role
from storage.ranking import Rank, rank
from storage.records import (
    TRAINED_IN_PART,
    Advice,
    Diagnosis,
    ParameterValue,
    SpaceChange,
    StudyRecords,
    TrialRecord,
)

End = Literal["low", "high"]
Params = Mapping[str, ParameterValue]

LEAST_WIDENING, USUAL_WIDENING, MOST_WIDENING = 0.25, 0.5, 1.0
"""By how much of its width a range is widened: never a blind leap of more than its own width."""

TRIALS_PER_ADJUSTMENT = 10
"""One other range is taken out for so many trials: each costs two degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Range:
    """A numeric hyperparameter's range, in the scale in which it is searched."""

    name: str
    low: float
    high: float
    log: bool
    is_integer: bool
    useful: tuple[float, float] = (-math.inf, math.inf)  # beyond, it need not go on
    role: Role | None = None

    def place(self, value: float) -> float:
        """0 at the low end, 1 at the high end."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        return (self._scaled(value) - low) / (high - low)

    def at(self, place: float) -> float:
        """The value at a place, which may lie beyond the ends."""
        low, high = self._scaled(self.low), self._scaled(self.high)
        scaled = low + place * (high - low)
        value = math.exp(scaled) if self.log else scaled
        return float(round(value)) if self.is_integer else value

    def widened(self, end: End, by: float) -> tuple[float, float]:
        """The ends of the range, one of them moved outwards as far as it is useful.

        Args:
            by: a part of its width, in the scale in which it is searched.
        """
        aim = self.at(1 + by if end == "high" else -by)
        aim = min(max(aim, self.useful[0]), self.useful[1])
        return (self.low, aim) if end == "high" else (aim, self.high)

    def change(self, low: float, high: float) -> SpaceChange:
        """Search from one value to another instead."""
        return change_range(self.name, low, high, is_whole=self.is_integer)

    def widening_advice(self, low: float, high: float) -> Advice:
        """To search from one value to another, of which the range is a part."""
        words = f"Widen {self.name} to {number(low, 2)} to {number(high, 2)}."
        return Advice(words, (self.change(low, high),))

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value


def diagnose_range_edges(records: StudyRecords) -> tuple[Diagnosis, ...]:
    """One verdict for each range whose end the best trials crowd, strongest first."""
    ranked = ranked_trials(records)
    found = crowded_ranges(numeric_ranges(records), [trial.params for trial in ranked])
    return tuple(
        _diagnosis(crowding, one)
        for crowding, one in found
        if not _turns_back(records, ranked, one, crowding.end)
    )


def _turns_back(
    records: StudyRecords, ranked: Sequence[TrialRecord], one: Range, end: End
) -> bool:
    places = _places([trial.params for trial in ranked], one)
    known = [(trial, p) for trial, p in zip(ranked, places, strict=True) if math.isfinite(p)]
    toward = [p if end == "high" else 1 - p for _, p in known]
    return turns_back(records, [trial for trial, _ in known], toward)


def crowded_ranges(
    ranges: Sequence[Range], ranked: Sequence[Params]
) -> tuple[tuple[Crowding, Range], ...]:
    """The ranges whose end the best trials crowd, while the loss still falls there.

    Strongest first. It is what the verdict rests on, and what widens a range in a search, which
    loses little by it: the verdict asks besides what trials that came far say.

    Args:
        ranked: params of all trials with a loss, from the best to the worst.
    """
    losses = np.arange(len(ranked), dtype=float)
    places = {one.name: _places(ranked, one) for one in ranges}
    found = [(_crowding(one, places, losses), one) for one in ranges]
    crowded = ((crowding, one) for crowding, one in found if crowding)
    return tuple(sorted(crowded, key=lambda pair: -pair[0].fall))


def ranked_trials(records: StudyRecords) -> tuple[TrialRecord, ...]:
    """All trials with a loss, best first; those trained in part are most, and say as much."""
    lengths = {
        trial.number: max(
            (len(records.epochs.get(run.run_id, ())) for run in records.search_runs(trial.number)),
            default=0,
        )
        for trial in records.trials
    }
    in_part = [
        (rank(trial.number, trial.value, lengths[trial.number], is_complete=False), trial)
        for trial in records.trials
        if trial.outcome in TRAINED_IN_PART
        and trial.value is not None
        and math.isfinite(trial.value)
    ]
    return (*records.complete_trials, *(trial for _, trial in sorted(in_part, key=_rank_of)))


def _rank_of(pair: tuple[Rank, TrialRecord]) -> Rank:
    return pair[0]


def numeric_ranges(records: StudyRecords) -> list[Range]:
    """The ranges of the study's numeric hyperparameters."""
    ranges, known = [], study_hyperparameters(records.settings)
    for name, entry in space_parameters(records.settings).items():
        low, high = entry.get("low"), entry.get("high")
        if entry.get("type") not in ("float", "int") or not isinstance(low, int | float):
            continue
        if isinstance(high, int | float) and low < high:
            log, is_whole = bool(entry.get("log")) and low > 0, entry["type"] == "int"
            one = Range(name, float(low), float(high), log, is_whole)
            ranges.append(_with_meaning(one, known.get(name)))
    return ranges


def _with_meaning(one: Range, known: Hyperparameter | None) -> Range:
    """Add what the hyperparameter is. One that nobody knows stays on its side of zero."""
    useful, role = (known.useful, known.role) if known else (one.useful, None)
    if math.isinf(useful[0]) and one.low >= 0:
        useful = (min(one.low, 1.0) if one.is_integer else 0.0, useful[1])
    return replace(one, useful=useful, role=role)


@dataclass(frozen=True, slots=True)
class Crowding:
    """How the best trials crowd an end of a range."""

    end: End
    n_crowded: int
    n_best: int
    chance: float
    fall: float  # t value of the loss's slope at the end
    optimum: float | None  # where a parabola through the better trials has its lowest point


def _places(trials: Sequence[Params], one: Range) -> np.ndarray:
    """Where in the range each trial's value lies; NaN where it has none."""
    values = [params.get(one.name) for params in trials]
    return np.array(
        [one.place(float(v)) if isinstance(v, int | float) else math.nan for v in values]
    )


def _crowding(one: Range, places: Mapping[str, np.ndarray], losses: np.ndarray) -> Crowding | None:
    known = np.isfinite(places[one.name])
    if known.sum() < EDGE_MIN_TRIALS:
        return None
    others = [places[name][known] for name in places if name != one.name]
    tested = _Tested(places[one.name][known], losses[known], others, len(places))
    low_limit, high_limit = one.useful
    if one.high < high_limit and (found := _crowds_end(tested, "high")):
        return found
    return _crowds_end(tested, "low") if one.low > low_limit else None


@dataclass(frozen=True, slots=True)
class _Tested:
    """The trials that have a hyperparameter: where, with what loss, and the other ranges."""

    places: np.ndarray
    losses: np.ndarray
    others: Sequence[np.ndarray]  # places in the other ranges
    n_ranges: int


def _crowds_end(tested: _Tested, end: End) -> Crowding | None:
    """Test one end; the low end is the high end of the mirrored range."""
    losses = tested.losses
    toward = tested.places if end == "high" else 1 - tested.places
    n_best = max(5, math.ceil(TOP_SHARE * len(losses)))
    best = np.argsort(losses, kind="stable")[:n_best]
    is_outer = toward >= 1 - EDGE_SHARE
    n_crowded = int(is_outer[best].sum())
    # Where few of all trials lie there, few of the best are many. Where many do, the sampler
    # may have learned to go there, which does not speak against the end.
    share = min(EDGE_SHARE, float(is_outer.mean()))
    chance = float(bdtrc(n_crowded - 1, n_best, share))  # of at least as many
    if n_crowded == 0 or chance > EDGE_SIGNIFICANCE:
        return None
    fall, degrees = _fall_at_end(toward, losses, tested.others)
    if degrees < 1 or fall < stdtrit(degrees, 1 - EDGE_FALL_CHANCE / (2 * tested.n_ranges)):
        return None
    return Crowding(end, n_crowded, n_best, chance, fall, _optimum(toward, losses))


def _fall_at_end(
    toward: np.ndarray, losses: np.ndarray, others: Sequence[np.ndarray] = ()
) -> tuple[float, int]:
    """How surely the loss still falls at the end, as a t value with its degrees of freedom.

    Positive where it falls. From parabolas, in this range and in those others that matter most,
    through the ranks of the losses (ranks, since a few trials may have huge losses): the slope
    at this range's end over its standard error. Source: any text on least squares, for example
    Draper & Smith 1998, section 1.4.
    """
    ranks = np.argsort(np.argsort(losses, kind="stable"), kind="stable").astype(float)
    columns = [np.ones_like(toward), toward, toward**2]
    for other in _strongest(others, ranks)[: len(losses) // TRIALS_PER_ADJUSTMENT]:
        columns += [other, other**2]
    design = np.stack(columns, axis=1)
    degrees = len(losses) - design.shape[1]
    if degrees < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return 0.0, 0
    weights, *_ = np.linalg.lstsq(design, ranks, rcond=None)
    variance = float(((ranks - design @ weights) ** 2).sum()) / degrees
    slope = np.zeros(design.shape[1])
    slope[1:3] = 1.0, 2.0  # of x and x^2 at x = 1
    spread = math.sqrt(max(variance * float(slope @ np.linalg.inv(design.T @ design) @ slope), 0))
    return (-float(slope @ weights) / spread if spread > 0 else 0.0), degrees


def _strongest(others: Sequence[np.ndarray], ranks: np.ndarray) -> list[np.ndarray]:
    """The other ranges that all trials have a value in, most explained rank variance first."""
    usable = [one for one in others if np.isfinite(one).all() and len(np.unique(one)) > 2]

    def unexplained(places: np.ndarray) -> float:
        return float(((ranks - np.polyval(np.polyfit(places, ranks, 2), places)) ** 2).sum())

    return sorted(usable, key=unexplained)


def _optimum(places: np.ndarray, losses: np.ndarray) -> float | None:
    """The lowest point of a parabola through the better half; None where it has none."""
    better = losses <= np.median(losses)
    if len(np.unique(places[better])) < 4:
        return None
    curvature, slope, _ = np.polyfit(places[better], losses[better], 2)
    return float(-slope / (2 * curvature)) if curvature > 0 else None


def _diagnosis(crowding: Crowding, one: Range) -> Diagnosis:
    widening = USUAL_WIDENING
    if crowding.optimum is not None and crowding.optimum > 1:
        widening = min(MOST_WIDENING, max(LEAST_WIDENING, crowding.optimum - 1 + LEAST_WIDENING))
    low, high = one.widened(crowding.end, widening)
    return Diagnosis(
        kind="range_edge",
        severity="warning",
        message=(
            f"{crowding.n_crowded} of the best {crowding.n_best} trials have {one.name} in the "
            f"{'upper' if crowding.end == 'high' else 'lower'} quarter of its range "
            f"{number(one.low)} to {number(one.high)}, and the loss still falls towards that end: "
            f"better values may lie beyond."
        ),
        evidence={
            "parameter": one.name,
            "end": crowding.end,
            "n_crowded": crowding.n_crowded,
            "n_best": crowding.n_best,
            "chance": crowding.chance,
            "slope_t": crowding.fall,
            "low": one.low,
            "high": one.high,
        },
        advice=(one.widening_advice(low, high),),
    )
