"""Advice is in the project's names, can be typed after --set, and fits the trial."""

from __future__ import annotations

from typing import Any

import pytest

from automl.diagnostics.advice import ADVISERS, advise
from automl.diagnostics.situation import Situation
from search_spaces import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    SearchSpace,
    load,
)
from storage.records import StudyRecords, TrialRecord

NOT_IN_SPACES = {"max_epochs", "patience", "n_trials", "folds", "loss"}


def situation(study: Any, update_ratio: float | None = None, **params: Any) -> Situation:
    records: StudyRecords = study()
    return Situation(records.settings, TrialRecord(0, "COMPLETE", params, 0.1), update_ratio)


def changed(advice: Any) -> dict[str, str]:
    return {one.parameter: one.set for one in advice.changes}


@pytest.mark.parametrize("kind", sorted(ADVISERS))
def test_all_advice_can_be_set_in_a_search_space(study: Any, kind: str) -> None:
    """What is advised is what `automl search --set` accepts."""
    params = {"learning_rate": 0.003, "hidden_size": 64, "n_layers": 6, "activation": "sigmoid"}
    space = load("mlp").for_task("multiclass")

    for advice in advise(kind, situation(study, 1e-4, **params)):
        texts = [
            f"{c.parameter}={c.set}" for c in advice.changes if c.parameter not in NOT_IN_SPACES
        ]
        space.narrow(texts)
        assert advice.text.endswith((".", "help."))


OWN = SearchSpace.of(
    "mine",
    [
        FloatParameter("learning_rate", 1e-4, 1e-1, log=True),
        IntParameter("channels", 4, 64, meaning="of the first convolution", role="width"),
        IntParameter("blocks", 1, 8, meaning="residual blocks", role="depth"),
        CategoricalParameter("act", ("relu", "gelu"), meaning="between them", role="activation"),
    ],
    family="own",
)


@pytest.mark.parametrize("kind", sorted(ADVISERS))
def test_advice_for_an_own_network_names_what_it_has_or_says_it_in_words(
    study: Any, kind: str
) -> None:
    settings = study(space=OWN.to_dict()).settings
    trial = TrialRecord(0, "COMPLETE", {"channels": 16, "blocks": 6, "act": "gelu"}, 0.1)
    for advice in advise(kind, Situation(settings, trial, 1e-4)):
        changes = [one for one in advice.changes if one.parameter not in NOT_IN_SPACES]
        OWN.narrow([f"{one.parameter}={one.set}" for one in changes])  # refuses what it has not
        assert advice.text


def test_advice_asks_for_a_role(study: Any) -> None:
    settings = study(space=OWN.to_dict()).settings
    trial = TrialRecord(0, "COMPLETE", {"channels": 16, "blocks": 6, "act": "gelu"}, 0.1)
    own = Situation(settings, trial)

    assert changed(advise("high_bias", own)[0]) == {"channels": "32..128"}
    assert changed(advise("vanishing_gradients", own)[0]) == {"act": "relu", "blocks": "1..3"}
    assert changed(advise("dead_units", own)[0]) == {"channels": "16..64"}  # no leaky ReLU here


def test_a_network_of_which_nothing_is_known_gets_words(study: Any) -> None:
    space = SearchSpace.of("bare", [FixedParameter("learning_rate", 0.01)], family="own")
    bare = Situation(study(space=space.to_dict()).settings, TrialRecord(0, "COMPLETE", {}, 0.1))

    first = advise("high_bias", bare)[0]
    assert (first.text, first.changes) == (
        "Use a larger network: wider layers first, then more of them.",
        (),
    )
    assert not bare.is_tiny


def test_an_unknown_kind_has_no_advice(study: Any) -> None:
    assert advise("imbalance", situation(study)) == ()


def test_strong_regularization_is_taken_back_first(study: Any) -> None:
    first = advise("high_bias", situation(study, dropout=0.6, weight_decay=0.1))[0]

    assert changed(first) == {"dropout": "0..0.2", "weight_decay": "1e-06..0.001"}


def test_without_regularization_a_biased_network_grows(study: Any) -> None:
    first = advise("high_bias", situation(study, hidden_size=16, n_layers=2))[0]

    assert changed(first) == {"hidden_size": "32..128"}


def test_a_biased_network_with_small_steps_takes_larger_ones(study: Any) -> None:
    first = advise("high_bias", situation(study, 1e-5, learning_rate=1e-5))[0]

    assert set(changed(first)) == {"learning_rate"}


def test_variance_is_met_with_dropout_and_weight_decay(study: Any) -> None:
    first = advise("high_variance", situation(study))[0]

    assert set(changed(first)) == {"dropout", "weight_decay"}


def test_a_deep_network_that_vanishes_gets_fewer_layers(study: Any) -> None:
    deep, shallow = (
        changed(advise("vanishing_gradients", situation(study, n_layers=n, activation="tanh"))[0])
        for n in (8, 2)
    )

    assert deep["n_layers"] == "1..3"
    assert "n_layers" not in shallow


@pytest.mark.parametrize(("activation", "start"), [("tanh", "xavier"), ("relu", "he_fan_in")])
def test_random_weights_suit_the_activation(study: Any, activation: str, start: str) -> None:
    first = advise(
        "symmetric_initialization", situation(study, activation=activation, initialization="zeros")
    )[0]

    assert changed(first) == {"initialization": start}


def test_what_the_trial_already_has_is_not_advised(study: Any) -> None:
    has_it = {"activation": "relu", "initialization": "he_fan_in", "normalization": "batch_norm"}

    before, after = (
        [changed(one) for one in advise("saturated_units", situation(study, **params))]
        for params in ({"activation": "tanh", "initialization": "xavier"}, has_it)
    )

    assert [set(one) for one in before] == [
        {"activation", "initialization"},
        {"normalization"},
        {"learning_rate"},
    ]
    assert [set(one) for one in after] == [{"learning_rate"}]


def test_a_network_that_does_not_learn_starts_afresh_before_its_rate_is_changed(
    study: Any,
) -> None:
    params = {"activation": "silu", "learning_rate": 0.0448}

    advice = advise("not_learning", situation(study, 2e-5, **params))

    assert [next(iter(changed(one))) for one in advice] == ["activation", "learning_rate"]


def test_vanishing_at_a_rate_that_relu_does_not_take_lowers_it_with_the_fresh_start(
    study: Any,
) -> None:
    params = {"activation": "sigmoid", "optimizer": "adam"}

    high, low = (
        advise("vanishing_gradients", situation(study, learning_rate=rate, **params))[0]
        for rate in (0.1, 0.005)
    )

    assert changed(high)["learning_rate"] == "0.001..0.01"
    assert high.text.endswith("With adam it takes learning rates up to 0.01.")
    assert "learning_rate" not in changed(low)
