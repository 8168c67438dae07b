"""Options of commands, derived from the records of options.

What an option is called, its help, how its value is read and what it can be are written where the
option is (options/search_options.py); here they become what click understands. A flag is an
option that is on or off, and one whose default is a list may come several times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

import click

from automl.errors import ConfigError
from automl.options.option import Option, OptionRecord, options_of
from automl.options.search_options import (
    DataOptions,
    ExecutorOptions,
    FreeOptions,
    PolicyOptions,
    SearchOptions,
    StudyOptions,
)
from automl.options.values import Rule
from storage.call_records import PolicyRecord

Command = TypeVar("Command", bound=Callable[..., Any])

SECTIONS: Mapping[str, type[OptionRecord]] = {
    "Data, fixed with the study": DataOptions,
    "Study, fixed when it is made": StudyOptions,
    "Search, free in each call": PolicyOptions,
    "Training, free in each call": ExecutorOptions,
}
"""What help calls the records."""


class Typed(click.ParamType[Any]):
    """What a person types for a value, read and made plain by the value's rule."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.name = rule.metavar.lower()

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a text; click gives defaults, and values that were read already, here too."""
        name = param.name if param is not None else None
        try:
            read = self.rule.read(value) if isinstance(value, str) else value
            return self.rule.plain(name or "the value", read)
        except ConfigError as error:
            self.fail(str(error), param, ctx)


class SectionedCommand(click.Command):
    """A command whose help lists the options of each record under a heading of its own."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, and last the command's own options."""
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        lines = {one.name: one.get_help_record(ctx) for one in options}
        for heading, record in SECTIONS.items():
            _write(formatter, heading, [lines.pop(name, None) for name in options_of(record)])
        _write(formatter, "Options", lines.values())


def _write(
    formatter: click.HelpFormatter, heading: str, lines: Iterable[tuple[str, str] | None]
) -> None:
    if shown := [line for line in lines if line is not None]:
        with formatter.section(heading):
            formatter.write_dl(shown)


def typed_options(record: type[OptionRecord]) -> Callable[[Command], Command]:
    """Give a command every option of a record that can be typed, in the record's order."""

    def give(command: Command) -> Command:
        for name, one in reversed(
            list(options_of(record).items())
        ):  # a decorator puts its own first
            if one.help:
                command = _click_option(name, one)(command)
        return command

    return give


def typed_option(name: str) -> Callable[[Command], Command]:
    """Give a command one of the options of a search."""
    return _click_option(name, options_of(SearchOptions)[name])


KEPT_WITH_CALLS = {each.name for each in fields(PolicyRecord)} | {"target_error", "metric"}
"""Options that a stored study has, by its last call or its settings."""


def resuming_options(command: Command) -> Command:
    """Give a command what is free in each call; what a study has is None where nobody says it."""
    for name, one in reversed(list(options_of(FreeOptions).items())):
        if one.help and name in KEPT_WITH_CALLS:
            command = _kept_option(name, one)(command)
        elif one.help:
            command = _click_option(name, one)(command)
    return command


def _kept_option(name: str, one: Option) -> Callable[[Command], Command]:
    """An option without a default of its own."""
    typed = name.replace("_", "-")
    if isinstance(one.default, bool):
        return click.option(f"--{typed}/--no-{typed}", default=None, help=one.help)
    kind = Typed(one.rule)
    return click.option(
        f"--{typed}", type=kind, default=None, metavar=one.metavar, help=_help(one)
    )


def _click_option(name: str, one: Option) -> Callable[[Command], Command]:
    typed = name.replace("_", "-")
    if isinstance(one.default, bool):
        switch = f"--{typed}/--no-{typed}" if one.default else f"--{typed}"
        return click.option(switch, is_flag=True, default=one.default, help=one.help)
    may_repeat = isinstance(one.default, tuple)
    return click.option(
        f"--{typed}",
        type=click.STRING if may_repeat else Typed(one.rule),
        multiple=may_repeat,
        default=one.default,
        metavar=one.metavar,
        help=_help(one),
    )


def _help(one: Option) -> str:
    """What an option is for, with values as they are typed where that is not plain."""
    return f"{one.help[:-1]}: {one.rule.examples}." if one.rule.examples else one.help
