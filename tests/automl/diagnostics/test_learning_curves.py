"""The lecture's table: train error and validation error make the verdict."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from automl.diagnostics import diagnose_trial
from automl.diagnostics.evidence import find_references, trial_facts
from automl.diagnostics.learning_curves import lost_share
from storage.score_records import PairedDifference
from storage.titles import title


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


def test_train_error_above_boosted_trees_is_high_bias(study: Any, curve: Any, beside: Any) -> None:
    records = study(curve(1.0, 0.5, gap=0.02), params=[{"hidden_size": 2}])

    assert kind(beside(records, {"linear_model": 0.55, "boosted_trees": 0.1})) == "high_bias"


@pytest.mark.parametrize("name", ["dropout", "weight_decay", "l1"])
def test_high_bias_under_a_strong_restraint_is_over_regularization(
    study: Any, curve: Any, beside: Any, name: str
) -> None:
    strong = {"dropout": 0.8, "weight_decay": 0.3, "l1": 0.05}[name]
    records = study(curve(1.0, 0.4, gap=0.02), params=[{name: strong}])

    first, *_ = diagnose_trial(beside(records, {"linear_model": 0.2}), 0)

    assert first.kind == "over_regularized"
    assert first.message.startswith("Over-regularized: ")
    assert first.evidence["restraints"] == [name]
    assert first.advice[0].changes[0].parameter == name


def test_a_restrained_network_behind_a_reference_is_held_back(
    study: Any, curve: Any, beside: Any
) -> None:
    """The share is too small for a bias by itself; with an L1 penalty the cause is at hand."""
    records = study(curve(1.0, 0.16, gap=0.01), params=[{"l1": 0.05}])

    assert kind(beside(records, {"boosted_trees": 0.13}, error=0.015)) == "over_regularized"


def test_a_network_put_out_by_a_penalty_gets_the_penaltys_name(
    study: Any, curve: Any, beside: Any
) -> None:
    records = study([(0.99, 0.98)] * 8, params=[{"l1": 0.05}])

    assert kind(beside(records, {"boosted_trees": 0.1})) == "over_regularized"


def test_layers_of_two_units_are_too_small_whatever_restrains_them(
    study: Any, curve: Any, beside: Any
) -> None:
    records = study(curve(1.0, 0.4, gap=0.02), params=[{"dropout": 0.8, "hidden_size": 2}])

    assert kind(beside(records, {"boosted_trees": 0.1})) == "high_bias"


def test_a_small_but_certain_bias_is_a_bias(study: Any, curve: Any, beside: Any) -> None:
    """8 % of what is learnable: ten standard errors are one, two are none."""
    records = study(curve(1.0, 0.18, gap=0.01, n_epochs=40))

    certain, uncertain = (
        kind(beside(records, {"linear_model": 0.1}, error=error)) for error in (0.009, 0.04)
    )

    assert certain == "high_bias"
    assert uncertain != "high_bias"


def test_easy_validation_rows_are_no_bias_of_the_train_rows(
    study: Any, curve: Any, beside: Any
) -> None:
    """The train loss is above the linear model's on other rows, where the network is as good."""
    records = study([(loss + 0.1, loss) for loss, _ in curve(0.9, 0.3)])

    assert kind(beside(records, {"linear_model": 0.29})) == "good_fit"


def test_the_loss_that_label_smoothing_leaves_is_no_bias(
    study: Any, curve: Any, beside: Any
) -> None:
    classes = {"task": "multiclass", "loss": "cross_entropy"}
    records = study(
        curve(1.0, 0.07, gap=0.04), params=[{"label_smoothing": 0.1}], class_names="abc", **classes
    )

    first, *_ = diagnose_trial(beside(records, {"linear_model": 0.02}), 0)

    assert first.kind == "behind_reference"
    assert [one.parameter for one in first.advice[0].changes] != ["hidden_size"]
    assert any("without label smoothing" in advice.text for advice in first.advice)


def test_good_is_said_of_what_is_better_than_each_reference(
    study: Any, curve: Any, beside: Any
) -> None:
    records = study(curve(1.0, 0.3, gap=0.01))

    better, equal = (
        diagnose_trial(beside(records, {"linear_model": 0.5, "boosted_trees": loss}), 0)[0]
        for loss in (0.5, 0.31)
    )

    assert (better.kind, better.severity) == ("good_fit", "good")
    assert "it does better than the linear model and boosted trees." in better.message
    assert (equal.kind, equal.severity) == ("good_fit", "info")
    assert equal.message.startswith("As good as its references: ")
    assert "better than the linear model, and no better than boosted trees." in equal.message


def test_better_than_guessing_alone_is_not_called_good(
    study: Any, curve: Any, beside: Any
) -> None:
    """With --no-references nothing else was fitted."""
    first, *_ = diagnose_trial(beside(study(curve(1.0, 0.3, gap=0.01)), {}), 0)

    assert (first.kind, first.severity) == ("good_fit", "info")
    assert title(first) == "No bias or variance seen"
    assert first.message.startswith("No bias or variance seen: no sign")


