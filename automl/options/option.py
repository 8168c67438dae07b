"""What an option is: a field of a frozen record that carries all that is said of it.

Default, rule, help text and what stands for its value are written once, beside the field. The
record makes its values plain by them; the command line (console/command_options.py) and what
editors and notebooks see of `automl.search` (signatures.py) are derived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from automl.errors import ConfigError, did_you_mean
from automl.options.values import Rule
from automl.options.written_values import shown

Value = TypeVar("Value")
Number = TypeVar("Number", int, float)

_KEY = "option"  # of a field's metadata


@dataclass(frozen=True, slots=True)
class Option:
    """What is said of an option beside its name and its type."""

    default: Any
    rule: Rule
    help: str  # of the command line; empty: it cannot be typed there
    metavar: str  # stands for a typed value: "COLUMN" in `--target COLUMN`


def option(default: Value, rule: Rule, help: str = "", *, metavar: str | None = None) -> Value:
    """A field of a record of options.

    Args:
        help: a sentence for the command line; without one the option cannot be typed.
        metavar: stands for a typed value, where the rule's own word says less.
    """
    said = Option(default, rule, help, metavar or rule.metavar)
    return field(default=default, metadata={_KEY: said})


@dataclass(frozen=True, kw_only=True)
class OptionRecord:
    """A record of options; several of them join by inheritance, with the same flat names."""

    def __post_init__(self) -> None:
        """Make every value plain: numbers of NumPy become Python's, lists become tuples.

        Raises:
            ConfigError: a value is none that its option can have.
        """
        for name, one in options_of(type(self)).items():
            object.__setattr__(self, name, one.rule.plain(name, getattr(self, name)))


def plain_number(value: Number | str | None) -> Number | None:
    """A number of a record, which could be given as a text: its rule has read that.

    Raises:
        TypeError: it is a text, so that it is of no record.
    """
    if isinstance(value, str):
        raise TypeError(f"a record of options has numbers for texts, but got {value!r}")
    return value


def options_of(record: type[OptionRecord]) -> Mapping[str, Option]:
    """The options of a record by name, in its order."""
    return {each.name: each.metadata[_KEY] for each in fields(record)}


def options_in(stored: Any, record: type[OptionRecord]) -> dict[str, Any]:
    """The values of those options of a record that something stored has under their names."""
    return {name: getattr(stored, name) for name in options_of(record) if hasattr(stored, name)}


def said_options(record: OptionRecord) -> str:
    """The values of a record that are not those of its defaults, in words for a log."""
    said = []
    for name, one in options_of(type(record)).items():
        value = getattr(record, name)
        is_plain = isinstance(value, str | int | float | tuple)  # else it may have no truth value
        is_default = value is one.default or (is_plain and value == one.default)
        if one.help and not is_default:
            said.append(f"{name}={shown(value)}")
    return ", ".join(said)


def check_names(names: Iterable[str], record: type[OptionRecord]) -> None:
    """Refuse keywords that are no options of a record.

    Raises:
        ConfigError: there is one.
    """
    known = options_of(record)
    for name in names:
        if name not in known:
            raise ConfigError(
                f"an option must be a field of {record.__name__}, but got {name!r}"
                f"{did_you_mean(name, known)}"
            )
