"""Learning rates that end too low, seen in the curves: even the largest do not get far.

Where no trial gets far in its epochs, the best are those with lucky first weights, and their
final losses say little about the learning rate. The curves of the trials with the largest
learning rates say it: steps are small, and training still goes on when the epochs end.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from automl.diagnostics.evidence import CurveFacts, trial_facts
from automl.diagnostics.layer_signals import trial_flow
from automl.diagnostics.learning_rates import SMOOTH_STEPS
from automl.diagnostics.range_edge import Range, numeric_ranges
from automl.diagnostics.thresholds import (
    BUDGET_SHARE,
    EDGE_MIN_TRIALS,
    EDGE_SHARE,
    IMPROVING_SHARE,
    SLOW_MIN_TRIALS,
    SLOW_UPDATE_RATIO,
)
from automl.wording.counts import count
from automl.wording.numbers import number, percent
from storage.records import Advice, Diagnosis, StudyRecords, TrialRecord

RATE = "learning_rate"


def diagnose_slow_range(records: StudyRecords) -> Diagnosis | None:
    """Say that the range of learning rates ends before steps become large enough."""
    searched = [one for one in numeric_ranges(records) if one.name == RATE]
    if not searched or len(records.complete_trials) < EDGE_MIN_TRIALS:
        return None
    one = searched[0]
    fastest = [trial for trial in records.complete_trials if _is_outer(trial, one)]
    facts = [fact for trial in fastest if (fact := trial_facts(records, trial.number))]
    flows = [flow for trial in fastest if (flow := trial_flow(records, trial.number))]
    if min(len(facts), len(flows)) < SLOW_MIN_TRIALS or one.high >= one.useful[1]:
        return None
    ratio = float(np.median([flow.update_ratio for flow in flows]))
    n_late = sum(_is_late(fact) for fact in facts)
    # NaN, where no steps were measured, is not below anything.
    if not ratio < SLOW_UPDATE_RATIO or n_late < BUDGET_SHARE * len(facts):
        return None
    return _diagnosis(one, ratio, n_late, len(facts))


def range_verdicts(
    slow: Diagnosis | None, crowded: tuple[Diagnosis, ...]
) -> tuple[Diagnosis, ...]:
    """All verdicts on ranges, at most one on the learning rate's: its curves say more."""
    if slow is None:
        return crowded
    return (slow, *(one for one in crowded if one.evidence["parameter"] != RATE))


def _is_outer(trial: TrialRecord, one: Range) -> bool:
    rate = trial.params.get(RATE)
    return isinstance(rate, int | float) and one.place(float(rate)) >= 1 - EDGE_SHARE


def _is_late(fact: CurveFacts) -> bool:
    return fact.best_epoch > 0.9 * fact.n_epochs and fact.last_progress > IMPROVING_SHARE


def _diagnosis(one: Range, ratio: float, n_late: int, n_fastest: int) -> Diagnosis:
    # The middle of the new part takes smooth steps; the part reaches as far beyond it.
    high = min(one.high * 3 * SMOOTH_STEPS / max(ratio, 1e-6), one.useful[1])
    wider = replace(one, high=high)
    return Diagnosis(
        kind="range_edge",
        severity="warning",
        message=(
            f"Even with the largest learning rates of the range {number(one.low)} to "
            f"{number(one.high)}, a typical step changes the weights by only {percent(ratio)}, "
            f"and {n_late} of {count(n_fastest, 'trial')} were still improving when their epochs "
            f"ended: better values may lie beyond."
        ),
        evidence={
            "parameter": RATE,
            "end": "high",
            "update_ratio": ratio,
            "n_late": n_late,
            "n_fastest": n_fastest,
            "low": one.low,
            "high": one.high,
        },
        advice=(
            Advice(
                f"Widen {RATE} to {number(wider.low, 2)} to {number(wider.high, 2)}.",
                (one.change(wider.low, wider.high),),
            ),
        ),
    )
