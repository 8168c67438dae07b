"""What is told on stderr while a command runs, and kept in a file where one is named.

The library logs to "automl": steps at level info, what goes beyond them at debug. `--quiet`
tells errors alone, `--verbose` all; `--log-file` keeps all with times, whatever is told. What the
console has shown by itself, such as progress, is marked: it is in the file and not told twice.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from automl.system.output_files import FileKind, check_output
from automl.wording.printable import one_line

LOG = logging.getLogger("automl")
SHOWN = {"is_shown": True}  # extra of a record that the console has shown

_LINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) ")


def _is_log(path: Path) -> bool:
    with path.open("rb") as file:
        return _LINE.match(file.readline(200)) is not None


LOG_FILE = FileKind("a log", (".log", ".txt"), _is_log)


class Lines(logging.Handler):
    """Writes to what stderr is at the moment: rich puts a stream of its own there."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell a record, unless it has been shown."""
        if not getattr(record, "is_shown", False):
            click.echo(one_line(record.getMessage()), err=True)


class Dated(logging.Formatter):
    """A line with its time in UTC and its level; a traceback follows in lines of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03dZ %(levelname)s %(line)s", "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Make one line of a message."""
        record.line = one_line(record.message)
        return super().formatMessage(record)


def is_quiet() -> bool:
    """Whether the command that runs is to tell errors alone."""
    context = click.get_current_context(silent=True)
    return bool(context is not None and context.find_root().params.get("quiet"))


def _told_level() -> int:
    """The least level that is told while a command says its steps."""
    context = click.get_current_context(silent=True)
    chosen = context.find_root().params if context is not None else {}
    if chosen.get("quiet"):
        return logging.ERROR
    return logging.DEBUG if chosen.get("verbose") else logging.INFO


@contextmanager
def told(first: str | None = None) -> Iterator[None]:
    """Tell what the library logs as lines on stderr.

    Args:
        first: a step to tell at once, before anything heavy is imported. Without one it is a
            command that has no steps, and only warnings are told.
    """
    level = max(_told_level(), logging.WARNING) if first is None else _told_level()
    lines, before, own_level = Lines(level), list(LOG.handlers), LOG.level
    LOG.handlers = [*(one for one in before if not isinstance(one, Lines)), lines]
    LOG.setLevel(min(level, *(one.level for one in LOG.handlers)))
    try:
        if first is not None:
            LOG.info(first)
        yield
    finally:
        LOG.handlers = before
        LOG.setLevel(own_level)


@contextmanager
def kept_in(path: str | None, command: str) -> Iterator[None]:
    """Append all that is logged to a file, which may hold an earlier log and nothing else.

    Args:
        command: what was typed; the first line.

    Raises:
        OutputError: the file cannot be written, or is something else.
    """
    if path is None:
        yield
        return
    file = check_output(path, LOG_FILE)
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file, mode="a", encoding="utf-8", errors="backslashreplace")
    handler.setLevel(logging.DEBUG)
    handler.setFormatter(Dated())
    own_level = LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(logging.DEBUG)
    try:
        LOG.info("%s", command, extra=SHOWN)
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(own_level)
        handler.close()


def note(message: str, level: int = logging.INFO) -> None:
    """Keep what the console shows by itself."""
    LOG.log(level, "%s", message, extra=SHOWN)
