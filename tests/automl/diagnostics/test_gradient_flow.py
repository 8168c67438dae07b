"""Causes of bad curves, from the layers."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from automl.diagnostics import diagnose_trial
from automl.diagnostics.gradient_flow import start_problem

FLAT = [(1.0, 1.0)] * 6
GOOD = [(1 - 0.15 * i, 1 - 0.15 * i) for i in range(6)]


def first(study: Any, curve: Any, layers: Any) -> Any:
    return diagnose_trial(study(curve, layers=[layers]), 0)[0]


def begun_and_ended(study: Any, curve: Any, begun: Any, ended: Any) -> Any:
    """The first verdict on a trial whose layers changed along the way."""
    records = study(curve, layers=[ended])
    return diagnose_trial(dataclasses.replace(records, initial_layers={0: begun}), 0)[0]


def test_small_first_gradients_explain_a_flat_curve(study: Any, layers_of: Any) -> None:
    diagnosis = first(study, FLAT, layers_of([1e-6, 1e-3, 1.0]))

    assert diagnosis.kind == "vanishing_gradients"
    assert "1e-06 times the norm" in diagnosis.message


def test_small_first_gradients_are_no_verdict_where_the_network_learned(
    study: Any, layers_of: Any
) -> None:
    assert first(study, GOOD, layers_of([1e-6, 1e-3, 1.0])).kind == "good_fit"


def test_dead_units_explain_a_flat_curve(study: Any, layers_of: Any) -> None:
    diagnosis = first(study, FLAT, layers_of([1.0, 1.0], dead=0.9))

    assert diagnosis.kind == "dead_units"
    assert "90 % of the units of one layer are zero on every row before" in diagnosis.message


def test_saturated_units_explain_a_flat_curve(study: Any, layers_of: Any) -> None:
    assert first(study, FLAT, layers_of([1.0, 1.0], saturated=0.7)).kind == "saturated_units"


def test_large_gradients_at_the_start_are_exploding(study: Any, layers_of: Any) -> None:
    assert first(study, FLAT, layers_of([1e6, 1.0])).kind == "exploding_gradients"


def test_zero_weights_are_a_verdict_whatever_the_curve(study: Any, layers_of: Any) -> None:
    """Units that begin alike stay alike, even where one unit happens to suffice."""
    layers = layers_of([0.0, 1.0], weight_norm=0.0)

    assert first(study, GOOD, layers).kind == "symmetric_initialization"


def test_a_train_loss_that_is_thrown_up_means_large_steps(study: Any, layers_of: Any) -> None:
    thrown = [(0.8, 0.8), (3.0, 3.0), (0.9, 0.9), (2.5, 2.5), (0.8, 0.8)]

    assert first(study, thrown, layers_of([1.0, 1.0])).kind == "steps_too_large"


def test_large_updates_without_learning_mean_large_steps(study: Any, layers_of: Any) -> None:
    layers = layers_of([1.0, 1.0], update_ratio=0.5)

    assert first(study, FLAT, layers).kind == "steps_too_large"


def test_weights_thrown_at_first_were_thrown_by_large_steps(study: Any, layers_of: Any) -> None:
    """A loss that began at five times the baseline's and crept below it since."""
    crept = [(5.0, 5.0)] + [(0.9 - 0.02 * i, 0.9 - 0.02 * i) for i in range(6)]
    records = study(crept, layers=[layers_of([1.0, 1.0], weight_norm=20.0)])
    begun = {0: layers_of([1.0, 1.0], weight_norm=1.0)}

    (diagnosis, *_) = diagnose_trial(dataclasses.replace(records, initial_layers=begun), 0)

    assert diagnosis.kind == "steps_too_large"


def test_gradients_gone_without_learning_were_lost_to_large_steps(
    study: Any, layers_of: Any
) -> None:
    """SiLU has no dead units to count, and its steps are small since nothing is left of them."""
    ended = layers_of([1e-12, 1e-12], update_ratio=2e-5, weight_norm=2.8)

    diagnosis = begun_and_ended(study, FLAT, layers_of([0.5, 0.6]), ended)

    assert diagnosis.kind == "steps_too_large"
    assert "the largest gradient norm of a layer was 1.7e-12 times" in diagnosis.message
    assert diagnosis.advice[0].text.startswith("Lower the learning rate")


