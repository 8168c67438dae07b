"""Two lines: how the network stands, and the verdict on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from automl.commands_to_type import study_command
from automl.diagnostics import diagnose_study, diagnose_trial
from automl.diagnostics.evidence import find_references, trial_facts
from automl.diagnostics.fit_words import diagnose_fit
from automl.diagnostics.gradient_flow import Cause
from automl.diagnostics.headline import (
    first_sentence,
    headline,
    shown_diagnoses,
    shown_diagnoses_of_trial,
)
from automl.diagnostics.learning_curves import FitKind, judge_fit
from automl.diagnostics.situation import Situation
from storage.records import Diagnosis
from storage.titles import title, titled, untitled


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


def test_verdicts_on_a_trial_name_study_and_database(study: Any, curve: Any) -> None:
    records = study(curve(0.9, 0.05, gap=0.4))
    assert any("`automl diagnose STUDY" in text for text in advised(diagnose_trial(records, 0)))
    asked = study_command("diagnose", records.settings.study_name, "sqlite:///b.db")
    shown = advised(shown_diagnoses_of_trial(records, 0, "sqlite:///b.db"))
    assert any(f"`{asked} " in text for text in shown)
    assert not any("STUDY" in text for text in shown)


def advised(verdicts: tuple[Diagnosis, ...]) -> list[str]:
    return [advice.text for verdict in verdicts for advice in verdict.advice]


@pytest.mark.parametrize("kind", get_args(FitKind))
def test_a_fit_verdict_begins_with_its_title_and_says_it_once(
    kind: FitKind, study: Any, curve: Any, beside: Any
) -> None:
    records = beside(
        study(curve(0.9, 0.1, gap=0.1), params=[{"dropout": 0.8}]), {"boosted_trees": 0.13}
    )
    situation = Situation(records.settings, records.trials[0])
    facts = trial_facts(records, 0)
    assert facts is not None
    fit = judge_fit(facts, find_references(records, 0), situation)

    diagnosis = diagnose_fit(replace(fit, kind=kind), situation)

    name = title(diagnosis)
    rest = untitled(name, diagnosis.message)
    assert diagnosis.message == titled(name, rest)
    assert first_sentence(diagnosis).startswith(titled(name, rest[:20]))
    assert first_word(rest) != first_word(name)


def first_word(text: str) -> str:
    return text.split()[0].strip(":").lower()


def test_a_cause_begins_with_its_title() -> None:
    message = Cause("vanishing_gradients", "the first layers hardly learn.").message(7)
    said = Diagnosis("vanishing_gradients", "problem", message)
    assert first_sentence(said) == message
    assert message.startswith("Vanishing gradients: in trial 7, ")
