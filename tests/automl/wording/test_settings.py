"""Settings in the words of options."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automl.wording.settings import (
    differing_settings,
    explained,
    parameter_text,
    range_words,
    setting_words,
)
from tests.contracts.synthetic_study import synthetic_study

SETTINGS = synthetic_study(6).settings


def test_options_of_a_study_of_optuna_alone_are_not_known() -> None:
    theirs = replace(SETTINGS, space={"family": "optuna", "parameters": {}}, patience=4, seed=9)
    found = differing_settings([SETTINGS, theirs])
    assert found and not [name for name in found if name.startswith("--")]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"type": "float", "low": 1e-5, "high": 0.1, "log": True}, "1e-05..0.1"),
        ({"type": "int", "low": 1, "high": 5}, "1..5"),
        ({"type": "categorical", "choices": ["adam", "sgd"]}, "adam, sgd"),
        ({"type": "categorical", "choices": ["none", 2.0]}, "none, 2"),
        ({"type": "fixed", "value": 0.01}, "fixed at 0.01"),
    ],
)
def test_a_range_is_told_in_the_words_of_set(entry: dict[str, object], words: str) -> None:
    assert range_words(entry) == words


def test_what_a_parameter_means_comes_before_the_reason_of_its_range() -> None:
    assert explained("residual blocks", "as published") == "residual blocks; as published"
    assert explained(None, "as published") == "as published"
    assert explained("", None) == ""


def test_every_option_has_words_and_every_parameter_too() -> None:
    words = setting_words(replace(SETTINGS, split={"n_folds": 5, "valid_fraction": 0.2}))
    assert words["--folds"] == "5"
    assert (words["--valid"], words["--valid-fraction"]) == ("none", "20 %")
    assert words["--group"] == "none"
    assert words["--class-weights"] == "off"
    assert words["learning_rate"] == "1e-05..0.3"


def test_only_what_differs_is_told() -> None:
    other = replace(
        SETTINGS,
        max_epochs=7,
        epoch_steps="full",
        split={**SETTINGS.split, "group": "customer"},
        space={"parameters": {"dropout": {"type": "fixed", "value": 0.0}}},
    )
    differing = differing_settings((SETTINGS, other))
    assert differing["--group"] == ("none", "customer")
    assert differing["--epoch-steps"] == ("256", "full")
    assert differing["--max-epochs"] == (str(SETTINGS.max_epochs), "7")
    assert differing["optimizer"] == ("sgd, momentum, adam, adamw", "not searched")
    assert "--seed" not in differing
    assert differing_settings((SETTINGS, SETTINGS)) == {}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "none"), (0.00123456, "0.00123"), (16, "16"), (True, "True"), ("adam", "adam")],
)
def test_hyperparameters_are_shown_shortly(value: object, shown: str) -> None:
    assert parameter_text(value) == shown
