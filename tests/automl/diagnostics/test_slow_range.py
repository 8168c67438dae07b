"""Learning rates that end too low are seen where final losses are a matter of luck."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from automl.diagnostics import diagnose_study
from automl.diagnostics.slow_range import diagnose_slow_range, range_verdicts
from storage.records import StudyRecords

RATES = {"type": "float", "low": 1e-5, "high": 1e-3, "log": True}


def lucky(
    study: Any, layers_of: Any, *, update_ratio: float = 1e-3, falls: bool = True, **space: Any
) -> StudyRecords:
    """Twenty trials whose loss is what they began with, and a little progress for all."""
    generator = np.random.default_rng(0)
    rates = np.geomspace(1e-5, 1e-3, 20)
    steps = np.arange(20) if falls else np.minimum(np.arange(20), 8)
    curves = [
        [(start - 0.01 * step, start - 0.01 * step) for step in steps]
        for start in generator.uniform(0.6, 1.0, len(rates))
    ]
    return study(
        *curves,
        params=[{"learning_rate": float(rate)} for rate in rates],
        layers=[layers_of([1.0, 1.0], update_ratio=update_ratio)] * len(rates),
        space={"parameters": {"learning_rate": {**RATES, **space}}},
    )


def test_small_steps_that_still_help_at_the_upper_end_ask_for_larger_ones(
    study: Any, layers_of: Any
) -> None:
    records = lucky(study, layers_of)

    first = diagnose_study(records)[0]

    assert first.kind == "range_edge"
    assert first.evidence["end"] == "high"
    assert "changes the weights by only 0.1 %, and 5 of 5 trials were still" in first.message


def test_the_new_part_of_the_range_takes_smooth_steps(study: Any, layers_of: Any) -> None:
    """Steps of 1e-3 are to become 3e-3: the middle of the new part is at three times the end."""
    diagnosis = diagnose_slow_range(lucky(study, layers_of))

    assert diagnosis is not None
    low, high = (float(end) for end in diagnosis.advice[0].changes[0].set.split(".."))
    assert low == pytest.approx(1e-5)
    assert (1e-3 * high) ** 0.5 == pytest.approx(3e-3, rel=0.01)


def test_large_steps_or_finished_curves_are_no_slow_range(study: Any, layers_of: Any) -> None:
    assert diagnose_slow_range(lucky(study, layers_of, update_ratio=0.02)) is None
    assert diagnose_slow_range(lucky(study, layers_of, falls=False)) is None
    assert diagnose_slow_range(lucky(study, layers_of, update_ratio=float("nan"))) is None


def test_few_trials_or_no_range_say_nothing(study: Any, layers_of: Any) -> None:
    records = lucky(study, layers_of)

    assert diagnose_slow_range(dataclasses.replace(records, trials=records.trials[11:])) is None
    assert diagnose_slow_range(lucky(study, layers_of, type="fixed")) is None


def test_the_curves_verdict_replaces_the_losses_on_the_same_range(
    study: Any, layers_of: Any
) -> None:
    slow = diagnose_slow_range(lucky(study, layers_of))
    assert slow is not None
    width = dataclasses.replace(slow, evidence={"parameter": "hidden_size"})

    assert range_verdicts(slow, (slow, width)) == (slow, width)
    assert range_verdicts(None, (width,)) == (width,)
