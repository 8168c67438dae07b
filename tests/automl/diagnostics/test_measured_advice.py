"""Advice that was tried stands in the order of what it did, and says what that was."""

from __future__ import annotations

from typing import Any

from automl.diagnostics.measured_advice import order_by_measurement
from storage.records import Advice, Diagnosis, SpaceChange


def advice(name: str, text: str = "1") -> Advice:
    return Advice(f"Change {name}.", (SpaceChange(name, text),))


def answer(kind: str, gain: float, trial_number: int = 3, **changes: str) -> Diagnosis:
    evidence: dict[str, Any] = {"changes": changes, "gain": gain}
    return Diagnosis(kind, "info", "", evidence, trial_number=trial_number)


ROWS = Advice("Get more rows.")
VERDICT = Diagnosis(
    "high_variance",
    "warning",
    "",
    advice=(advice("l1"), advice("dropout"), advice("n_layers"), ROWS, advice("weight_decay")),
    trial_number=3,
)
ANSWERS = (
    answer("advice_harms", -0.3, l1="1"),
    answer("advice_no_difference", -0.0001, dropout="1"),
    answer("advice_helps", 0.1, n_layers="1"),
    answer("advice_helps", 0.2, weight_decay="1"),
)


def test_what_helped_most_comes_first_and_what_harmed_last() -> None:
    (ordered,) = order_by_measurement([VERDICT], ANSWERS, best_trial=3)

    assert [one.text for one in ordered.advice] == [
        "Change weight_decay. (Tried: it lowered the validation loss by 0.2.)",
        "Change n_layers. (Tried: it lowered the validation loss by 0.1.)",
        "Get more rows.",
        "Change dropout. (Tried: it made no difference that matters.)",
        "Change l1. (Tried: it raised the validation loss by 0.3.)",
    ]
    assert {one.changes for one in ordered.advice} == {one.changes for one in VERDICT.advice}


def test_another_change_of_the_same_parameter_was_not_tried() -> None:
    other = Diagnosis("high_bias", "warning", "", advice=(advice("l1", "0"), ROWS))

    assert order_by_measurement([other], ANSWERS, best_trial=3) == (other,)


def test_undecided_and_failed_advice_keeps_its_place() -> None:
    answers = [answer("advice_undecided", -5.0, l1="1"), answer("advice_failed", 0.0, dropout="1")]

    (ordered,) = order_by_measurement([VERDICT], answers, best_trial=3)

    assert [one.changes for one in ordered.advice] == [one.changes for one in VERDICT.advice]
    assert ordered.advice[0].text.endswith("(Tried: whether it helps could not be told.)")


def test_answers_on_another_trial_say_nothing() -> None:
    assert order_by_measurement([VERDICT], ANSWERS, best_trial=4) == (VERDICT,)
    assert order_by_measurement([VERDICT], ANSWERS, best_trial=None) == (VERDICT,)
