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
from click.core import ParameterSource

from automl.console.command_group import variable_of
from automl.errors import ConfigError
from automl.options.data_options import DataOptions
from automl.options.option import Option, OptionRecord, options_of
from automl.options.search_options import (
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


ELSEWHERE = (
    "What is not typed is taken from the environment, of --n-trials AUTOML_N_TRIALS (of an option "
    "that may repeat all values, parted by blanks), then from the table [search] in automl.toml: "
    "n_trials = 300. That file lies here, or above as far as the repository or home."
)


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
            self.fail(f"{error}{_source(param, ctx)}", param, ctx)


def _source(param: click.Parameter | None, ctx: click.Context | None) -> str:
    """Where a value came from that was not typed, for an error."""
    if param is None or ctx is None or param.name is None:
        return ""
    if ctx.get_parameter_source(param.name) is not ParameterSource.ENVIRONMENT:
        return ""
    return f" (from the environment variable {param.envvar})"


class SectionedCommand(click.Command):
    """A command whose help lists the options of each record under a heading of its own."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, and last the command's own options."""
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        lines = {one.name: one.get_help_record(ctx) for one in options}
        for heading, record in SECTIONS.items():
            _write(formatter, heading, [lines.pop(name, None) for name in options_of(record)])
        _write(formatter, "Options", lines.values())

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, and where else options can be said."""
        super().format_help_text(ctx, formatter)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(ELSEWHERE)


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
    return _click_option(name, options_of(SearchOptions)[name], show_envvar=True)


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


class Switch(click.Option):
    """A flag that is off by default, shown so; `--no-NAME` overrules a file that has it on."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Leave out the other spelling, which is what holds anyway."""
        record = super().get_help_record(ctx)
        return None if record is None else (record[0].partition(" / ")[0], record[1])


def _click_option(
    name: str, one: Option, *, show_envvar: bool = False
) -> Callable[[Command], Command]:
    typed, variable = name.replace("_", "-"), variable_of(name)
    if isinstance(one.default, bool):
        return click.option(
            f"--{typed}/--no-{typed}",
            cls=None if one.default else Switch,
            default=one.default,
            show_default=one.default,
            help=one.help,
            envvar=variable,
            show_envvar=show_envvar,
        )
    may_repeat = isinstance(one.default, tuple)
    return click.option(
        f"--{typed}",
        type=click.STRING if may_repeat else Typed(one.rule),
        multiple=may_repeat,
        default=one.default,
        metavar=one.metavar,
        help=_help(one),
        envvar=variable,
        show_envvar=show_envvar,
    )


def _help(one: Option) -> str:
    """What an option is for, with values as they are typed where that is not plain."""
    return f"{one.help[:-1]}: {one.rule.examples}." if one.rule.examples else one.help
