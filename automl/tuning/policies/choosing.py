"""Policies by name: the name of a policy is that of its module in this folder."""

from __future__ import annotations

import importlib
import pkgutil

import optuna

from automl.errors import ConfigError, did_you_mean
from automl.options.search_options import PolicyOptions
from automl.tuning import policies
from automl.tuning.policies.policy import Policy
from automl.tuning.problem import Problem

NO_POLICIES = frozenset({"policy", "choosing"})  # other modules of the folder


def policy_names() -> list[str]:
    """The policies that there are."""
    found = {module.name for module in pkgutil.iter_modules(policies.__path__)}
    return sorted(found - NO_POLICIES)


def check_policy(name: str) -> None:
    """Tell a wrong name.

    Raises:
        ConfigError: there is no policy of that name.
    """
    if name not in policy_names():
        names = ", ".join(policy_names())
        hint = did_you_mean(name, policy_names())
        raise ConfigError(f"The policy must be one of {names}, but got {name!r}{hint}")


def make_policy(study: optuna.Study, problem: Problem, options: PolicyOptions) -> Policy:
    """The policy that the options name, for one call of a search.

    Raises:
        ConfigError: there is no policy of that name.
    """
    check_policy(options.policy)
    module = importlib.import_module(f"automl.tuning.policies.{options.policy}")
    policy: Policy = module.make_policy(study, problem, options)
    return policy
