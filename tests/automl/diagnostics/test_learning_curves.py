"""The lecture's table: train error and validation error make the verdict."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from automl.diagnostics import diagnose_trial
from automl.diagnostics.evidence import find_references, trial_facts
from automl.diagnostics.learning_curves import lost_share


def kind(records: Any, number: int = 0) -> str:
    return diagnose_trial(records, number)[0].kind


def test_low_train_and_low_validation_error_is_a_good_fit(study: Any, curve: Any) -> None:
    assert kind(study(curve(1.0, 0.10, gap=0.01))) == "good_fit"


def test_low_train_and_higher_validation_error_is_high_variance(study: Any, curve: Any) -> None:
    assert kind(study(curve(0.9, 0.05, gap=0.4))) == "high_variance"


def test_train_error_above_what_another_trial_reaches_is_high_bias(study: Any, curve: Any) -> None:
    records = study(curve(1.0, 0.5, gap=0.02), curve(1.0, 0.1, gap=0.02))

    assert kind(records, 0) == "high_bias"
    assert kind(records, 1) == "good_fit"


def test_train_error_above_the_linear_models_is_high_bias(study: Any, curve: Any) -> None:
    assert kind(study(curve(1.0, 0.5, gap=0.02), linear=0.2)) == "high_bias"


def test_high_train_and_higher_validation_error_is_both(study: Any, curve: Any) -> None:
    records = study(curve(0.9, 0.4, gap=0.3), curve(1.0, 0.1, gap=0.02))

    assert kind(records, 0) == "high_bias_and_variance"


def test_a_gap_within_the_noise_is_no_variance(study: Any, curve: Any) -> None:
    certain, uncertain = (study(curve(0.9, 0.3, gap=0.2), error=e) for e in (0.01, 0.15))

    assert kind(certain) == "high_variance"
    assert kind(uncertain) == "good_fit"


def test_validation_loss_that_rises_while_train_loss_falls_is_high_variance(study: Any) -> None:
    """Early stopping keeps an epoch without a gap; the course shows what it was saved from."""
    down = [(1.0 - 0.1 * i, 1.0 - 0.09 * i) for i in range(6)]
    apart = [(0.45 - 0.02 * i, 0.56 + 0.03 * i) for i in range(14)]

    (diagnosis, *_) = diagnose_trial(study(down + apart), 0)

    assert diagnosis.kind == "high_variance"
    assert diagnosis.evidence["overfitting_from_epoch"] == 6
    assert "After epoch 6 the validation loss rose again" in diagnosis.message


def test_a_loss_no_better_than_guessing_is_not_learning(study: Any, curve: Any) -> None:
    assert kind(study(curve(1.02, 0.99))) == "not_learning"


def test_two_epochs_are_too_little_evidence(study: Any, curve: Any) -> None:
    assert kind(study(curve(1.0, 0.3, n_epochs=2))) == "too_little_evidence"


def test_a_trial_without_epochs_is_too_little_evidence(study: Any) -> None:
    records = study([(1.0, 1.0)])
    records = dataclasses.replace(records, epochs={})

    assert kind(records) == "too_little_evidence"


def test_a_hoped_for_rmse_below_the_train_error_is_high_bias(study: Any, curve: Any) -> None:
    """RMSE is 10 times the root of the loss here: 2.0 is a loss of 0.04."""
    records = study(curve(1.0, 0.3, gap=0.01), target_error=2.0)

    (diagnosis, *_) = diagnose_trial(records, 0)

    assert diagnosis.kind == "high_bias"
    assert "the hoped-for error means a loss of 0.04" in diagnosis.message.lower()


def test_a_good_fit_says_what_it_was_held_against(study: Any, curve: Any) -> None:
    """A network far from the best that is possible has no bias by weak references."""
    alone = study(curve(1.0, 0.3, gap=0.01))
    beside = study(curve(1.0, 0.3, gap=0.01), curve(1.0, 0.31, gap=0.01), linear=0.5)

    first, second = (diagnose_trial(records, 0)[0] for records in (alone, beside))

    assert "against predicting the mean only; another kind of model may" in first.message
    assert "the mean, the linear model and this study's other trials only" in second.message
    assert "boosted trees" in second.advice[0].text
    assert "--target-error" in second.advice[0].text


def test_a_good_fit_says_that_the_hoped_for_error_is_not_reached(study: Any, curve: Any) -> None:
    """The train rows reach it, and the gap is too small to be called variance."""
    records = study(curve(1.0, 0.3, gap=0.05), target_error=5.6)

    (diagnosis, *_) = diagnose_trial(records, 0)

    assert diagnosis.kind == "good_fit"
    assert "You hope for RMSE 5.6, which is not reached" in diagnosis.message
    assert "another kind of model" not in diagnosis.message
    assert diagnosis.advice == ()


def test_a_hoped_for_error_that_is_reached_is_a_good_fit(study: Any, curve: Any) -> None:
    records = study(curve(0.9, 0.05, gap=0.4), target_error=9.0)

    (diagnosis, *_) = diagnose_trial(records, 0)

    assert diagnosis.kind == "good_fit"
    assert "the error you hoped for is reached" in diagnosis.message
    assert "another kind of model" not in diagnosis.message


def test_a_hoped_for_error_rate_is_compared_as_a_rate(study: Any, epoch_of: Any) -> None:
    """A loss cannot be derived from an error rate, so train errors are counted instead."""
    records = study(
        [(0.4, 0.42)] * 5,
        baseline=0.69,
        task="binary",
        loss="binary_cross_entropy",
        metric="error_rate",
        target_error=0.05,
    )
    rates = {"train_metric": 0.2, "valid_metric": 0.21}
    epochs = tuple(dataclasses.replace(e, **rates) for e in records.epochs[0])

    (diagnosis, *_) = diagnose_trial(dataclasses.replace(records, epochs={0: epochs}), 0)

    assert diagnosis.kind == "high_bias"
    assert "You hope for 5.0 % of rows wrong" in diagnosis.message


def test_a_diverged_trial_is_named_so(study: Any, curve: Any, epoch_of: Any) -> None:
    records = study(curve(1.0, 0.5, n_epochs=4))
    broken = epoch_of(0, 5, float("nan"), float("nan"))
    records = dataclasses.replace(records, epochs={0: (*records.epochs[0], broken)})

    assert kind(records) == "diverged"


def test_a_curve_that_falls_to_the_end_is_still_improving(study: Any) -> None:
    line = [(1.0 - 0.03 * i, 1.0 - 0.03 * i) for i in range(20)]

    kinds = [diagnosis.kind for diagnosis in diagnose_trial(study(line), 0)]

    assert "still_improving" in kinds


def test_a_level_curve_is_not_still_improving(study: Any, curve: Any) -> None:
    kinds = [diagnosis.kind for diagnosis in diagnose_trial(study(curve(1.0, 0.2)), 0)]

    assert kinds == ["good_fit"]


def test_lost_share_is_the_gap_over_what_was_learned(study: Any, curve: Any) -> None:
    records = study(curve(1.0, 0.2, n_epochs=60, gap=0.2))

    share = lost_share(trial_facts(records, 0), find_references(records, 0))

    assert share == pytest.approx(0.25, rel=1e-3)


def test_evidence_holds_the_numbers_of_the_message(study: Any, curve: Any) -> None:
    (diagnosis, *_) = diagnose_trial(study(curve(0.9, 0.05, n_epochs=60, gap=0.4)), 0)

    assert diagnosis.evidence["generalization_gap"] == pytest.approx(0.4)
    assert diagnosis.evidence["baseline_loss"] == 1.0
    assert "42 % of what it learned" in diagnosis.message


def test_losses_are_said_beside_what_guessing_gives(study: Any, curve: Any) -> None:
    good, flat = (
        diagnose_trial(study(losses, baseline=0.983), 0)[0].message
        for losses in (curve(1.0, 0.1), [(1.0, 1.0)] * 6)
    )

    assert "its loss is 10 % of what predicting the mean gives." in good
    assert flat.endswith("never went below 1; predicting the mean gives 0.983.")
