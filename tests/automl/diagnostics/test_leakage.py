"""A column is no leak by being strong, but by being far ahead of others that know something."""

from __future__ import annotations

from typing import Any

import pytest

from automl.diagnostics.leakage import judge_leakage
from storage.records import DataCheckRecord, Diagnosis


def judged(value: float, subject: str = "x", **details: Any) -> Diagnosis | None:
    return judge_leakage(DataCheckRecord("leakage", subject, value, details))


def kind(value: float, **details: Any) -> str | None:
    found = judged(value, **details)
    return found and found.kind


def test_a_column_far_ahead_of_all_others_is_a_leak() -> None:
    found = judged(0.99, "answer", others=0.5)

    assert found is not None
    assert (found.kind, found.severity) == ("leakage", "problem")
    assert found.message.startswith(
        "Column answer alone explains 99 % of the target's variance; all others together explain "
        "50 %."
    )
    assert found.advice[0].text == "Then leave it out: search with `--drop answer`."


def test_an_easy_problem_has_no_leak() -> None:
    """Iris: petal width explains 0.93, and so do the other columns."""
    assert kind(0.93, others=0.92) is None
    assert kind(0.93, others=0.92, renames=0.0) is None
    assert kind(0.6) is None


def test_an_only_column_is_no_leak_unless_it_has_the_target_itself() -> None:
    assert kind(0.999) is None
    assert kind(1.0, renames=0.97) is None
    assert kind(1.0, renames=1.0) == "leakage"
    assert kind(1.0, columns=["x"], weights=[2.0]) == "leakage"
    assert kind(0.9995, columns=["x"], weights=[2.0]) is None


def test_beside_others_that_know_nothing_it_is_the_only_predictor() -> None:
    found = judged(0.99, others=0.01)

    assert found is not None
    assert (found.kind, found.severity, found.advice) == ("only_predictor", "info", ())


@pytest.mark.parametrize(
    ("renames", "value", "others", "expected"),
    [
        (0.97, 0.894, 0.3, "leakage"),  # of pima, whose next best column explains 0.075
        (0.95, 0.76, 0.4, "leakage"),  # of adult
        (0.95, 0.76, 0.0, "leakage"),  # nothing else in the table has a signal
        (0.95, 0.81, 0.95, None),  # the others know more
        (0.95, 0.3, 0.1, None),  # most rows have the commonest class
        (0.85, 0.5, 0.3, None),
    ],
)
def test_classes_under_other_names_leak_though_some_are_wrong(
    renames: float, value: float, others: float, expected: str | None
) -> None:
    assert kind(value, renames=renames, others=others) == expected


def test_parts_are_named_with_how_they_make_the_target() -> None:
    details = {"target": "cnt", "columns": ["casual", "registered"], "others": 0.8}
    found = judged(
        1.0, "casual and registered", weights=[1.0, 1.0], drop=["casual", "the rest"], **details
    )

    assert found is not None
    assert found.message.startswith(
        "Columns casual and registered together give cnt exactly: their sum. If they are not known"
    )
    assert "`--drop casual --drop 'the rest'`" in found.advice[0].text
    difference = judged(1.0, "casual and registered", weights=[-1.0, 1.0], **details)
    assert difference is not None
    assert "exactly: their difference." in difference.message
    weighted = judged(0.9995, "casual and registered", weights=[1.0, 2.0], **details)
    assert weighted is not None
    assert "almost exactly: a weighted sum of them." in weighted.message


def test_a_law_of_all_that_a_table_has_is_no_leak() -> None:
    parts = {"target": "y", "columns": ["a", "b"], "weights": [1.0, 1.0]}

    assert kind(1.0, **parts) is None
    assert kind(1.0, others=0.0, **parts) == "only_predictor"
