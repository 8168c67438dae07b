"""Each verdict has one name, and says it once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from automl.diagnostics.evidence import find_references, trial_facts
from automl.diagnostics.fit_words import diagnose_fit
from automl.diagnostics.gradient_flow import Cause
from automl.diagnostics.headline import first_sentence, title
from automl.diagnostics.learning_curves import FitKind, judge_fit
from automl.diagnostics.situation import Situation
from automl.diagnostics.titles import title_of, titled, untitled
from storage.records import Diagnosis


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


def test_good_is_not_said_of_what_is_not() -> None:
    assert title_of("good_fit", "good") == "Good fit"
    assert title_of("good_fit", "info") == "As good as its references"
    assert title_of("good_fit", "info", is_compared=False) == "No bias or variance seen"


def test_names_are_the_words_of_the_kind_or_better_ones() -> None:
    assert title_of("high_bias", "warning") == "High bias"
    assert title_of("over_regularized", "warning") == "Over-regularized"
    assert title_of("behind_reference", "info", "boosted trees") == "Behind boosted trees"
