"""Numbers of hyperparameter axis plots, parallel coordinates and pairwise contours.

Every parameter becomes an axis with positions in [0, 1]: logarithmic where the space is, the
choices evenly spread where it is categorical. Ranges come from the stored search space, or
from the values tried where the study has none.

Trials are compared by their places (`places.py`), at equal epochs: most trials of a search are
pruned, and their losses after an epoch or three are not those of complete ones. Places also lie
between 0 and 1, whatever one outlier's loss is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np

from automl.report.numbers.places import comparable, places
from automl.report.numbers.trials import Floats, Outcome, StudyTable, Trial, sample_trials
from automl.setting_words import explained
from storage.records import ParameterValue, StudySettings

N_AXIS_POINTS = 1000  # per axis plot; some twenty of them share a page
N_BUCKETS = 8  # of the best-per-bucket line, as in isolation plots of the Tuning Playbook
N_PARALLEL_LINES = 300
N_PARALLEL_AXES = 8
GRID = 24  # cells per side of a contour
BANDWIDTH = 0.12  # of the contour's kernel, as a share of the axis: about 1 / N_BUCKETS
NO_EVIDENCE_DISTANCE = 0.2  # a cell further than this from every trial is left empty


@dataclass(frozen=True, slots=True)
class Axis:
    """One hyperparameter's range."""

    name: str
    kind: Literal["float", "int", "categorical"]
    log: bool
    low: float
    high: float
    choices: tuple[ParameterValue, ...] = ()
    reason: str = ""

    def position(self, value: ParameterValue) -> float:
        """Where a value lies, in [0, 1]; NaN for one that is not on the axis."""
        if self.kind == "categorical":
            known = [_key(choice) for choice in self.choices]
            index = known.index(_key(value)) if _key(value) in known else math.nan
            return index / max(1, len(self.choices) - 1)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return math.nan
        low, high, at = (self.scaled(x) for x in (self.low, self.high, float(value)))
        return (at - low) / (high - low) if high > low else 0.5

    def scaled(self, value: float) -> float:
        """The value, or its logarithm on a logarithmic axis."""
        return math.log10(value) if self.log and value > 0 else value

    def value_at(self, position: float) -> float:
        """The number at a position of a numeric axis."""
        low, high = self.scaled(self.low), self.scaled(self.high)
        at = low + position * (high - low)
        return float(10**at) if self.log else float(at)


@dataclass(frozen=True, slots=True, eq=False)
class AxisPlot:
    """The place of trials against one hyperparameter.

    Shape:
        numbers, values, places, losses: (N,), values as positions for categorical axes;
        bucket_values, bucket_places: (M,), the best place of each bucket.
    """

    axis: Axis
    numbers: Floats
    values: Floats
    places: Floats  # 0 for the best
    losses: Floats  # lowest validation loss of the epochs that a trial had
    outcomes: tuple[Outcome, ...]
    bucket_values: Floats
    bucket_places: Floats
    best_value: ParameterValue
    n_omitted: int


@dataclass(frozen=True, slots=True, eq=False)
class ParallelCoordinates:
    """Trials as lines over several axes.

    Shape:
        positions: (N, A) in [0, 1], NaN where a trial does not use a parameter; places: (N,),
        0 for the best.
    """

    axes: tuple[Axis, ...]
    numbers: Floats
    positions: Floats
    places: Floats
    n_omitted: int


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """The smoothed place of trials over two hyperparameters.

    Shape:
        grid: (GRID, GRID), rows along `y`, NaN where no trial is near; x_at, y_at, places: (N,).
    """

    x: Axis
    y: Axis
    grid: Floats
    x_at: Floats
    y_at: Floats
    places: Floats
    numbers: Floats


def axes(table: StudyTable) -> dict[str, Axis]:
    """The axes of all parameters that vary, in the space's order."""
    parameters = cast("Mapping[str, Any]", table.records.settings.space.get("parameters") or {})
    tried = dict.fromkeys(name for trial in table.trials for name in trial.params)
    found: dict[str, Axis] = {}
    for name in dict.fromkeys((*parameters, *tried)):
        values = [t.params[name] for t in table.trials if name in t.params]
        axis = _axis(name, parameters.get(name) or {}, values)
        if axis is not None and values:
            found[name] = axis
    return found


def fixed_parameters(settings: StudySettings) -> dict[str, ParameterValue]:
    """What the space fixes for every trial, and trials therefore do not have among theirs."""
    parameters = cast("Mapping[str, Any]", settings.space.get("parameters") or {})
    return {
        name: entry.get("value")
        for name, entry in parameters.items()
        if entry.get("type") == "fixed" and not entry.get("when")
    }


def _axis(name: str, entry: Mapping[str, Any], values: Sequence[ParameterValue]) -> Axis | None:
    kind = entry.get("type")
    reason = explained(entry.get("meaning"), entry.get("reason"))
    if kind == "fixed" or (kind is None and len({_key(v) for v in values}) < 2):
        return None
    if kind == "categorical":
        return Axis(name, "categorical", False, 0.0, 0.0, tuple(entry["choices"]), reason)
    if kind in ("float", "int"):
        low, high = float(entry["low"]), float(entry["high"])
        return Axis(name, kind, bool(entry.get("log")), low, high, (), reason)
    return _guessed_axis(name, values)


