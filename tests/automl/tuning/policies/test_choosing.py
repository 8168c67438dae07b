"""Policies by the names of their modules."""

from __future__ import annotations

import pytest

from automl.errors import ConfigError
from automl.options.search_options import DecisionOptions
from automl.tuning.policies.choosing import check_policy, check_taken, policy_names


def test_every_module_of_the_folder_is_a_policy() -> None:
    names = policy_names()
    assert {"optuna", "promotion"} <= set(names)
    for name in names:
        check_policy(name)


@pytest.mark.parametrize("name", ["asha", "", "policy", "choosing", "os"])
def test_a_wrong_name_is_told_with_those_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match=f"promotion.*, but got {name!r}"):
        check_policy(name)


def test_a_misspelt_name_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigError, match="did you mean 'freeze_thaw'"):
        check_policy("freezethaw")


@pytest.mark.parametrize(
    ("policy", "option", "value", "others"),
    [
        ("freeze_thaw", "sampler", "gp", "optuna or promotion"),
        ("freeze_thaw", "sampler", "tpe", "optuna or promotion"),  # the default is named as well
        ("freeze_thaw", "pruner", "median", "optuna"),
        ("promotion", "pruner", "successive_halving", "optuna"),
        ("promotion", "pruner", "none", "optuna"),
    ],
)
def test_a_sampler_or_pruner_that_decides_nothing_is_refused(
    policy: str, option: str, value: str, others: str
) -> None:
    said = f"but {policy} asks none, and got {option}='{value}'.* the policy {others}$"
    with pytest.raises(ConfigError, match=said):
        check_taken(DecisionOptions(policy=policy, **{option: value}))


@pytest.mark.parametrize(
    "options",
    [
        DecisionOptions(sampler="gp", pruner="median"),
        DecisionOptions(policy="promotion", sampler="random"),
        DecisionOptions(policy="freeze_thaw"),
    ],
)
def test_what_is_asked_or_was_not_chosen_is_taken(options: DecisionOptions) -> None:
    check_taken(options)