def test_weights_that_shrank_to_nothing_took_steps_of_no_wrong_size(
    study: Any, layers_of: Any
) -> None:
    """A strong penalty puts a network out, too."""
    ended = layers_of([1e-9, 1e-9], update_ratio=2e-5, weight_norm=1e-3)

    diagnosis = begun_and_ended(study, FLAT, layers_of([0.5, 0.6]), ended)

    assert diagnosis.kind == "not_learning"


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ({"dead": 0.9}, "90 % of the units of one layer died on the way"),
        ({"saturated": 0.7}, "70 % of the activations of one layer ended at the flat ends"),
    ],
)
def test_units_lost_on_the_way_were_lost_to_large_steps(
    study: Any, layers_of: Any, lost: dict[str, float], words: str
) -> None:
    """And not to small ones, although dead units take none."""
    ended = layers_of([0.5, 0.6], update_ratio=1e-6, **lost)

    diagnosis = begun_and_ended(study, FLAT, layers_of([0.5, 0.6]), ended)

    assert diagnosis.kind == "steps_too_large"
    assert words in diagnosis.message


def test_small_steps_that_led_nowhere_are_not_said_to_have_lowered_the_loss(
    study: Any, layers_of: Any
) -> None:
    diagnosis = first(study, FLAT, layers_of([1.0, 1.0], update_ratio=1e-5))

    assert diagnosis.kind == "steps_too_small"
    assert diagnosis.message == (
        "Steps too small: in trial 0, a typical step changed the weights by 0.001 %, too little "
        "to get anywhere in 6 epochs."
    )


def test_a_good_fit_may_jump_about_its_floor(study: Any, layers_of: Any) -> None:
    losses = [0.5, *[0.2, 0.21] * 6]
    jumping = [(loss, loss) for loss in losses]

    assert first(study, jumping, layers_of([1.0, 1.0], update_ratio=0.05)).kind == "good_fit"


def test_a_diverged_trial_took_large_steps(study: Any, layers_of: Any, epoch_of: Any) -> None:
    records = study(GOOD, layers=[layers_of([1.0, 1.0])])
    broken = epoch_of(0, 7, math.inf, math.inf)
    records = dataclasses.replace(records, epochs={0: (*records.epochs[0], broken)})

    kinds = [diagnosis.kind for diagnosis in diagnose_trial(records, 0)]

    assert kinds[:2] == ["steps_too_large", "diverged"]


def test_tiny_updates_on_a_falling_curve_mean_small_steps(study: Any, layers_of: Any) -> None:
    crawl = [(1.0 - 0.01 * i, 1.0 - 0.01 * i) for i in range(20)]

    diagnosis = first(study, crawl, layers_of([1.0, 1.0], update_ratio=1e-5))

    assert diagnosis.kind == "steps_too_small"
    assert diagnosis.advice[0].changes[0].parameter == "learning_rate"


def test_zero_initialization_is_named_without_a_look_before_the_first_epoch(
    study: Any, layers_of: Any
) -> None:
    """After an epoch the weights are no longer zero, and ReLU units are dead."""
    records = study(
        FLAT,
        params=[{"initialization": "zeros", "n_layers": 2}],
        layers=[layers_of([0.0, 1.0], dead=1.0)],
    )

    first, *_ = diagnose_trial(dataclasses.replace(records, initial_layers={}), 0)

    assert first.kind == "symmetric_initialization"
    assert "before the first step" not in first.message


def test_what_was_seen_after_an_epoch_is_not_said_of_the_start(study: Any, layers_of: Any) -> None:
    records = study(FLAT, layers=[layers_of([1e-6, 1.0])])

    first, *_ = diagnose_trial(dataclasses.replace(records, initial_layers={}), 0)

    assert first.kind == "vanishing_gradients"
    assert "after the first epoch" in first.message