def _guessed_axis(name: str, values: Sequence[ParameterValue]) -> Axis:
    """An axis for a parameter that the stored space does not name."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(values):
        choices = tuple(dict.fromkeys(sorted(values, key=str)))
        return Axis(name, "categorical", False, 0.0, 0.0, choices)
    low, high = float(min(numbers)), float(max(numbers))
    return Axis(name, "float", low > 0 and high / low > 100, low, high)


def _key(value: ParameterValue) -> str:
    """Equal for 16 and 16.0, different for True and 1, None and "None"."""
    return f"{type(value).__name__}:{value}" if not isinstance(value, float) else f"int:{value:g}"


def axis_plot(table: StudyTable, axis: Axis, at_most: int = N_AXIS_POINTS) -> AxisPlot:
    """Places of all trials that use the parameter, and the best of each bucket."""
    trials, place = _placed(table)
    using = [t for t in trials if axis.name in t.params]
    drawn = sample_trials(using, at_most)
    bucket_values, bucket_places = _isolation_line(axis, using, place)
    best = table.best
    return AxisPlot(
        axis=axis,
        numbers=np.array([t.number for t in drawn], dtype=np.float64),
        values=np.array([_coordinate(axis, t.params[axis.name]) for t in drawn]),
        places=np.array([place[t.number] for t in drawn], dtype=np.float64),
        losses=np.array([t.value for t in drawn], dtype=np.float64),
        outcomes=tuple(t.outcome for t in drawn),
        bucket_values=bucket_values,
        bucket_places=bucket_places,
        best_value=best.params.get(axis.name) if best else None,
        n_omitted=len(using) - len(drawn),
    )


def _coordinate(axis: Axis, value: ParameterValue) -> float:
    """What is drawn: the number itself, or the index of a choice."""
    if axis.kind == "categorical":
        return round(axis.position(value) * max(1, len(axis.choices) - 1), 6)
    return float(value) if isinstance(value, int | float) else math.nan


def _isolation_line(
    axis: Axis, trials: Sequence[Trial], place: Mapping[int, float]
) -> tuple[Floats, Floats]:
    """The best trial of each bucket, in the axis's order (Tuning Playbook: isolation plot)."""
    best: dict[int, Trial] = {}
    n_buckets = len(axis.choices) if axis.kind == "categorical" else N_BUCKETS
    for trial in trials:
        position = axis.position(trial.params[axis.name])
        if math.isnan(position):
            continue
        bucket = min(n_buckets - 1, max(0, int(position * n_buckets)))
        if bucket not in best or place[trial.number] < place[best[bucket].number]:
            best[bucket] = trial
    winners = [best[bucket] for bucket in sorted(best)]
    values = np.array([_coordinate(axis, t.params[axis.name]) for t in winners])
    return values, np.array([place[t.number] for t in winners], dtype=np.float64)


def parallel_coordinates(table: StudyTable, names: Sequence[str]) -> ParallelCoordinates:
    """Trials over the most important parameters, in the order given."""
    known = axes(table)
    chosen = tuple(known[name] for name in names if name in known)[:N_PARALLEL_AXES]
    trials, place = _placed(table)
    drawn = sample_trials(trials, N_PARALLEL_LINES)
    positions = [
        [a.position(t.params[a.name]) if a.name in t.params else math.nan for a in chosen]
        for t in drawn
    ]
    return ParallelCoordinates(
        axes=chosen,
        numbers=np.array([t.number for t in drawn], dtype=np.float64),
        positions=np.array(positions, dtype=np.float64).reshape(len(drawn), len(chosen)),
        places=np.array([place[t.number] for t in drawn], dtype=np.float64),
        n_omitted=len(trials) - len(drawn),
    )


def _placed(table: StudyTable) -> tuple[tuple[Trial, ...], dict[int, float]]:
    """Trials that can be compared, at most so many, and each one's place by its number."""
    trials = sample_trials(comparable(table.trials), N_AXIS_POINTS)
    found = places(trials)
    return trials, {t.number: float(place) for t, place in zip(trials, found, strict=True)}


def contour(table: StudyTable, x: Axis, y: Axis) -> Contour:
    """A kernel average of the places of trials over two axes; Gaussian weights in positions."""
    trials, place = _placed(table)
    trials = tuple(t for t in trials if x.name in t.params and y.name in t.params)
    at = np.array([(x.position(t.params[x.name]), y.position(t.params[y.name])) for t in trials])
    at = at.reshape(len(trials), 2)
    heights = np.array([place[t.number] for t in trials], dtype=np.float64)
    kept = np.isfinite(at).all(axis=1) if len(trials) else np.zeros(0, dtype=bool)
    return Contour(
        x=x,
        y=y,
        grid=_smoothed(at[kept], heights[kept]),
        x_at=at[kept, 0],
        y_at=at[kept, 1],
        places=heights[kept],
        numbers=np.array([t.number for t in trials], dtype=np.float64)[kept],
    )


def _smoothed(at: Floats, heights: Floats) -> Floats:
    """Nadaraya-Watson average on the grid of cells; NaN without evidence nearby."""
    if not len(heights):
        return np.full((GRID, GRID), math.nan)
    ticks = np.linspace(0.0, 1.0, GRID)
    cells = np.stack(np.meshgrid(ticks, ticks), axis=-1)  # (GRID, GRID, 2), x varies fastest
    squared = ((cells[:, :, None, :] - at[None, None]) ** 2).sum(axis=-1)  # (GRID, GRID, N)
    weights = np.exp(-squared / (2 * BANDWIDTH**2))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = (weights * heights).sum(axis=-1) / weights.sum(axis=-1)
    mean[np.sqrt(squared.min(axis=-1)) > NO_EVIDENCE_DISTANCE] = math.nan
    return mean
