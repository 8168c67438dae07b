"""Policies by name: the name of a policy is that of its module in this folder."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import optuna

from automl.errors import ConfigError, did_you_mean
from automl.options.search_options import DecisionOptions, PolicyOptions
from automl.tuning import policies
from automl.tuning.policies.policy import Policy
from automl.tuning.problem import Problem
from automl.wording.counts import listing

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


def check_taken(options: DecisionOptions) -> None:
    """Refuse a sampler or a pruner that the policy has no use for.

    Raises:
        ConfigError: one was named that decides nothing, the default one as well, or there is no
            policy of that name.
    """
    policy = options.deciders.policy
    check_policy(policy)
    for name in ("sampler", "pruner"):
        value = getattr(options, name)
        if value is None or name in _taken(policy):
            continue
        takers = listing([each for each in policy_names() if name in _taken(each)], "or")
        raise ConfigError(
            f"a {name} must be one that the policy asks, but {policy} asks none, and got "
            f"{name}={value!r}: leave it out, or choose the policy {takers}"
        )


def _taken(policy: str) -> frozenset[str]:
    """Which of sampler and pruner a policy asks: what its module says."""
    taken: frozenset[str] = _module(policy).TAKES
    return taken


def _module(policy: str) -> ModuleType:
    return importlib.import_module(f"automl.tuning.policies.{policy}")


def make_policy(study: optuna.Study, problem: Problem, options: PolicyOptions) -> Policy:
    """The policy that the options name, for one call of a search.

    Raises:
        ConfigError: there is no policy of that name.
    """
    name = options.deciders.policy
    check_policy(name)
    policy: Policy = _module(name).make_policy(study, problem, options)
    return policy