def test_behind_a_reference_is_no_good_fit(study: Any, curve: Any, beside: Any) -> None:
    """The train rows are fitted better than the trees fit new ones: it is no bias."""
    records = beside(study(curve(0.9, 0.1, gap=0.1)), {"boosted_trees": 0.13})

    first, *_ = diagnose_trial(records, 0)

    assert (first.kind, first.severity) == ("behind_reference", "warning")
    assert first.message.startswith("Behind boosted trees: on test rows boosted trees do better")
    assert "whose loss is there higher by 0.07, 95 % interval 0.05 to 0.09." in first.message
    assert "It is not for want of fit" in first.message
    assert "boosted trees reach 0.13 on test rows." in first.message
    assert "hidden_size" not in {c.parameter for a in first.advice for c in a.changes}


def test_a_lead_that_test_rows_do_not_show_is_no_warning(
    study: Any, curve: Any, beside: Any
) -> None:
    records = study(curve(0.9, 0.1, gap=0.1))
    unsure = beside(records, {"boosted_trees": 0.13}, test_losses={"boosted_trees": 0.2})
    ahead = beside(records, {"boosted_trees": 0.13}, test_losses={"boosted_trees": 0.3})

    first, second = (diagnose_trial(one, 0)[0] for one in (unsure, ahead))

    assert (first.kind, first.severity) == ("behind_reference", "info")
    assert "test rows alone cannot tell, but on validation rows boosted trees do" in first.message
    assert "boosted trees reach 0.13 on validation rows" in first.message
    assert "on validation rows, though not on test rows, boosted trees do" in second.message


def test_little_explained_by_all_is_a_weak_signal(study: Any, curve: Any, beside: Any) -> None:
    records = study(curve(1.0, 0.9, gap=0.01))

    weak, biased = (
        diagnose_trial(beside(records, {"linear_model": loss}), 0)[0] for loss in (0.92, 0.3)
    )

    assert (weak.kind, weak.severity) == ("weak_signal", "info")
    assert "91 % of what predicting the mean gives" in weak.message
    assert biased.kind == "high_bias"


def test_a_few_validation_rows_tell_nothing(study: Any, curve: Any) -> None:
    records = study(curve(1.0, 0.1), n_rows={"train": 600, "valid": 8, "test": 200})

    first, *_ = diagnose_trial(records, 0)

    assert (first.kind, first.severity) == ("too_little_evidence", "warning")
    assert first.message.startswith("Too little evidence: 8 validation rows cannot tell")
    assert "--folds 5" in first.advice[0].text


def test_class_weights_are_judged_by_what_they_are_asked_for(
    study: Any, curve: Any, beside: Any
) -> None:
    """The loss is above that of guessing by frequency; the classes are told apart better."""
    classes = {"task": "binary", "loss": "binary_cross_entropy"}
    records = study(curve(0.65, 0.4, gap=0.02), class_weights=True, **classes)
    records = beside(records, {"linear_model": 0.3, "boosted_trees": 0.3}, baseline=0.35)
    better = PairedDifference(0.1, 0.02, 0.06, 0.14)
    scored = tuple(
        dataclasses.replace(
            record,
            scores={**record.scores, "balanced_accuracy": 0.8},
            references=tuple(
                dataclasses.replace(one, network_gains={"balanced_accuracy": better})
                for one in record.references
            ),
        )
        for record in records.evaluations
    )

    first, *_ = diagnose_trial(dataclasses.replace(records, evaluations=scored), 0)

    assert (first.kind, first.severity) == ("good_fit", "good")


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


def test_good_is_said_beside_trees_that_had_their_time_only(
    study: Any, curve: Any, beside: Any
) -> None:
    """Else the strongest reference has not been heard."""

    def severity(records: Any) -> tuple[str, str]:
        first, *_ = diagnose_trial(records, 0)
        return first.kind, first.severity

    fit = study(curve(1.0, 0.3))
    full = beside(fit, {"linear_model": 0.5, "boosted_trees": 0.4})
    assert severity(full) == ("good_fit", "good")
    assert severity(beside(fit, {"linear_model": 0.5})) == ("good_fit", "info")
    cut_short = tuple(
        dataclasses.replace(
            record,
            references=tuple(
                dataclasses.replace(one, is_final=one.name != "boosted_trees")
                for one in record.references
            ),
        )
        for record in full.evaluations
    )
    assert severity(dataclasses.replace(full, evaluations=cut_short)) == ("good_fit", "info")


def test_three_test_rows_put_no_reference_ahead(study: Any, curve: Any, beside: Any) -> None:
    few = {"n_rows": {"train": 600, "valid": 200, "test": 3}}
    losses, lower = {"boosted_trees": 0.4}, {"boosted_trees": 0.2}

    def kind(**rows: Any) -> str:
        records = beside(study(curve(1.0, 0.3), **rows), losses, test_losses=lower)
        return diagnose_trial(records, 0)[0].kind

    assert kind() == "behind_reference"
    assert kind(**few) == "good_fit"


@pytest.mark.parametrize(
    ("lost", "expected"),
    [(0.45, "high_variance"), (0.35, "good_fit")],
)
def test_a_small_rise_asks_for_action_where_the_losses_end_far_apart(
    study: Any, lost: float, expected: str
) -> None:
    """As of large networks on small tables: it takes back 0.2 of its gain."""
    falls = [(1 - 0.09 * i, 1 - 0.08 * i) for i in range(6)]
    lowest = falls[-1][1]
    end = lowest + 0.2 * (1 - lowest)
    last_train = 1 - (1 - end) / (1 - lost)
    apart = [
        (falls[-1][0] + (last_train - falls[-1][0]) * share, lowest + (end - lowest) * share)
        for share in (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)
    ]

    assert kind(study([*falls, *apart])) == expected
