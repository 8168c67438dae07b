"""The search space of a call, as its options say: which space, whose network, what is narrowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import search_spaces
from automl.errors import ConfigError
from automl.models.own.builders import known, remember
from automl.models.own.reference import reference_of
from automl.options.search_options import StudyOptions
from automl.system.import_paths import imported
from automl.wording.option_names import named
from search_spaces import FixedParameter, SearchSpace
from search_spaces.declared import (
    DEFAULT_FAMILY,
    MODEL,
    OBJECTIVE_FAMILY,
    OWN_FAMILY,
    model_of,
)
from search_spaces.mappings import objective_space
from storage.records import Task

MEANING = "the function that builds the network"


def chosen_space(options: StudyOptions) -> SearchSpace:
    """The space that is named, of the family that a person's own network needs if there is one.

    Their function is remembered, so that this process may build networks by it.

    Raises:
        ConfigError: the space and the network do not fit together, or there is no such function.
        SearchSpaceError: there is no such space.
    """
    given = options.space
    is_default = given == DEFAULT_FAMILY
    if options.model is not None and is_default:
        given = OWN_FAMILY
    space = given if isinstance(given, SearchSpace) else _named(str(given))
    if options.model is None:
        return _without_model(space)
    if space.family != OWN_FAMILY:
        raise ConfigError(
            f'a space for a network of your own says family = "{OWN_FAMILY}" above its tables, '
            f"but {space.name} is for {space.family}; add that line, or leave {named('space')} out"
        )
    table = space.parameters.get(MODEL)
    if table is not None and table.meaning != MEANING:
        raise ConfigError(
            f"a parameter of your own may have any name but {MODEL}, which says who builds the "
            f"network; rename it in {space.name}"
        )
    reference = reference_of(options.model)
    remember(reference)
    fixed = FixedParameter(MODEL, reference.words, meaning=MEANING)
    return replace(space, parameters={**space.parameters, MODEL: fixed})


def space_of_objective(given: Any) -> SearchSpace:
    """The space that a person gives for their own objective.

    Args:
        given: a `SearchSpace`, a mapping from names to ranges, or a TOML file.

    Raises:
        ConfigError: it is something else, or a space for networks.
        SearchSpaceError: it has a name or a value that cannot be.
    """
    if isinstance(given, Mapping):
        return objective_space(given)
    if isinstance(given, str | Path):
        given = search_spaces.load(given, OBJECTIVE_FAMILY)
    if not isinstance(given, SearchSpace):
        raise ConfigError(
            "a space must be a mapping from names to ranges, a TOML file or a SearchSpace, but "
            f"got {type(given).__name__}"
        )
    if given.family != OBJECTIVE_FAMILY:
        raise ConfigError(
            f'a space for an objective says family = "{OBJECTIVE_FAMILY}" or nothing above its '
            f"tables, but {given.name} is for {given.family}"
        )
    return given


def narrowed(space: SearchSpace, options: StudyOptions, task: Task) -> SearchSpace:
    """What the space has for a task, with what a person has set of it."""
    return space.for_task(task).narrow(list(options.set))


def model_versions(space: SearchSpace) -> dict[str, str]:
    """The digest of the builder's code by its words, beside the versions of packages."""
    words = model_of(space.to_dict())
    return {} if words is None else {words: known(words).digest}


def _named(given: str) -> SearchSpace:
    """A space that a person names now, so that the code of its family may be imported."""
    space = search_spaces.load(given)
    if ":" in space.family:
        imported(space.family, {}, "family")
    return space


def _without_model(space: SearchSpace) -> SearchSpace:
    """A space for which no model was given now: a family of the product, or one given before."""
    if space.family != OWN_FAMILY:
        return space
    words = model_of(space.to_dict())
    if words is None:
        raise ConfigError(
            f"the space {space.name} is for a network of your own, so that it needs one; give "
            f"{named('model', 'my_file.py:build')}"
        )
    known(words)
    return space
