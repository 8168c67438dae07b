"""The frame of the command line: how errors are told, how output is written, common options.

Errors of the project come out as one line with exit code 1, wrong usage with 2, an interrupt
(Ctrl-C) with 130, wherever it finds the command. Where stdout is
closed or full the work is done and kept all the same; that its output is lost is told on stderr,
and the exit code is not 0. A pipe whose reader has seen enough (`| head`) is told by the exit
code alone.
"""

from __future__ import annotations

import atexit
import errno
import gc
import json
import os
import shlex
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import click

from automl.console.logs import LOG, SHOWN, is_quiet, kept_in, told
from automl.console.settings_file import SettingsFile, find_settings
from automl.console.streams import SafeStream, safe_streams
from automl.errors import ConfigError, did_you_mean
from automl.wording.option_names import spoken_as_typed
from automl.wording.printable import one_line, printable

SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "show_default": True,
    "color": True,  # click takes out colours without a trace; here they become visible instead
}

LONGEST_SENTENCE = 10_000  # of what a command is for: it is wrapped, never cut

ASKS_HELP = f"{__name__}.asks_help"  # in a context's meta: whether help is among what is typed

COMPLETING = "_AUTOML_COMPLETE"  # set by a shell that asks what it may offer

INTERRUPTED = 130  # 128 and the number of the signal, as shells say it


def variable_of(name: str) -> str:
    """The environment variable that says an option: AUTOML_N_TRIALS of n_trials."""
    return f"AUTOML_{name.upper()}"


OTHER_VARIABLES = frozenset({"AUTOML_NATIVE"})
"""Variables that say no option: it is of automl/stacked/native_build.py."""

Command = TypeVar("Command", bound=Callable[..., Any])


def output_option(default: str) -> Callable[[Command], Command]:
    """The file that a command writes."""
    return click.option("-o", "--output", metavar="FILE", default=default)


def data_option(command: Command) -> Command:
    """Where the data of a stored study are."""
    words = "Where the data are by now, if they have moved or were given in Python."
    return click.option("--data", metavar="FILE", help=words)(command)


def report_option(command: Command) -> Command:
    """The page that a search writes at its end."""
    words = "Write the report there: report.html."
    named = click.option("--report", metavar="FILE", help=words, envvar=variable_of("report"))
    return named(command)


def prepare(context: click.Context, log_file: str | None) -> None:
    """Get ready for a command: what it tells, where that is kept, and what its project has set.

    Raises:
        ConfigError: `automl.toml` is wrong.
        OutputError: the log cannot be written.
    """
    context.with_resource(told())
    context.with_resource(kept_in(log_file, command_line()))
    group, name = context.command, context.invoked_subcommand
    command = group.commands.get(name or "") if isinstance(group, click.Group) else None
    params = () if command is None else command.params
    taken = {one.name for one in params if one.envvar and one.name}
    if taken and isinstance(group, click.Group):
        _warn_of_unknown_variables(group)
    settings = _settings(context, taken) if taken else None
    if settings is None or name is None:
        return
    context.default_map = {name: settings.values}
    if settings.values and not is_quiet():
        from automl.console.consoles import stderr_console

        path = one_line(os.path.relpath(settings.path))
        stderr_console().print(f"options from {path}", style="dim", markup=False, soft_wrap=True)


def _warn_of_unknown_variables(group: click.Group) -> None:
    """Say which variables look like options of ours and are none: they decide nothing."""
    prefix = variable_of("")
    options = {
        str(one.envvar)
        for command in group.commands.values()
        for one in command.params
        if one.envvar
    }
    for name in sorted(os.environ):
        if name.startswith(prefix) and name not in options | OTHER_VARIABLES:
            hint = did_you_mean(name, options)
            LOG.warning("the environment variable %s says no option%s", one_line(name), hint)


def _settings(context: click.Context, taken: set[str]) -> SettingsFile | None:
    """What `automl.toml` says of the options taken.

    A wrong one keeps nobody from the help that says what is right.
    """
    try:
        return find_settings(Path.cwd(), taken)
    except ConfigError:
        if context.meta.get(ASKS_HELP):
            return None
        raise


def command_line() -> str:
    """What the person typed."""
    return shlex.join(["automl", *sys.argv[1:]])


