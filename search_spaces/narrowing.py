"""Changes of a search space as a person types them: `name=value`, `name=LOW..HIGH`, `name=a,b,c`.

A single value fixes the parameter, two dots give a range, commas give choices. Everything
that the hyperparameter can take is allowed, whether the space has it or not; conditions and
tasks of the parameter stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search_spaces.errors import SearchSpaceError
from search_spaces.hyperparameter import Hyperparameter, spelled
from search_spaces.parameters import (
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
)
from storage.records import ParameterValue


def read_assignments(assignments: Sequence[str]) -> dict[str, str]:
    """Split each `name=text`, and refuse a name that comes twice."""
    texts: dict[str, str] = {}
    for assignment in assignments:
        name, equals, text = (part.strip() for part in assignment.partition("="))
        if not (name and equals and text):
            raise SearchSpaceError(
                "A change of the search space must be name=value, name=LOW..HIGH or name=a,b,c, "
                f"but got {assignment!r}."
            )
        if name in texts:
            raise SearchSpaceError(
                f"Each parameter is set once, but {name} is set to {texts[name]} and to {text}.",
                parameter=name,
            )
        texts[name] = text
    return texts


def narrow_parameter(known: Hyperparameter, text: str, current: Parameter | None) -> Parameter:
    """Make the parameter that `name=text` asks for, in place of the current one if there is one.

    Raises:
        SearchSpaceError: the hyperparameter cannot take a value; the message says what it can.
    """
    name = known.name
    kept: dict[str, Any] = {
        "when": current.when if current else (),
        "tasks": current.tasks if current else known.tasks,
        "reason": f"set by hand: {name}={text}",
        "meaning": current.meaning if current else "",
        "role": current.role if current else None,
    }
    if ".." in text:
        return _ranged(known, text, current, kept)
    values = tuple(_read_value(known, part) for part in text.split(","))
    if len(values) == 1:
        return FixedParameter(name, values[0], **kept)
    return CategoricalParameter(name, values, **kept)


def _ranged(
    known: Hyperparameter, text: str, current: Parameter | None, kept: dict[str, Any]
) -> Parameter:
    """A range; where the space has numbers to choose from, those of them within it."""
    if known.numbers is None:
        raise SearchSpaceError(
            f"{known.name} has no range, but got {text}: it must be {known.allowed}. "
            f"Write {known.name}=a,b for several.",
            parameter=known.name,
        )
    low, high = (_read_number(known, end) for end in text.split("..", 1))
    if isinstance(current, CategoricalParameter):
        return _choices_within(current, low, high, text, kept)
    log = current.log if isinstance(current, FloatParameter | IntParameter) else known.log
    useful = current.useful if isinstance(current, FloatParameter | IntParameter) else ()
    if useful and not useful[0] <= low <= high <= useful[1]:
        useful = ()  # the person who sets it beyond knows better
    if known.numbers.whole:
        return IntParameter(known.name, int(low), int(high), log, useful, **kept)
    return FloatParameter(known.name, low, high, log, useful, **kept)


def _choices_within(
    current: CategoricalParameter, low: float, high: float, text: str, kept: dict[str, Any]
) -> Parameter:
    numbers = [choice for choice in current.choices if isinstance(choice, int | float)]
    inside = tuple(choice for choice in numbers if low <= choice <= high)
    if not inside:
        raise SearchSpaceError(
            f"A range keeps the choices within it, but {current.name} has none in {text}: its "
            f"numbers are {', '.join(f'{number:g}' for number in numbers)}. "
            f"Write {current.name}=a,b to choose from others.",
            parameter=current.name,
        )
    if len(inside) == 1:
        return FixedParameter(current.name, inside[0], **kept)
    return CategoricalParameter(current.name, inside, **kept)


def _read_value(known: Hyperparameter, text: str) -> ParameterValue:
    words = {spelled(word): word for word in known.words}
    text = text.strip()
    if text in words or known.numbers is None:
        return known.check(words.get(text, text))
    return _read_number(known, text)


def _read_number(known: Hyperparameter, text: str) -> float:
    try:
        number: object = float(text)
    except ValueError:
        number = text.strip()  # `check` says what is allowed
    value = known.check(number)
    if not isinstance(value, int | float):
        raise SearchSpaceError(
            f"The ends of a range must be numbers, but {known.name} got {text!r}.",
            parameter=known.name,
        )
    return value
