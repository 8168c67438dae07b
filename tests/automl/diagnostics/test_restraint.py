"""What holds a network back, how strong it is, and what less of it would be."""

from __future__ import annotations

import math
from typing import Any

import pytest

from automl.diagnostics.restraint import (
    less_of,
    noticeable_restraints,
    restraint_words,
    smoothing_loss,
    strong_restraints,
)
from automl.diagnostics.situation import Situation
from storage.records import TrialRecord


def situation(study: Any, settings: dict[str, Any] | None = None, **params: Any) -> Situation:
    return Situation(study(**(settings or {})).settings, TrialRecord(0, "COMPLETE", params, 0.1))


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, ()),
        ({"dropout": 0.3, "weight_decay": 1e-3}, ()),
        ({"dropout": 0.7}, ("dropout",)),
        ({"weight_decay": 0.3, "optimizer": "adam"}, ("weight_decay",)),
        ({"weight_decay": 0.05, "optimizer": "adamw"}, ()),
        ({"l1": 0.05, "max_norm": 0.5}, ("l1", "max_norm")),
        ({"max_norm": 3}, ()),
    ],
)
def test_strong_restraints(study: Any, params: dict[str, Any], names: tuple[str, ...]) -> None:
    """Decoupled weight decay does much less for the same number."""
    assert strong_restraints(situation(study, **params)) == names


def test_noticeable_ones_are_worth_a_try(study: Any) -> None:
    assert noticeable_restraints(situation(study, dropout=0.3, max_norm=3)) == (
        "dropout",
        "max_norm",
    )


def test_less_is_a_usual_range_and_at_most_a_third_of_what_it_was(study: Any) -> None:
    held = situation(study, dropout=0.6, weight_decay=0.3, max_norm=1.0)

    changes = less_of(held, ("dropout", "weight_decay", "max_norm"))

    assert [(one.parameter, one.set) for one in changes] == [
        ("dropout", "0..0.2"),
        ("weight_decay", "1e-06..0.001"),
        ("max_norm", "none"),
    ]


def test_words_have_the_amounts(study: Any) -> None:
    assert restraint_words(situation(study, l1=0.05), ("l1",)) == ["the L1 penalty of 0.05"]


def test_label_smoothing_keeps_the_loss_above_a_floor(study: Any) -> None:
    classes = {"task": "multiclass", "loss": "cross_entropy", "class_names": ("a", "b", "c", "d")}

    smoothed = situation(study, classes, label_smoothing=0.1)

    assert smoothing_loss(smoothed) == pytest.approx(-math.log(0.925))
    assert smoothing_loss(situation(study, label_smoothing=0.1)) == 0.0  # a quantity