class Commands(click.Group):
    """The group of commands; turns the project's errors into one line each."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command with safe streams; a shell that completes reads click's bytes."""
        if COMPLETING in os.environ:
            return super().main(*args, **extra)
        atexit.register(gc.freeze)  # else Python looks for garbage among all modules: 0.6 s
        with spoken_as_typed(), safe_streams() as (stdout, stderr):
            try:
                return super().main(*args, **extra)
            except SystemExit as end:
                if not end.code and _is_lost(stdout, stderr):
                    sys.exit(1)
                raise
            except Exception:  # a fault of the program, or asked for with --traceback
                sys.excepthook = _show_traceback
                raise

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Register a command, which has these settings wherever it is called from.

        Click keeps a command's help option as the first context has it, be it without the group.
        """
        cmd.context_settings = {**SETTINGS, **cmd.context_settings}
        super().add_command(cmd, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which they are needed, not in that of the alphabet."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first sentence of each command as a whole; click cuts it at the margin."""
        sentences = [
            (name, self.commands[name].get_short_help_str(LONGEST_SENTENCE))
            for name in self.list_commands(ctx)
        ]
        with formatter.section("Commands"):
            formatter.write_dl(sentences)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the arguments."""
        with _told_interrupts():
            return super().make_context(*args, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the group's own options; what is typed behind them is not kept for long."""
        ctx.meta[ASKS_HELP] = any(one in ctx.help_option_names for one in args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with _told_interrupts():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            is_fault = not is_expected(error)
            LOG.error("%s", error, extra=SHOWN, exc_info=is_fault)
            if ctx.params.get("traceback") or is_fault:
                raise
            raise click.ClickException(one_line(str(error))) from error


@contextmanager
def _told_interrupts() -> Iterator[None]:
    """End an interrupted command with one line; click says "Aborted!", and ends it with 1."""
    try:
        yield
    except KeyboardInterrupt:
        pass
    except click.Abort as abort:  # an answer of no, or an interrupt in place of an answer
        if not isinstance(abort.__context__, KeyboardInterrupt):
            raise
    else:
        return
    click.echo("Interrupted: what was stored before is kept.", err=True)
    raise click.exceptions.Exit(INTERRUPTED)


def _is_lost(stdout: SafeStream, stderr: SafeStream) -> bool:
    """Whether output was lost; tells it, where it is not known."""
    stdout.flush()
    if stdout.failure is None:
        return False
    if stdout.failure.errno != errno.EPIPE:
        stderr.write(f"Error: stdout cannot be written: {stdout.failure.strerror}\n")
    return True


def _show_traceback(
    kind: type[BaseException], error: BaseException, frames: TracebackType | None
) -> None:
    """Show what Python shows, made printable."""
    sys.stderr.write(printable("".join(traceback.format_exception(kind, error, frames))))


def is_expected(error: Exception) -> bool:
    """Whether an error is one of those that the project raises on purpose."""
    from automl.errors import AutoMLError

    return isinstance(error, AutoMLError)


def told_steps(first: str) -> AbstractContextManager[None]:
    """Tell what the library logs, from level info, as lines on stderr.

    Args:
        first: told at once, before anything heavy is imported.
    """
    return told(first)


def tell(step: str) -> None:
    """Tell a step as the library does: inside `told_steps` it is a line on stderr."""
    LOG.info("%s", one_line(step))


def print_json(values: Any) -> None:
    """Print one JSON object or array, and nothing else, on stdout."""
    click.echo(json.dumps(values, allow_nan=False))


def json_option(command: Command) -> Command:
    """The option by which a command prints what it has found as JSON."""
    option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value alone.")
    return option(command)


@contextmanager
def fast_imports() -> Iterator[None]:
    """Import without looking for garbage among what stays: 2.7 s instead of 3.3 for a search.

    Later neither, which took 0.1 s each time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def told_warnings() -> Iterator[None]:
    """Tell what the data layer warns of as lines on stderr, without places in the code."""
    from automl.errors import DataWarning

    def tell(message: Warning | str, *_: Any, **__: Any) -> None:
        LOG.warning("%s", one_line(str(message)), extra=SHOWN)
        if not is_quiet():
            click.echo(one_line(str(message)), err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", DataWarning)
        warnings.showwarning = tell
        yield


def print_version(ctx: click.Context, param: click.Parameter, is_asked: bool) -> None:
    """Say the version, also of a checkout, and end."""
    if is_asked:
        import automl

        click.echo(f"automl {automl.__version__}")
        ctx.exit()