def test_a_collapse_that_early_stopping_hides_is_of_large_steps(
    study: Any, layers_of: Any
) -> None:
    """The kept epoch is the second; the fit of such a curve is not praised."""
    collapse = [(0.6, 0.6), (0.3, 0.3), *[(0.8, 0.8)] * 10]
    ended = layers_of([1.0, 1.0], saturated=0.9)

    kinds = [one.kind for one in diagnose_trial(study(collapse, layers=[ended]), 0)]

    assert kinds[:2] == ["steps_too_large", "too_little_evidence"]


def test_a_network_thrown_off_after_its_first_epoch_is_of_large_steps(
    study: Any, layers_of: Any, beside: Any
) -> None:
    """It learned too little to be good; a learning rate of 0.09 with Adam did so."""
    thrown = [(0.8, 0.8), *[(1.0 + 0.01 * (i % 2), 1.0) for i in range(5)]]
    records = study(thrown, layers=[layers_of([1.0, 1.0], update_ratio=2e-7)])

    first, second, *_ = diagnose_trial(beside(records, {"boosted_trees": 0.3}), 0)

    assert (first.kind, second.kind) == ("steps_too_large", "high_bias")


def test_an_overfitting_network_is_not_told_to_take_larger_steps(
    study: Any, layers_of: Any
) -> None:
    """Its validation loss rises since epoch 8, while slow steps lower its train loss on."""
    overfits = [(0.9 - 0.03 * i, 0.92 - 0.01 * i) for i in range(8)]
    overfits += [(0.69 - 0.03 * i, 0.85 + 0.03 * i) for i in range(12)]

    first, *_ = diagnose_trial(
        study(overfits, layers=[layers_of([1.0, 1.0], update_ratio=1e-4)]), 0
    )

    assert first.kind == "high_variance"
    assert first.advice[0].text.startswith("Regularize more")


def test_one_dead_unit_of_one_is_a_layer_too_narrow(
    study: Any, layers_of: Any, beside: Any
) -> None:
    records = study(
        [(0.9 - 0.05 * i, 0.9 - 0.05 * i) for i in range(8)],
        params=[{"hidden_size": 1}],
        layers=[layers_of([1.0, 1.0], dead=1.0)],
    )
    records = dataclasses.replace(records, initial_layers={0: layers_of([1.0, 1.0])})

    assert diagnose_trial(beside(records, {"boosted_trees": 0.1}), 0)[0].kind == "high_bias"


def test_start_problem_looks_at_the_start_alone(layers_of: Any) -> None:
    assert start_problem(layers_of([1e-6, 1.0])) == "vanishing_gradients"
    assert start_problem(layers_of([0.5, 1.0])) is None
    assert start_problem(()) is None


@pytest.mark.parametrize(("best", "is_collapse"), [(4, True), (7, False)])
def test_only_a_collapse_after_few_epochs_hides_large_steps(
    study: Any, layers_of: Any, best: int, is_collapse: bool
) -> None:
    """Of the network whose best epoch came later, its fit is told."""
    falls = [(0.6 - 0.3 * i / (best - 1), 0.6 - 0.3 * i / (best - 1)) for i in range(best)]
    records = study([*falls, *[(0.8, 0.8)] * 10], layers=[layers_of([1.0, 1.0], saturated=0.9)])
    begun = dataclasses.replace(records, initial_layers={0: layers_of([1.0, 1.0])})

    kinds = {one.kind for one in diagnose_trial(begun, 0)}

    assert ("steps_too_large" in kinds) == is_collapse


@pytest.mark.parametrize(
    ("end", "is_thrown"),
    [(0.77, True), (0.73, False)],
)
def test_a_network_that_learned_much_was_not_thrown(
    study: Any, layers_of: Any, end: float, is_thrown: bool
) -> None:
    """Its loss began at forty times the baseline's; nothing else is wrong with its fit."""
    crept = [(40.0, 40.0), (2.0, 2.0), *[(end, end)] * 8]

    kinds = {one.kind for one in diagnose_trial(study(crept, layers=[layers_of([1.0, 1.0])]), 0)}

    assert ("steps_too_large" in kinds) == is_thrown
