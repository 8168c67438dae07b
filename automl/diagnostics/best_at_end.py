"""A best trial at the very end of a range, where too few trials ran to theirs to judge the range.

`range_edge.py` asks many trials whether better values lie beyond. Few cannot say, but a search
that learns puts its best trial exactly there only for a reason, so that it is said as a caution.
"""

from __future__ import annotations

from automl.diagnostics.range_edge import USUAL_WIDENING, End, Range, numeric_ranges
from automl.diagnostics.thresholds import AT_END_SHARE, EDGE_MIN_TRIALS
from automl.wording.counts import agree, count
from automl.wording.numbers import number
from storage.records import Diagnosis, StudyRecords


def diagnose_best_at_end(records: StudyRecords) -> tuple[Diagnosis, ...]:
    """A caution for each range at whose end, not a natural one, the best of few trials lies."""
    complete = records.complete_trials
    if not complete or len(complete) >= EDGE_MIN_TRIALS:
        return ()
    found = []
    for one in numeric_ranges(records):
        value = complete[0].params.get(one.name)
        end = _end_at(one, float(value)) if isinstance(value, int | float) else None
        if end is not None:
            found.append(_diagnosis(one, end, complete[0].number, len(complete)))
    return tuple(found)


def _end_at(one: Range, value: float) -> End | None:
    """The end where a value lies, if chance would hardly put it there and values go on beyond."""
    half = 0.5 if one.is_integer else 0.0  # a whole number stands for all that round to it
    if one.high < one.useful[1] and one.place(value - half) >= 1 - AT_END_SHARE:
        return "high"
    if one.low > one.useful[0] and one.place(value + half) <= AT_END_SHARE:
        return "low"
    return None


def _diagnosis(one: Range, end: End, trial_number: int, n_complete: int) -> Diagnosis:
    low, high = one.widened(end, USUAL_WIDENING)
    return Diagnosis(
        kind="best_at_range_end",
        severity="info",
        message=(
            f"The best trial {trial_number} has {one.name} at the "
            f"{'upper' if end == 'high' else 'lower'} end of its range {number(one.low)} to "
            f"{number(one.high)}. {count(n_complete, 'trial')} that ran to "
            f"{agree(n_complete, 'its', 'their')} end {agree(n_complete, 'is', 'are')} too few "
            f"to say whether better values lie beyond."
        ),
        evidence={
            "best_trial": trial_number,
            "parameter": one.name,
            "end": end,
            "n_complete": n_complete,
            "low": one.low,
            "high": one.high,
        },
        advice=(one.widening_advice(low, high),),
    )
