"""Verdicts in words: they agree with their numbers, and claim no more than is known."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from automl.diagnostics import diagnose_trial
from automl.diagnostics.fit_words import MESSAGES
from automl.diagnostics.learning_curves import SEVERITIES


def test_every_kind_has_words() -> None:
    assert set(MESSAGES) == set(SEVERITIES)


def test_boosted_trees_are_many(study: Any, curve: Any, beside: Any) -> None:
    records = study(curve(1.0, 0.5, gap=0.02))
    trees, linear = (
        diagnose_trial(beside(records, {name: 0.1}), 0)[0].message
        for name in ("boosted_trees", "linear_model")
    )

    assert "Boosted trees reach a loss of 0.1" in trees
    assert "The linear model reaches a loss of 0.1" in linear


def test_a_loss_near_zero_is_said_to_be_rare(study: Any, curve: Any, beside: Any) -> None:
    """Two columns that sum to the target: the linear model has them, the network hardly."""
    records = study(curve(1.0, 0.02, gap=0.001, n_epochs=40))
    records = beside(records, {"linear_model": 0.0001}, error=0.001)

    first, *_ = diagnose_trial(records, 0)

    assert first.kind == "high_bias"
    assert "A loss so near 0 is rare: check that no column holds the answer." in first.message


def test_with_folds_no_single_kept_epoch_is_named(study: Any, curve: Any) -> None:
    """Two folds rise again from different epochs on."""
    early = [(1.0 - 0.1 * i, 1.0 - 0.09 * i) for i in range(4)]
    early += [(0.6 - 0.02 * i, 0.74 + 0.03 * i) for i in range(14)]
    late = [(1.0 - 0.08 * i, 1.0 - 0.07 * i) for i in range(9)]
    late += [(0.3 - 0.01 * i, 0.45 + 0.03 * i) for i in range(9)]
    records = study(early, late)
    runs = (records.runs[0], dataclasses.replace(records.runs[1], trial_number=0, fold=1))
    records = dataclasses.replace(records, runs=runs, trials=records.trials[:1])

    diagnosis = diagnose_trial(records, 0)[0]
    message = diagnosis.message

    assert diagnosis.evidence["best_epoch"] == [4, 9]
    assert diagnosis.evidence["n_epochs"] == [18, 18]
    assert "On most folds the validation loss rose again after the best epoch" in message
    assert not re.search(r"epoch \d", message)
    assert "overfitting_from_epoch" not in diagnosis.evidence


def test_what_is_a_mean_of_folds_is_said_to_be_one(study: Any, curve: Any) -> None:
    flat = [(1.0, 1.0)] * 6
    records = study(flat, flat)
    runs = (records.runs[0], dataclasses.replace(records.runs[1], trial_number=0, fold=1))

    (one,) = diagnose_trial(records, 0)
    (several,) = diagnose_trial(
        dataclasses.replace(records, runs=runs, trials=records.trials[:1]), 0
    )

    assert one.kind == several.kind == "not_learning"
    assert "never went below 1 on average over its folds; predicting" in several.message
    assert "never went below 1; predicting" in one.message


def test_strong_restraint_without_a_gap_is_worth_less_of_it(study: Any, curve: Any) -> None:
    """No reference is better, so that it is no verdict; but nothing needs so much of it."""
    held, free = (
        diagnose_trial(study(curve(1.0, 0.1, gap=0.005), params=[params]), 0)[0]
        for params in ({"l1": 0.01}, {"l1": 0.0})
    )

    assert held.kind == free.kind == "good_fit"
    assert held.advice[0].changes[0].parameter == "l1"
    assert free.advice == ()
