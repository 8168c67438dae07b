"""A best trial at the very end of a range, where few trials ran to theirs."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from automl.diagnostics import diagnose_study
from automl.diagnostics.best_at_end import diagnose_best_at_end
from storage.records import Diagnosis, StudyRecords

RATE = {"type": "float", "low": 1e-5, "high": 1e-3, "log": True}
WIDTH = {"type": "int", "low": 8, "high": 128, "log": True}
DEPTH = {"type": "int", "low": 1, "high": 4}
DROPOUT = {"type": "float", "low": 0.0, "high": 0.5}


def few(study: Any, curve: Any, entry: dict[str, Any], value: float, n: int = 1) -> StudyRecords:
    """So many complete trials, the best of which has the value of x."""
    middle = (entry["low"] + entry["high"]) / 2
    return study(
        *(curve(1.0, 0.2 + 0.01 * number) for number in range(n)),
        params=[{"x": value}, *[{"x": type(value)(middle)}] * (n - 1)],
        space={"parameters": {"x": entry}},
    )


def test_the_caution_names_the_end_and_how_few_trials_there_are(study: Any, curve: Any) -> None:
    (found,) = diagnose_best_at_end(few(study, curve, RATE, 1e-3))

    assert found.severity == "info"
    assert found.message == (
        "The best trial 0 has x at the upper end of its range 1e-05 to 0.001. 1 trial that ran "
        "to its end is too few to say whether better values lie beyond."
    )
    low, high = (float(end) for end in found.advice[0].changes[0].set.split(".."))
    assert (low, high) == (pytest.approx(1e-5), pytest.approx(1e-2))


@pytest.mark.parametrize(
    ("entry", "value", "end"),
    [
        (RATE, 1e-5, "low"),
        (WIDTH, 128, "high"),
        (WIDTH, 8, None),  # a fortieth of the draws would be rounded to it
        (RATE, 9e-4, None),
        (DEPTH, 4, None),  # one of four values
        (DEPTH, 1, None),
        (DROPOUT, 0.5, "high"),
        (DROPOUT, 0.0, None),  # a natural end
    ],
)
def test_only_an_end_that_chance_would_hardly_hit(
    study: Any, curve: Any, entry: dict[str, Any], value: float, end: str | None
) -> None:
    found = diagnose_best_at_end(few(study, curve, entry, value))

    assert [one.evidence["end"] for one in found] == ([end] if end else [])


@pytest.mark.parametrize(("n", "is_found"), [(9, True), (10, False)])
def test_enough_trials_are_judged_by_the_verdict_on_ranges(
    study: Any, curve: Any, n: int, is_found: bool
) -> None:
    assert bool(diagnose_best_at_end(few(study, curve, RATE, 1e-3, n))) == is_found


def kinds(diagnoses: tuple[Diagnosis, ...]) -> list[str]:
    return [one.kind for one in diagnoses if one.evidence.get("parameter") == "x"]


def test_one_verdict_on_a_range_is_enough(study: Any, curve: Any) -> None:
    """Paused trials show that the loss falls towards the end; then that is said, and once."""
    places = np.linspace(0, 1, 30)[::-1]
    records = study(
        *(curve(1.0, 0.6 - 0.3 * place) for place in places),
        params=[{"x": 1e-5 * 100 ** float(place)} for place in places],
        space={"parameters": {"x": RATE}},
    )
    best, *others = records.trials
    paused = tuple(dataclasses.replace(one, state="PRUNED") for one in others)

    assert kinds(diagnose_study(dataclasses.replace(records, trials=(best, *paused)))) == [
        "range_edge"
    ]
    alone = dataclasses.replace(records, trials=(best,))
    assert kinds(diagnose_study(alone)) == ["best_at_range_end"]
