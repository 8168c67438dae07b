"""Two lines: how the network stands, and the verdict on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from automl.diagnostics.headline import first_sentence, headline, title
from storage.records import Diagnosis


def test_the_verdict_is_its_first_sentence() -> None:
    said = Diagnosis("high_bias", "warning", "High bias: trial 3 is bad (loss 0.5). More rows.")
    assert first_sentence(said) == "High bias: trial 3 is bad (loss 0.5)."


def test_good_is_not_said_of_what_is_not() -> None:
    good = Diagnosis("good_fit", "good", "No sign of bias.")
    assert title(good) == "Good fit"
    assert "Good" not in title(replace(good, severity="info"))


def test_a_study_without_verdict_has_one_line(study: Any, curve: Any) -> None:
    records = study(curve(1.0, 0.5))
    assert len(headline(records).lines) == 1
    judged = [Diagnosis("high_bias", "warning", "It is.")]
    assert headline(records, judged).lines[1] == "High bias: It is."
