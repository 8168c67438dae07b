"""Ranges that leave out the optimum altogether: all that was searched lies on one side of it.

Then no trial shows that the loss falls towards an end as surely as `range_edge.py` asks for: all
are bad alike. What tells is the verdict on the best trial, where what it asks for lies outside
the range; or a trend of the trials towards the end, which those that came far do not contradict
(`equal_lengths.py`): in a range without any usual value, or of a network that others are ahead of.
Where the best trial is not at the very end, the range to search next keeps what it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from automl.diagnostics.equal_lengths import chance_of_trend, turns_back
from automl.diagnostics.range_edge import Range, numeric_ranges, ranked_trials
from automl.diagnostics.restraint import GENTLE
from automl.diagnostics.thresholds import (
    CERTAIN_TREND,
    EDGE_MIN_TRIALS,
    EDGE_SHARE,
    TREND_CHANCE,
    TREND_PLACE,
    WELL_INSIDE,
)
from automl.wording.numbers import number
from storage.records import Advice, Diagnosis, StudyRecords, TrialRecord

End = Literal["low", "high"]

USUAL_ENDS: Mapping[str, tuple[float, float]] = {
    "learning_rate": (1e-4, 1e-1),
    "hidden_size": (16, 256),
    "dropout": (0.0, 0.5),
    "input_dropout": (0.0, 0.2),
    "weight_decay": (1e-6, 1e-2),
    "l1": (1e-6, 1e-3),
}
"""The built-in space's ranges, and what it says of those that it fixes (`mlp.toml`)."""

WIDER_BY = 16.0
"""Layers are widened by up to four doublings, as the built-in range has; so are others that end
where the usual ones do."""

ASKS_FOR_STEPS: Mapping[str, End] = {
    "steps_too_small": "high",
    "steps_too_large": "low",
    "diverged": "low",
}
"""Where the better learning rates lie, by the verdict."""

ASKS_FOR_CAPACITY = frozenset({"high_bias", "high_bias_and_variance", "behind_reference"})


@dataclass(frozen=True, slots=True)
class _Excluded:
    """A range, the end beyond which better values lie, and which range to search instead."""

    one: Range
    end: End
    low: float
    high: float
    why: str
    is_whole: bool = True  # the best trial, too, lies at the end or asks for what is beyond


def diagnose_excluded_ranges(
    records: StudyRecords, verdicts: Sequence[Diagnosis]
) -> tuple[Diagnosis, ...]:
    """The ranges that leave out the optimum.

    Args:
        verdicts: on the best trial.
    """
    found: dict[str, _Excluded] = {}
    ranked = ranked_trials(records)
    for one in numeric_ranges(records):
        trials = [trial for trial in ranked if one.name in trial.params]
        excluded = (
            _by_verdict(one, verdicts)
            or _by_trend(records, one, trials, verdicts)
            or _by_want_of_fit(records, one, trials, verdicts)
        )
        if excluded:
            found[one.name] = excluded
    return tuple(_diagnosis(excluded) for excluded in found.values())


def _by_verdict(one: Range, verdicts: Sequence[Diagnosis]) -> _Excluded | None:
    """What a verdict asks for lies outside the range."""
    for verdict in verdicts:
        end = _asked_end(one, verdict)
        if end is None:
            continue
        low, high = _advised(one, verdict, end)
        if high < one.low if end == "low" else low > one.high:
            if one.name == "learning_rate":
                low, high = _beyond(one, end)  # an advice for one trial is narrower
            return _Excluded(one, end, low, high, _why(one, verdict))
    return None


def _asked_end(one: Range, verdict: Diagnosis) -> End | None:
    if one.name == "learning_rate":
        is_slow = verdict.kind == "high_bias" and _names(verdict, one.name)
        return "high" if is_slow else ASKS_FOR_STEPS.get(verdict.kind)
    if one.name in GENTLE:
        restraints = verdict.evidence.get("restraints", ())
        is_named = isinstance(restraints, Sequence) and one.name in restraints
        return "low" if verdict.kind == "over_regularized" and is_named else None
    is_narrow = _is_width(one) and one.high < USUAL_ENDS["hidden_size"][0]
    return "high" if is_narrow and verdict.kind in ASKS_FOR_CAPACITY else None


def _is_width(one: Range) -> bool:
    """Whether it is a number of units: a factor of the width has no usual values."""
    return one.role == "width" and one.is_integer


def _names(verdict: Diagnosis, parameter: str) -> bool:
    """Whether an advice would change the parameter."""
    return any(c.parameter == parameter for advice in verdict.advice for c in advice.changes)


def _advised(one: Range, verdict: Diagnosis, end: End) -> tuple[float, float]:
    """The range that the verdict's advice names; else the one beyond the end."""
    for advice in verdict.advice:
        for change in advice.changes:
            low, separator, high = change.set.partition("..")
            if change.parameter == one.name and separator and not _is_width(one):
                return float(low), float(high)
    return _beyond(one, end)


