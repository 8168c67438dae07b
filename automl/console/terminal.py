"""How a search goes, as the terminal shows it on stderr.

A live table where stderr is a terminal, plain lines elsewhere: one per new best trial,
failure or ten seconds. `automl.search(..., progress=True)` shows the same. Text that comes from
data is never read as rich's markup, and what is not printable in it is escaped
(automl/console/streams.py says why).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from automl.console.consoles import stderr_console
from automl.console.logs import is_quiet, note
from automl.tuning.progress import SearchProgress
from automl.tuning.progress_words import described_params, progress_line
from automl.wording.printable import one_line
from automl.wording.scores import score_text

SECONDS_BETWEEN_LINES = 10.0
"""Where stderr is no terminal, a line of progress comes this often."""

NUMBER_WIDTH = len("valid loss")

ROWS_OF_RUNNING_TRIALS = 12
"""More do not fit beside the rest on a terminal of 24 lines."""


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
