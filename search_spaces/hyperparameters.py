"""The registry: every hyperparameter, what it means, which values it can take, its default.

They are told in `training_hyperparameters.py` and, of a family, `mlp_hyperparameters.py`: the one
place of these facts. TOML files, `--set` and spaces written in Python are
checked against it, and so is what a run is configured with (`automl/training/config.py`, whose
defaults are these); verdicts ask it for the hyperparameters of a role. A search space says
which of the possible values are worth trying: see `mlp.toml`. A space of another family
declares hyperparameters of its own: see `declared.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from search_spaces.errors import SearchSpaceError, listed, nearest
from search_spaces.hyperparameter import TRAINING, Hyperparameter
from search_spaces.mlp_hyperparameters import HYPERPARAMETERS_OF_MLP
from search_spaces.training_hyperparameters import HYPERPARAMETERS_OF_TRAINING

HYPERPARAMETERS: Final[Mapping[str, Hyperparameter]] = {
    one.name: one for one in (*HYPERPARAMETERS_OF_TRAINING, *HYPERPARAMETERS_OF_MLP)
}
"""Every hyperparameter by its name; whose own it is says its family."""

REGISTERED_FAMILIES: Final = frozenset(one.family for one in HYPERPARAMETERS.values()) - {TRAINING}
"""Families whose hyperparameters are all here: their spaces declare none of their own."""


def hyperparameter(name: str) -> Hyperparameter:
    """Find a hyperparameter by its name.

    Raises:
        SearchSpaceError: there is none; the message names the nearest.
    """
    if name not in HYPERPARAMETERS:
        raise unknown_name(name, HYPERPARAMETERS)
    return HYPERPARAMETERS[name]


def defaults(family: str) -> dict[str, Any]:
    """The defaults of a family's hyperparameters ("training": of every network's training).

    As fields of a configuration have them: None for "none" and "full".
    """
    return {
        name: one.setting(one.default)
        for name, one in HYPERPARAMETERS.items()
        if one.family == family
    }


def unknown_name(name: str, known: Collection[str]) -> SearchSpaceError:
    """The error that a name is none of the known ones; it names the nearest, or all."""
    hint = nearest(name, known) or f" Known are {listed(known)}."
    return SearchSpaceError(f"There is no hyperparameter {name!r}.{hint}", parameter=name)
