"""One value of one network stands for what an advice proposes of the space."""

from __future__ import annotations

import pytest

from automl.investigation.advised_changes import advised_change, advised_value
from search_spaces import load
from storage.records import Advice, SpaceChange

SPACE = (
    load("mlp")
    .for_task("regression")
    .narrow(["optimizer=adam", "learning_rate=1e-5..1e-3", "hidden_size=4..64", "batch_size=32"])
)


def test_a_fixed_value_stands_for_itself() -> None:
    assert advised_value(SpaceChange("dropout", "0.25"), SPACE) == 0.25


def test_a_choice_stands_for_its_first() -> None:
    assert advised_value(SpaceChange("activation", "tanh,relu"), SPACE) == "tanh"


def test_a_log_range_stands_for_its_geometric_middle() -> None:
    value = advised_value(SpaceChange("learning_rate", "1e-5..1e-3"), SPACE)

    assert value == pytest.approx(1e-4)


def test_a_widened_range_stands_for_the_middle_of_its_new_part() -> None:
    value = advised_value(SpaceChange("learning_rate", "1e-5..1e-1"), SPACE)

    assert value == pytest.approx(1e-2)


@pytest.mark.parametrize(
    ("parameter", "new", "current", "value"),
    [
        ("learning_rate", "1e-7..1e-3", 1e-4, 1e-6),  # 1e-7..1e-5 is new
        ("learning_rate", "1e-7..1e-1", 9e-4, 1e-2),  # at both ends: the trial's
        ("learning_rate", "1e-7..1e-1", 2e-5, 1e-6),
        ("hidden_size", "4..65", 16, 65),  # whole numbers: 65 alone is new
        ("hidden_size", "3..64", 16, 3),
        ("hidden_size", "2..6", 16, 2),  # 2 to 3 is new
        ("activation", "relu,maxout", "relu", "maxout"),
    ],
)
def test_a_range_is_tried_where_it_is_new(
    parameter: str, new: str, current: float | str, value: float | str
) -> None:
    tried = advised_value(SpaceChange(parameter, new), SPACE, current)

    assert tried == (pytest.approx(value) if isinstance(value, float) else value)


def test_a_range_without_anything_new_is_tried_in_its_middle_unless_the_trial_is_there() -> None:
    narrower = SpaceChange("learning_rate", "1e-4..1e-3")

    assert advised_value(narrower, SPACE, 1e-5) == pytest.approx(3.16e-4)
    assert advised_value(narrower, SPACE, 1e-4) == pytest.approx(3.16e-4)
    assert advised_value(narrower, SPACE, 3e-4) is None


def test_what_no_hyperparameter_can_be_is_left_out() -> None:
    assert advised_value(SpaceChange("activation", "swish-7"), SPACE) is None


def test_a_change_of_the_search_alone_cannot_be_tried() -> None:
    changes = {"max_epochs": "100", "n_trials": "60", "folds": "5", "loss": "huber"}
    changes["class_weights"] = "true"
    advice = Advice("", tuple(SpaceChange(*change) for change in changes.items()))

    assert advised_change("too_few_trials", advice, {}, SPACE) is None


def test_a_change_to_what_the_trial_has_is_none() -> None:
    advice = Advice("", (SpaceChange("activation", "relu"),))

    assert advised_change("", advice, {"activation": "relu"}, SPACE) is None
