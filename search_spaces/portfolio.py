"""What a search tries first: configurations that did well on many tables, unlike each other.

A family has them in `portfolios/FAMILY.toml`, for classes and for quantities, the best first;
`python -m benchmarks.portfolio` chose them from real runs. In a space that a person has narrowed
each goes to the nearest values that it has, as a trial of an earlier study does.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Final

from search_spaces.hyperparameters import hyperparameter
from search_spaces.mapping import NoCounterpart, mapped
from search_spaces.space import SearchSpace
from storage.records import ParameterValue, Task

Params = Mapping[str, ParameterValue]

KINDS: Final[Mapping[Task, str]] = {
    "binary": "classification",
    "multiclass": "classification",
    "regression": "regression",
}
"""Which of a file's two portfolios a task has."""


@functools.cache
def known_good(family: str) -> Mapping[str, tuple[Params, ...]]:
    """The portfolios of a family by their kind; none where there is no file.

    Raises:
        SearchSpaceError: the file has a name or a value that no hyperparameter has.
    """
    file = resources.files("search_spaces") / "portfolios" / f"{family}.toml"
    if not file.is_file():
        return {}
    found = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        kind: tuple(
            {name: hyperparameter(name).check(value) for name, value in entry.items()}
            for entry in entries
        )
        for kind, entries in found.items()
    }


def portfolio(space: SearchSpace, task: Task) -> tuple[Params, ...]:
    """The configurations that a search of a space tries first, in their order, each once.

    One whose choice the space does not have is left out.
    """
    found: list[Params] = []
    for entry in known_good(space.family).get(KINDS.get(task, ""), ()):
        try:
            params = mapped(entry, space.for_task(task)).params
        except NoCounterpart:
            continue
        if params not in found:
            found.append(params)
    return tuple(found)
