"""The main verdict comes first: the cause before the symptom, what voids all before all."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from automl.diagnostics import (
    FIT_KINDS,
    agree_with_verdict,
    diagnose_study,
    diagnose_trial,
    fit_verdict,
)
from automl.errors import StudyError
from storage.records import DataCheckRecord, Diagnosis, RunRecord, TrialRecord

LEAK = DataCheckRecord("leakage", "answer", 0.99, {"others": 0.4})


def kinds(diagnoses: Any) -> list[str]:
    return [diagnosis.kind for diagnosis in diagnoses]


def test_the_best_trials_verdict_leads_a_sound_study(study: Any, curve: Any) -> None:
    records = study(curve(1.0, 0.1), curve(1.0, 0.5))

    (first, *_) = diagnose_study(records)

    assert first.kind == "good_fit"
    assert first.trial_number == 0


def test_a_leak_comes_before_the_fit(study: Any, curve: Any) -> None:
    records = dataclasses.replace(study(curve(1.0, 0.1)), data_checks=(LEAK,))

    assert kinds(diagnose_study(records))[:2] == ["leakage", "too_little_evidence"]


def test_the_cause_comes_before_the_symptom(study: Any, layers_of: Any) -> None:
    records = study([(1.0, 1.0)] * 6, layers=[layers_of([1e-6, 1.0])])

    assert kinds(diagnose_trial(records, 0)) == ["vanishing_gradients", "not_learning"]


@pytest.mark.parametrize("thrown", [False, True])
def test_steps_that_are_no_guide_raise_no_learning_rate(
    study: Any, curve: Any, layers_of: Any, thrown: bool
) -> None:
    """Small because the gradients are, or beside weights that grew thirtyfold."""
    gradients, size = ([1.0, 1.0], 30.0) if thrown else ([1e-6, 1.0], 1.0)
    ended = layers_of(gradients, update_ratio=8e-4, weight_norm=size)
    records = study(curve(1.0, 0.6), curve(1.0, 0.1), layers=[ended, ()])
    begun = {0: layers_of(gradients)}

    diagnoses = diagnose_trial(dataclasses.replace(records, initial_layers=begun), 0)

    causes = [] if thrown else ["vanishing_gradients"]
    assert kinds(diagnoses) == [*causes, "high_bias"]
    assert not [a for d in diagnoses for a in d.advice if a.text.startswith("Raise")]


def test_every_trial_has_exactly_one_fit_verdict(study: Any, curve: Any, layers_of: Any) -> None:
    records = study(
        curve(1.0, 0.1), [(1.0, 1.0)] * 6, layers=[(), layers_of([1.0, 1.0], dead=1.0)]
    )

    for number in (0, 1):
        diagnoses = diagnose_trial(records, number)
        assert sum(kind in FIT_KINDS for kind in kinds(diagnoses)) == 1


def test_fit_verdict_is_found_behind_what_leads(study: Any, curve: Any) -> None:
    records = dataclasses.replace(study(curve(1.0, 0.1)), data_checks=(LEAK,))

    verdict = fit_verdict(diagnose_study(records))

    assert verdict is not None and verdict.kind == "too_little_evidence"


@pytest.mark.parametrize(("end", "says_no_bias"), [(0.1, True), (0.6, False)])
def test_a_decompositions_advice_agrees_with_the_verdict_on_its_trial(
    study: Any, curve: Any, end: float, says_no_bias: bool
) -> None:
    """Trial 1 fits as well as trial 0 does, or far worse."""
    parts = {"net_variance": 0.01, "bias_and_noise": 0.09}
    answer = Diagnosis("decomposition", "info", "", parts, trial_number=1)
    records = study(curve(1.0, 0.1), curve(1.0, end))

    (advice,) = agree_with_verdict(records, answer).advice

    assert ("no bias was found" in advice.text) == says_no_bias


def test_answers_without_a_part_in_the_verdict_stay_as_they_are(study: Any, curve: Any) -> None:
    answer = Diagnosis("data_size", "info", "More rows would help")

    assert agree_with_verdict(study(curve(1.0, 0.1)), answer) is answer


def test_an_empty_study_has_too_little_evidence(study: Any) -> None:
    (diagnosis,) = diagnose_study(study())

    assert diagnosis.kind == "too_little_evidence"
    assert diagnosis.message == "The study has no trial yet."


def test_a_study_without_a_complete_trial_says_so(study: Any) -> None:
    records = dataclasses.replace(study(), trials=(TrialRecord(0, "PRUNED", {}, 0.5),))

    assert diagnose_study(records)[0].message == (
        "There is nothing to judge the fit by. Of 1 trial 1 is pruned."
    )


def test_a_failed_trial_says_why_it_has_no_curve(study: Any) -> None:
    trial = TrialRecord(0, "PRUNED", {}, None, "out_of_memory")
    records = dataclasses.replace(
        study(), trials=(trial,), runs=(RunRecord(0, 0, "search", 0, state="failed"),)
    )

    (diagnosis,) = diagnose_trial(records, 0)

    assert "the device's memory did not suffice" in diagnosis.message


def test_an_unknown_trial_is_refused(study: Any, curve: Any) -> None:
    with pytest.raises(StudyError, match=r"no trial 7 \(trials: 0 to 0\)"):
        diagnose_trial(study(curve(1.0, 0.5)), 7)


def test_judging_twice_gives_the_same(study: Any, curve: Any) -> None:
    records = study(*[curve(1.0, 0.1 + 0.01 * i) for i in range(12)])

    assert diagnose_study(records) == diagnose_study(records)
