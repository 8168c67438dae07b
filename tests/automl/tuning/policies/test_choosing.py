"""Policies by the names of their modules."""

from __future__ import annotations

import pytest

from automl.errors import ConfigError
from automl.tuning.policies.choosing import check_policy, policy_names


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
