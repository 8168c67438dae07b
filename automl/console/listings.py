"""What there is, in lines: search spaces, and faults of a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.text import Text

from automl.console.consoles import stdout_console
from automl.wording.settings import explained, range_text
from search_spaces import (
    HYPERPARAMETERS,
    CategoricalParameter,
    FixedParameter,
    FloatParameter,
    IntParameter,
    Parameter,
    SearchSpace,
)
from search_spaces.declared import DEFAULT_FAMILY, OWN_FAMILY

if TYPE_CHECKING:
    from storage import Finding


def print_spaces(names: Sequence[str]) -> None:
    """The built-in search spaces, a line each."""
    console = stdout_console()
    for name in names:
        console.print(Text(name))
    console.print(Text("automl spaces NAME shows one.", style="dim"))


HOW_TO_DECLARE: Final = """
What your module is built with stands in a TOML file, beside those of these that vary:
    family = "own"

    [blocks]
    type = "int"
    low = 1
    high = 6
    meaning = "number of residual blocks"
    role = "depth\""""


def print_space(space: SearchSpace) -> None:
    """A search space: whose it is, what varies, in which range, when, and why."""
    console = stdout_console()
    if space.family != DEFAULT_FAMILY:
        console.print(Text(f"of the family {space.family}", style="dim"))
    for name, parameter in space.parameters.items():
        console.print(Text.assemble((f"{name}  ", "bold"), _range(parameter)))
        conditions = " or ".join(str(condition) for condition in parameter.when)
        if conditions:
            console.print(Padding(Text(f"when {conditions}"), (0, 0, 0, 4)))
        words = explained(parameter.meaning, parameter.reason)
        console.print(Padding(Text(words, style="dim"), (0, 0, 0, 4)))
    if space.family == OWN_FAMILY and not any(map(_is_own, space.parameters.values())):
        console.print(Text(HOW_TO_DECLARE, style="dim"))


def _is_own(parameter: Parameter) -> bool:
    """Whether it is for a person's module and not for its training."""
    return bool(parameter.meaning)


def _range(parameter: Parameter) -> str:
    """The values that the search can try, in the words of `--set`."""
    match parameter:
        case FloatParameter() | IntParameter():
            scale = " (log)" if parameter.log else ""
            return range_text(parameter.low, parameter.high) + scale
        case CategoricalParameter():
            return ", ".join(str(choice) for choice in parameter.choices)
        case FixedParameter():
            return f"{parameter.value} (fixed{_other_words(parameter)})"
    raise TypeError(f"unknown kind of parameter {type(parameter).__name__}")


def _other_words(parameter: FixedParameter) -> str:
    """What `--set` can name instead of its value, where those are words."""
    known = HYPERPARAMETERS.get(parameter.name)
    others = [str(word) for word in known.words if word != parameter.value] if known else []
    return f"; --set: {', '.join(others)}" if others else ""


def print_findings(findings: Sequence[Finding], storage: str) -> None:
    """What the doctor found, each with the command that mends it."""
    console = stdout_console()
    if not findings:
        console.print(Text(f"{storage}: nothing is wrong"), soft_wrap=True)
    for finding in findings:
        label = finding.kind.replace("_", " ").capitalize() + ": "
        console.print(Text.assemble((label, "bold red"), finding.message))
        if finding.command:
            console.print(Text(f"    {finding.command}"), soft_wrap=True)
