"""Texts that no network has seen are named where the rest tells little of the target."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from automl.diagnostics import diagnose_trial
from automl.diagnostics.left_out import texts_advice, texts_words

TEXTS = {"age": "numeric", "comment": "dropped: free text", "row": "dropped: id-like"}


@pytest.mark.parametrize("kind", ["weak_signal", "no_signal"])
def test_a_text_that_was_left_out_is_the_first_thing_to_look_at(
    study: Any, curve: Any, beside: Any, kind: str
) -> None:
    records = study(curve(1.0, 0.9 if kind == "weak_signal" else 0.999, gap=0.01))
    records = beside(records, {"linear_model": 0.95 if kind == "weak_signal" else 1.0})
    settings = dataclasses.replace(records.settings, columns=TEXTS)

    without, told = (
        diagnose_trial(dataclasses.replace(records, settings=one), 0)[0]
        for one in (records.settings, settings)
    )

    assert told.kind == without.kind == kind
    assert told.message == f"{without.message} The text in comment was left out."
    assert told.advice[1:] == without.advice
    assert "`TfidfVectorizer`" in told.advice[0].text and "AutoMLRegressor" in told.advice[0].text
    assert "row" not in told.message.partition("was left out")[0].rpartition("text in")[2]


def test_many_texts_are_counted(study: Any) -> None:
    settings = dataclasses.replace(
        study().settings, columns={f"t{i}": "dropped: free text" for i in range(7)}, task="binary"
    )
    assert texts_words(settings) == " The texts in t0, t1, t2, t3, t4 and 2 more were left out."
    assert "texts in t0" in texts_advice(settings)[0].text
    assert "`AutoMLClassifier`" in texts_advice(settings)[0].text
    assert not texts_words(study().settings) and not texts_advice(study().settings)
