"""Hyperparameters that a space declares: those of a person's own network, beside training's.

A table of a name that the registry does not know is one of them if it has a `meaning`; its
`role`, where it has one, lets verdicts speak of it, and its `useful` says how far a range may
grow (`--widen`). A registered name of another family
(`hidden_size`) needs no meaning: it keeps the registry's, with the values that it can have. The
families that the registry knows read their own names only, so that their spaces declare none.
A person's own objective has names of its own alone, with or without a meaning; one that the
registry has too (`learning_rate`) brings its role along, and nothing else.
Tables are those of TOML files and of stored studies, so that reports read them without Optuna.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from search_spaces.errors import SearchSpaceError, listed, nearest
from search_spaces.hyperparameter import ROLES, TRAINING, Hyperparameter, Role
from search_spaces.hyperparameters import HYPERPARAMETERS, REGISTERED_FAMILIES, unknown_name
from search_spaces.intervals import Numbers, is_number

DEFAULT_FAMILY: Final = "mlp"

OWN_FAMILY: Final = "own"
"""The family of networks that a person's function builds."""

OBJECTIVE_FAMILY: Final = "objective"
"""What a space for a person's own objective says in the place of a family of networks."""

FOREIGN_FAMILY: Final = "optuna"
"""What the space of a study says that was made with Optuna alone: its names are anybody's."""

MODEL: Final = "model"
"""The fixed parameter of such a space that says which function: "my_file.py:build"."""

MOST_LETTERS: Final = 60
"""Of a parameter's name, which stands in tables, figures and `--set NAME=VALUE`."""

_FAMILY = re.compile(r"[A-Za-z_]\w*|[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


def hyperparameters_of(
    family: str, tables: Mapping[str, Mapping[str, Any]]
) -> dict[str, Hyperparameter]:
    """All that networks of a family have: training's, its own, and those that tables declare.

    Args:
        tables: of a search space, by name. Unknown names without a meaning are left out.
    """
    if family in (OBJECTIVE_FAMILY, FOREIGN_FAMILY):
        return {name: _declared(name, table, family) for name, table in tables.items()}
    known = {
        name: one for name, one in HYPERPARAMETERS.items() if one.family in (TRAINING, family)
    }
    for name, table in tables.items():
        if name in known:
            continue
        registered = HYPERPARAMETERS.get(name)
        if table.get("meaning"):
            known[name] = _declared(name, table, family)
        elif registered and family not in REGISTERED_FAMILIES:
            known[name] = replace(registered, family=family)
    return known


def check_name(
    name: str, table: Mapping[str, Any], family: str, known: Mapping[str, Hyperparameter]
) -> None:
    """Check that a space of a family can have a parameter of this name.

    Raises:
        SearchSpaceError: nobody would read it, or its meaning stands in the registry.
    """
    registered = HYPERPARAMETERS.get(name)
    is_of_objective = family == OBJECTIVE_FAMILY
    is_own = bool(table.get("meaning")) or is_of_objective
    if is_own and registered and registered.family in (TRAINING, family) and not is_of_objective:
        whose = "training" if registered.family == TRAINING else f"the {family}"
        raise SearchSpaceError(
            f"{name} is a hyperparameter of {whose} and means: {registered.meaning}. Leave its "
            f"`meaning` out, or give yours another name.",
            parameter=name,
            key="meaning",
        )
    if is_own and family in REGISTERED_FAMILIES:
        raise SearchSpaceError(
            f"The {family} would not read {name}: parameters with a `meaning` are those of a "
            f"network of your own. Say which above all tables, as in "
            f'family = "own".{nearest(name, [each for each in known if each != name])}',
            parameter=name,
            key="meaning",
        )
    if is_own and not (name.isidentifier() and len(name) <= MOST_LETTERS):
        raise SearchSpaceError(
            f"The name of a parameter of your own must be a word of at most {MOST_LETTERS} "
            f"letters, digits and underscores, as n_blocks, but got {name[: MOST_LETTERS + 1]!r}.",
            parameter=name,
        )
    if table.get("role"):
        _check_role(name, table["role"], is_own)
    if table.get("useful") and not is_own:
        raise SearchSpaceError(
            f"`useful` is for parameters of your own, but what is useful of {name} is known: "
            f"leave it out.",
            parameter=name,
            key="useful",
        )
    if name not in known:
        error = unknown_name(name, known)
        raise SearchSpaceError(
            f"{error} A parameter of your own network has a `meaning`, as in "
            f'meaning = "number of residual blocks".',
            parameter=name,
        )


def family_of(space: Mapping[str, Any]) -> str:
    """The family of a stored space, that is of `SearchSpace.to_dict`."""
    return str(space.get("family", DEFAULT_FAMILY))


def is_foreign(space: Mapping[str, Any]) -> bool:
    """Whether a stored space is that of a study that was made with Optuna alone."""
    return family_of(space) == FOREIGN_FAMILY


def model_of(space: Mapping[str, Any]) -> str | None:
    """Who builds the networks of a stored space, in words; None for families that build theirs."""
    table = space.get("parameters", {}).get(MODEL)
    if table is None or family_of(space) != OWN_FAMILY:
        return None
    return str(table.get("value"))


def check_family(family: object) -> str:
    """Return the name of a family.

    Raises:
        SearchSpaceError: it is neither a plain name nor where to find one.
    """
    if isinstance(family, str) and _FAMILY.fullmatch(family):
        return family
    raise SearchSpaceError(
        f'`family` must be a name, as "mlp" or "own", or where to find it, as '
        f'"package.module:NAME", but got {family!r}.',
        parameter="family",
    )


def _check_role(name: str, role: object, is_own: bool) -> None:
    if not is_own:
        raise SearchSpaceError(
            f"`role` is for parameters of your own network, but {name} has no `meaning`.",
            parameter=name,
            key="role",
        )
    if _role_of(role) is None:
        names = [one for one, known in HYPERPARAMETERS.items() if known.role]
        raise SearchSpaceError(
            f"`role` of {name} must be one of {listed(ROLES)}, or the name of a built-in "
            f"hyperparameter that has one, but got {role!r}."
            f"{nearest(str(role), [*ROLES, *names])}",
            parameter=name,
            key="role",
        )


def _role_of(said: object) -> Role | None:
    """A role, said as such or by a built-in hyperparameter that has it; None: neither."""
    if not isinstance(said, str):
        return None
    registered = HYPERPARAMETERS.get(said)
    roles: dict[str, Role] = {role: role for role in ROLES}
    return roles.get(said) or (registered.role if registered else None)


def _declared(name: str, table: Mapping[str, Any], family: str) -> Hyperparameter:
    """What the values of a table say of those that are possible: of what kind they are."""
    registered = HYPERPARAMETERS.get(name)
    values = [table[key] for key in ("low", "high", "value") if key in table]
    values += table.get("choices") or ()
    numbers = [value for value in values if is_number(value)]
    is_whole = table.get("type") != "float" and all(isinstance(one, int) for one in numbers)
    return Hyperparameter(
        name,
        str(table.get("meaning", "")),
        words=tuple(value for value in values if isinstance(value, str | bool)),
        numbers=Numbers(whole=is_whole) if numbers else None,
        log=bool(table.get("log")),
        useful=tuple(table.get("useful") or (-math.inf, math.inf)),
        role=_role_of(table.get("role")) or (registered.role if registered else None),
        family=family,
    )
