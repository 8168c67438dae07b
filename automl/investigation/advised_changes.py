"""An advice as a configuration to try: which value stands for a change of the space.

A change proposes a value, choices or a range; one network has one value. It is one that the
search could not have, where there is any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl.tuning.planned_runs import Params
from automl.wording.settings import value_text
from search_spaces import SearchSpace, SearchSpaceError
from search_spaces.parameters import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
)
from storage.records import Advice, ParameterValue, SpaceChange

SAME_PLACE = 0.1
"""A value so near a range's middle, as a share of its width, is what the range stands for."""


@dataclass(frozen=True, slots=True)
class AdvisedChange:
    """One advice as a configuration to try."""

    label: str  # "hidden_size=128, dropout=0.2"
    kind: str  # of the diagnosis that advised it
    advice: Advice
    params: Params  # complete
    changed: Params  # what differs


def advised_change(
    kind: str, advice: Advice, params: Params, space: SearchSpace
) -> AdvisedChange | None:
    """The configuration that an advice leads to; None where it changes nothing that trains.

    Changes of the search ("folds", "max_epochs") are none of a configuration: they cannot be
    tried at equal epochs, or by the same loss on the same rows.
    """
    changed: dict[str, ParameterValue] = {}
    for change in advice.changes:
        value = advised_value(change, space, params.get(change.parameter))
        if value is not None and value != params.get(change.parameter):
            changed[change.parameter] = value
    if not changed:
        return None
    words = [f"{name}={value_text(value)}" for name, value in changed.items()]
    return AdvisedChange(", ".join(words), kind, advice, {**params, **changed}, changed)


def advised_value(
    change: SpaceChange, space: SearchSpace, current: ParameterValue = None
) -> ParameterValue:
    """The value that stands for a change: one that the search could not have, if there is any.

    Of choices it is the first new one, or the first; of a range the middle of the part that is
    new, or of the whole range. None where the space does not allow the change, or where it
    brings nothing new and the trial's value is what it stands for.
    """
    try:
        narrowed = space.narrow([f"{change.parameter}={change.set}"])
    except SearchSpaceError:
        return None
    parameter, known = (
        narrowed.parameters[change.parameter],
        space.parameters.get(change.parameter),
    )
    if isinstance(parameter, FixedParameter):
        return parameter.value
    if isinstance(parameter, CategoricalParameter):
        searched = known.choices if isinstance(known, CategoricalParameter) else ()
        new = [choice for choice in parameter.choices if choice not in searched]
        return (new or parameter.choices)[0]
    return _value_in_range(parameter, known, current)


def _value_in_range(
    parameter: Parameter, known: Parameter | None, current: ParameterValue
) -> ParameterValue:
    if not isinstance(parameter, FloatParameter | IntParameter):
        return None
    ends = (float(parameter.low), float(parameter.high))
    new = _new_part(parameter, known, current)
    if new is None and isinstance(current, int | float):
        first, place, last = (_scaled(one, parameter) for one in (ends[0], current, ends[1]))
        if abs(place - (first + last) / 2) <= SAME_PLACE * (last - first):
            return None
    return _middle(*(new or ends), parameter)


def _new_part(
    parameter: FloatParameter | IntParameter, known: Parameter | None, current: ParameterValue
) -> tuple[float, float] | None:
    """The part of a range that the search did not have, at the trial's end if at both."""
    if not isinstance(known, FloatParameter | IntParameter):
        return None
    step = 1 if isinstance(parameter, IntParameter) else 0  # whole numbers: the next one is new
    above = (max(parameter.low, known.high + step), parameter.high)
    below = (parameter.low, min(parameter.high, known.low - step))
    is_above, is_below = parameter.high > known.high, parameter.low < known.low
    if is_above and is_below and isinstance(current, int | float):
        first, place, last = (_scaled(one, known) for one in (known.low, current, known.high))
        is_above = place >= (first + last) / 2
    return above if is_above else below if is_below else None


def _is_log(parameter: FloatParameter | IntParameter) -> bool:
    return parameter.log and parameter.low > 0


def _scaled(value: float, parameter: FloatParameter | IntParameter) -> float:
    """A value in the scale in which its range is searched."""
    return math.log(max(value, 1e-300)) if _is_log(parameter) else float(value)


def _middle(low: float, high: float, parameter: FloatParameter | IntParameter) -> ParameterValue:
    """The middle of a part of a range, in the scale in which it is searched."""
    middle = math.sqrt(low * high) if _is_log(parameter) else (low + high) / 2
    return round(middle) if isinstance(parameter, IntParameter) else float(f"{middle:.3g}")
