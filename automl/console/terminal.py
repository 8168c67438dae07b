"""What the terminal shows: progress on stderr, results on stdout. The one home of rich.

A live table where stderr is a terminal, plain lines elsewhere: one per new best trial,
failure or ten seconds. `automl.search(..., progress=True)` shows the same. Text that comes from
data is never read as rich's markup, and what is not printable in it is escaped
(automl/console/streams.py says why).
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any, TextIO, cast

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from automl.console.logs import is_quiet, note
from automl.tuning.progress import SearchProgress
from automl.tuning.progress_words import described_params, progress_line
from automl.wording.printable import one_line, printable
from automl.wording.scores import score_text

SECONDS_BETWEEN_LINES = 10.0
"""Where stderr is no terminal, a line of progress comes this often."""

NUMBER_WIDTH = len("valid loss")

ROWS_OF_RUNNING_TRIALS = 12
"""More do not fit beside the rest on a terminal of 24 lines."""


def stderr_console() -> Console:
    """Where progress goes."""
    return _console(sys.stderr)


def stdout_console() -> Console:
    """Where results go."""
    return _console(sys.stdout)


def _console(stream: TextIO) -> Console:
    written = getattr(stream, "drawn", stream)
    if not stream.isatty():
        written = cast("TextIO", TrimmedLines(written))
    return PrintableConsole(file=written, highlight=False)


class PrintableConsole(Console):
    """A console that makes texts printable and leaves its own codes, as of colours, in peace."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render to segments; rich calls this for everything that it prints, and for its parts.

        Texts are made printable before they are broken into lines, whatever else afterwards.
        """
        if isinstance(renderable, Text):
            renderable = self._printable_text(renderable)
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)

    def _printable_text(self, text: Text) -> Text:
        if text.plain.isprintable():
            return text
        fresh = Text(justify=text.justify, overflow=text.overflow, no_wrap=text.no_wrap)
        fresh.end = text.end
        for segment in text.render(self):
            fresh.append(printable(segment.text), segment.style)
        return fresh

    def render_str(self, text: str, **kinds: Any) -> Text:
        """Make a text of a string, as rich does of what it is given to print."""
        return super().render_str(printable(text), **kinds)


class TrimmedLines:
    """A stream whose lines end with their text; rich fills them up with blanks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write without the blanks before ends of lines; rich writes whole lines."""
        return self._stream.write(re.sub(r" +(?=\n)", "", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def show_progress(progress: Iterable[SearchProgress], messages: Sequence[str] = ()) -> None:
    """Run a search to its end while showing how it goes."""
    console = stderr_console()
    console.quiet = is_quiet()
    for message in messages:
        note(message)
        console.print(escape(one_line(message)), style="dim")
    if console.quiet:
        for snapshot in progress:
            for message in snapshot.messages:
                note(message)
    elif console.is_terminal and not console.is_dumb_terminal:
        _show_live(progress, console)
    else:
        _show_lines(progress, console)


def _show_live(progress: Iterable[SearchProgress], console: Console) -> None:
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        for snapshot in progress:
            for message in snapshot.messages:
                note(message)
                console.print(escape(one_line(message)))
            live.update(progress_view(snapshot))


def _show_lines(progress: Iterable[SearchProgress], console: Console) -> None:
    last = 0.0
    for snapshot in progress:
        for message in snapshot.messages:
            note(message)
            console.print(escape(one_line(message)), soft_wrap=True)
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            note(progress_line(snapshot), logging.DEBUG)
            console.print(escape(progress_line(snapshot)), soft_wrap=True)


def progress_view(progress: SearchProgress) -> RenderableType:
    """The live view: a bar, the counts, the running trials."""
    bar = ProgressBar(total=1.0, completed=progress.share, width=40)
    head = Table.grid(padding=(0, 1))
    head.add_row(Text(progress.study_name, style="bold"), bar)
    table = Table(box=None, header_style="dim", padding=(0, 1), expand=True)
    for column in ("trial", "epoch", "valid loss", "best"):
        # The numbers keep their places; only the hyperparameters give way where it is narrow.
        table.add_column(column, justify="right", no_wrap=True, min_width=NUMBER_WIDTH)
    table.add_column("hyperparameters", no_wrap=True, overflow="ellipsis", ratio=1)
    for trial in progress.running[:ROWS_OF_RUNNING_TRIALS]:
        table.add_row(
            str(trial.number),
            f"{trial.epoch}/{trial.max_epochs}",
            score_text("loss", trial.valid_loss),
            score_text("loss", trial.best_valid_loss),
            Text(described_params(trial.params), overflow="ellipsis"),
        )
    hidden = len(progress.running) - ROWS_OF_RUNNING_TRIALS
    more = [Text(f"  and {hidden} more", style="dim")] if hidden > 0 else []
    return Group(head, Text(progress_line(progress)), table, *more)
