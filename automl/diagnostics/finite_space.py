"""Whether a search has tried all that there is to try: few choices, and no range of real numbers.

Then no further trial can be better, and nothing is to be said of trials that are few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from automl.diagnostics.situation import space_parameters
from search_spaces import (
    CategoricalParameter,
    FixedParameter,
    IntParameter,
    Parameter,
    SearchSpace,
)
from search_spaces.declared import is_foreign
from search_spaces.errors import SearchSpaceError
from storage.records import Json, ParameterValue, StudyRecords


def is_exhausted(records: StudyRecords) -> bool:
    """Whether every combination of values that the study's space has was tried by a trial."""
    if is_foreign(records.space) or not records.trials:
        return False
    entries = space_parameters(replace(records.settings, space=records.space)).values()
    if not entries or any(_is_real(entry) and not entry.get("when") for entry in entries):
        return False  # as nearly all have one: nothing more need be looked at
    try:
        space = SearchSpace.from_dict({"name": "", **records.space})
    except SearchSpaceError:  # of a version with other hyperparameters
        return False
    if any(
        _is_real(one.to_dict()) and space.is_reachable(name)
        for name, one in space.parameters.items()
    ):
        return False
    tried = {
        frozenset(space.complete(trial.params).items())
        for trial in records.trials
        if trial.outcome not in ("unfinished", "paused")
    }
    first = [*islice(_combinations(space), len(tried) + 1)]
    return all(frozenset(one.items()) in tried for one in first)


def _is_real(entry: Mapping[str, Json]) -> bool:
    """Whether a parameter, as a table, is a range of real numbers."""
    return entry.get("type") == "float"


def _values(parameter: Parameter) -> Sequence[ParameterValue]:
    """All that it can be."""
    if isinstance(parameter, FixedParameter):
        return (parameter.value,)
    if isinstance(parameter, CategoricalParameter):
        return parameter.choices
    assert isinstance(parameter, IntParameter)
    return range(parameter.low, parameter.high + 1)


def _combinations(space: SearchSpace) -> Iterator[dict[str, ParameterValue]]:
    """Every combination once, without parameters whose condition does not hold."""
    parameters = tuple(space.parameters.values())

    def walk(params: dict[str, ParameterValue], place: int) -> Iterator[dict[str, ParameterValue]]:
        if place == len(parameters):
            yield params
            return
        parameter = parameters[place]
        if not parameter.is_active(params):
            yield from walk(params, place + 1)
            return
        for value in _values(parameter):
            yield from walk({**params, parameter.name: value}, place + 1)

    return walk({}, 0)