def _by_trend(
    records: StudyRecords,
    one: Range,
    trials: Sequence[TrialRecord],
    verdicts: Sequence[Diagnosis],
) -> _Excluded | None:
    """No usual value is in the range, and its trials, best first, get better towards those."""
    usual = USUAL_ENDS.get(one.name)
    kind = verdicts[0].kind if verdicts else ""
    if usual is None or kind in ("high_variance", "no_signal"):
        return None
    end: End | None = "low" if one.low > usual[1] else "high" if one.high < usual[0] else None
    if end is None or len(trials) < EDGE_MIN_TRIALS:
        return None
    toward = _toward(one, trials, end)
    is_near = toward[0] >= TREND_PLACE
    is_trend = is_near and _is_trend(records, trials, toward, TREND_CHANCE)
    return _trending(one, end, toward[0]) if is_trend else None


def _by_want_of_fit(
    records: StudyRecords,
    one: Range,
    trials: Sequence[TrialRecord],
    verdicts: Sequence[Diagnosis],
) -> _Excluded | None:
    """A network that others are ahead of, its learning rate near an end that all trials prefer."""
    kinds = {verdict.kind for verdict in verdicts}
    if one.name != "learning_rate" or not kinds & ASKS_FOR_CAPACITY:
        return None
    if len(trials) < EDGE_MIN_TRIALS:
        return None
    ends: tuple[End, End] = ("low", "high")
    for end in ends:
        toward = _toward(one, trials, end)
        low_limit, high_limit = one.useful
        is_last = one.low <= low_limit if end == "low" else one.high >= high_limit
        if is_last or toward[0] < 1 - EDGE_SHARE:
            continue
        if _is_trend(records, trials, toward, CERTAIN_TREND):
            return _trending(one, end, toward[0])
    return None


def _is_trend(
    records: StudyRecords, trials: Sequence[TrialRecord], toward: np.ndarray, chance: float
) -> bool:
    """Whether trials, the best first, get better towards an end, those that came far too."""
    order = np.arange(len(trials), dtype=float)
    return chance_of_trend(toward, order) <= chance and not turns_back(
        records, trials, toward.tolist()
    )


def _trending(one: Range, end: End, best: float) -> _Excluded:
    """What lies beyond the end, and what the best trial has unless that is at the end.

    Args:
        best: how near the end the best trial lies.
    """
    why = f"trials get better towards its {'lower' if end == 'low' else 'upper'} end"
    low, high = _beyond(one, end)
    if best >= 1 - WELL_INSIDE:
        return _Excluded(one, end, low, high, why)
    place = max(best - EDGE_SHARE, 0.0)
    kept = one.at(place if end == "high" else 1 - place)
    low, high = (min(low, kept), high) if end == "high" else (low, max(high, kept))
    return _Excluded(one, end, low, high, why, is_whole=False)


def _toward(one: Range, trials: Sequence[TrialRecord], end: End) -> np.ndarray:
    """How near the end each trial lies: 1 at it."""
    places = np.array([one.place(float(str(trial.params[one.name]))) for trial in trials])
    return places if end == "high" else 1 - places


def _beyond(one: Range, end: End) -> tuple[float, float]:
    """What lies beyond the end: usual values."""
    if one.name in GENTLE:
        low, high = GENTLE[one.name]
        return low, min(high, one.low)
    if _is_width(one):
        return one.high + 1, one.high * WIDER_BY
    low, high = USUAL_ENDS[one.name]
    if end == "low":
        return min(low, one.low / WIDER_BY), min(high, one.low)
    return max(low, one.high), max(high, min(one.high * WIDER_BY, one.useful[1]))


def _why(one: Range, verdict: Diagnosis) -> str:
    if verdict.kind in ASKS_FOR_STEPS:
        size = "small" if verdict.kind == "steps_too_small" else "large"
        return f"the best trial's steps are still too {size}"
    if one.name in GENTLE:
        return "the best trial is still held back from fitting"
    return "the best trial is still too small to fit"


def _diagnosis(excluded: _Excluded) -> Diagnosis:
    one = excluded.one
    return Diagnosis(
        kind="range_edge",
        severity="warning",
        message=_message(excluded),
        evidence={
            "parameter": one.name,
            "end": excluded.end,
            "low": one.low,
            "high": one.high,
            "excludes_optimum": excluded.is_whole,
        },
        advice=(
            Advice(
                f"Search {one.name} from {number(excluded.low, 2)} to {number(excluded.high, 2)}.",
                (one.change(excluded.low, excluded.high),),
            ),
        ),
    )


def _message(excluded: _Excluded) -> str:
    one = excluded.one
    ends = f"{number(one.low)} to {number(one.high)}"
    size = "smaller" if excluded.end == "low" else "larger"
    if excluded.is_whole:
        return (
            f"The whole range of {one.name}, {ends}, seems to lie on one side of the best values: "
            f"{excluded.why}. {size.capitalize()} ones are worth a search."
        )
    return (
        f"The best values of {one.name} may lie beyond its range, {ends}: {excluded.why}. "
        f"{size.capitalize()} ones are worth a search too."
    )
