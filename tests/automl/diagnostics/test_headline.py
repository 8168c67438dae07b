"""Two lines: how the network stands, and the verdict on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from automl.diagnostics import diagnose_study
from automl.diagnostics.headline import first_sentence, headline, shown_diagnoses, title
from storage.records import Diagnosis


def test_the_verdict_is_its_first_sentence() -> None:
    said = Diagnosis("high_bias", "warning", "High bias: trial 3 is bad (loss 0.5). More rows.")
    assert first_sentence(said) == "High bias: trial 3 is bad (loss 0.5)."


def test_a_point_in_a_name_does_not_end_the_sentence() -> None:
    said = Diagnosis(
        "leakage", "problem", "Columns No. of rooms and q give y: their sum. Drop it."
    )
    assert first_sentence(said) == "Leakage: Columns No. of rooms and q give y: their sum."


def test_good_is_not_said_of_what_is_not() -> None:
    good = Diagnosis("good_fit", "good", "No sign of bias.")
    assert title(good) == "Good fit"
    assert "Good" not in title(replace(good, severity="info"))


def test_a_study_that_was_never_judged_is_judged_when_it_is_shown(study: Any, curve: Any) -> None:
    records = replace(study(curve(1.0, 0.5), curve(1.0, 0.9)), diagnoses=())
    lines = headline(records).lines
    assert len(lines) == 2
    assert lines[1] == first_sentence(diagnose_study(records)[0])
    of_another = Diagnosis("high_bias", "warning", "It is.", trial_number=1)
    with_another = replace(records, diagnoses=(of_another,))
    assert headline(with_another).lines == lines
    assert shown_diagnoses(with_another)[-1] == of_another


def test_what_is_stored_is_what_is_shown(study: Any, curve: Any) -> None:
    judged = replace(study(curve(1.0, 0.5)), diagnoses=(Diagnosis("high_bias", "warning", "Is."),))
    assert headline(judged).lines[1] == "High bias: Is."
    assert shown_diagnoses(judged) == judged.diagnoses
