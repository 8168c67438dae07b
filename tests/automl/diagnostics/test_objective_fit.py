"""What curves alone tell, on curves that are made for it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from automl.diagnostics import FIT_KINDS, diagnose_study, diagnose_trial
from automl.diagnostics.headline import first_sentence
from automl.models.own.reference import reference_of
from automl.options.search_options import SearchOptions
from automl.report.evidence_words import evidence_in_words
from automl.tuning.settings import objective_settings
from search_spaces.mappings import objective_space
from storage.records import Diagnosis, EpochRecord, RunRecord, StudyRecords, TrialRecord
from storage.titles import ALONE_TITLE, title, titled

Curve = Sequence[tuple[float, float]]  # train and validation loss of each epoch

GOOD: Curve = [(1.0, 1.05), (0.5, 0.55), (0.3, 0.35), (0.2, 0.25)]
RISES: Curve = [
    *[(1.0, 1.0), (0.58, 0.6), (0.55, 0.62), (0.5, 0.66)],
    *[(0.45, 0.7), (0.4, 0.75), (0.35, 0.8), (0.3, 0.86)],
]
NO_TRAIN: Curve = [(math.nan, valid) for _, valid in GOOD]


def study(*curves: Curve) -> StudyRecords:
    reference = reference_of(lambda params: 1.0, "objective")
    space = objective_space({"x": {"low": 0.0, "high": 1.0}}).for_task("objective")
    settings = objective_settings(reference, space, SearchOptions(max_epochs=9))
    trials, runs, epochs = [], [], {}
    for number, curve in enumerate(curves):
        value = min(valid for _, valid in curve)
        trials.append(TrialRecord(number, "COMPLETE", {"x": 0.1 * number}, value))
        runs.append(RunRecord(number, number, "search", seed=number, state="complete"))
        epochs[number] = tuple(
            EpochRecord(
                number, n, 0, train, valid, math.nan, train, valid, math.nan, math.nan, 0.1
            )
            for n, (train, valid) in enumerate(curve, start=1)
        )
    return StudyRecords(settings, tuple(trials), tuple(runs), epochs)


def judged(curve: Curve, *others: Curve) -> Diagnosis:
    (found,) = diagnose_trial(study(curve, *others), 0)
    assert found.kind in FIT_KINDS
    return found


@pytest.mark.parametrize(
    ("curve", "kind", "words"),
    [
        (
            GOOD,
            "good_fit",
            "no sign of variance in trial 0 (train loss 0.2, validation loss 0.25)",
        ),
        (NO_TRAIN, "too_little_evidence", "trial 0 gives no train loss"),
        (GOOD[:2], "too_little_evidence", "has 2 epochs: too short"),
        ([(1.0, 1.0), (0.5, 0.9), (0.2, 0.8)], "high_variance", "75 % of what it learned"),
        (RISES, "high_variance", "rose again, by 0.203"),
        ([(1.0, 1.0), (1.1, 0.9), (1.2, 0.8)], "not_learning", "never fell below 1"),
        ([*GOOD, (math.inf, 0.2)], "diverged", "in epoch 5"),
        # Returns of an agent, which are negative: no share of a loss is asked for.
        ([(-10.0, -9.0), (-50.0, -49.0), (-90.0, -89.0)], "good_fit", "no sign of variance"),
    ],
)
def test_one_curve(curve: Curve, kind: str, words: str) -> None:
    found = judged(curve)
    assert found.kind == kind
    assert words in found.message


def test_a_quick_start_is_no_want_of_learning() -> None:
    """What was learned in the first epoch counts, where other trials show how it begins."""
    quick = [(0.30, 0.40), (0.25, 0.38), (0.22, 0.36)]
    assert judged(quick).kind == "high_variance"
    slow = [(2.0, 2.0), (1.9, 1.9), (1.8, 1.8)]
    assert judged(quick, slow, slow, slow).kind == "good_fit"


def test_bias_is_told_by_a_trial_that_does_better_on_new_data() -> None:
    worse = [(1.0, 1.05), (0.8, 0.85), (0.7, 0.75)]
    found = judged(worse, GOOD)
    assert found.kind == "high_bias"
    assert (
        "its train loss never went below 0.7, that one's validation loss is 0.25" in found.message
    )
    assert judged(GOOD, worse).kind == "good_fit"


def test_evidence_is_finite_and_advice_says_what_is_missing() -> None:
    found = judged(NO_TRAIN)
    assert all(math.isfinite(value) for value in found.evidence.values())  # type: ignore[arg-type]
    assert "train_loss" not in found.evidence
    assert "Yield" in found.advice[0].text


def test_nothing_is_said_of_rows_or_references_that_an_objective_does_not_have() -> None:
    for curve in (GOOD, RISES, NO_TRAIN):
        found = judged(curve)
        told = " ".join(name for name, _ in evidence_in_words(found))
        assert "loss" in told
        assert not {"rows", "references", "network"} & set(re.findall(r"\w+", told))
        assert "references" not in first_sentence(found)
    good = judged(GOOD)
    assert title(good) == ALONE_TITLE
    assert good.message.startswith(titled(title(good), "")), "the name is told once"


def test_a_study_is_judged_by_its_best_trial() -> None:
    records = study(GOOD, NO_TRAIN)
    assert diagnose_study(records)[0].kind == "good_fit"
    assert diagnose_study(replace(records, epochs={}))[0].kind == "too_little_evidence"
