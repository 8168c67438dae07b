"""Advice is in the project's names, can be typed after --set, and fits the trial."""

from __future__ import annotations

from typing import Any

import pytest

from automl.diagnostics.advice import ADVISERS, Situation, advise, change, change_range
from search_spaces import load
from storage.records import StudyRecords, TrialRecord

NOT_IN_SPACES = {"max_epochs", "patience", "n_trials"}


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


def test_an_unknown_kind_has_no_advice(study: Any) -> None:
    assert advise("imbalance", situation(study)) == ()


def test_strong_regularization_is_taken_back_first(study: Any) -> None:
    first = advise("high_bias", situation(study, dropout=0.6, weight_decay=0.1))[0]

    assert changed(first) == {"dropout": "0", "weight_decay": "0"}


def test_without_regularization_a_biased_network_grows(study: Any) -> None:
    first = advise("high_bias", situation(study, hidden_size=16, n_layers=2))[0]

    assert changed(first) == {"hidden_size": "32..128"}


def test_a_biased_network_with_small_steps_takes_larger_ones(study: Any) -> None:
    first = advise("high_bias", situation(study, 1e-5, learning_rate=1e-5))[0]

    assert set(changed(first)) == {"learning_rate"}


def test_variance_is_met_with_dropout_and_weight_decay(study: Any) -> None:
    first = advise("high_variance", situation(study))[0]

    assert set(changed(first)) == {"dropout", "weight_decay"}


def test_larger_steps_aim_at_a_smooth_update_ratio(study: Any) -> None:
    """A ratio of 3e-5 is a hundredth of 3e-3, so the learning rate grows a hundredfold."""
    first = advise("steps_too_small", situation(study, 3e-5, learning_rate=1e-5))[0]

    low, high = (float(end) for end in changed(first)["learning_rate"].split(".."))
    assert (low * high) ** 0.5 == pytest.approx(1e-3, rel=0.01)


def test_smaller_steps_lower_the_learning_rate(study: Any) -> None:
    first = advise("steps_too_large", situation(study, 0.3, learning_rate=1.0))[0]

    low, high = (float(end) for end in changed(first)["learning_rate"].split(".."))
    assert (low * high) ** 0.5 == pytest.approx(0.01, rel=0.01)


def test_a_deep_network_that_vanishes_gets_fewer_layers(study: Any) -> None:
    deep, shallow = (
        changed(advise("vanishing_gradients", situation(study, n_layers=n))[0]) for n in (8, 2)
    )

    assert deep["n_layers"] == "1..3"
    assert "n_layers" not in shallow


@pytest.mark.parametrize(("activation", "start"), [("tanh", "xavier"), ("relu", "he_fan_in")])
def test_random_weights_suit_the_activation(study: Any, activation: str, start: str) -> None:
    first = advise("symmetric_initialization", situation(study, activation=activation))[0]

    assert changed(first) == {"initialization": start}


def test_fixed_values_of_the_space_count_as_the_trials(study: Any) -> None:
    space = {"parameters": {"dropout": {"type": "fixed", "value": 0.7}}}
    records = study(space=space)

    assert Situation(records.settings, TrialRecord(0, "COMPLETE", {})).value("dropout") == 0.7


def test_changes_are_written_as_set_takes_them() -> None:
    assert change("dropout", 0.25).set == "0.25"
    assert change_range("learning_rate", 1e-4, 1e-2).set == "0.0001..0.01"
    assert change_range("hidden_size", 31.6, 1024).set == "32..1024"
