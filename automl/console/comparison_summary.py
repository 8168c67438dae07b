"""Studies side by side, as `compare` prints them: the findings first, then tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from automl.comparison import Comparison, Rows
from automl.console.consoles import stdout_console
from automl.wording.printable import one_line


def print_comparison(compared: Comparison) -> None:
    """Two or more studies: who is better, how each stands, and what differs."""
    console = stdout_console()
    for sentence in compared.findings:
        console.print(Text(one_line(sentence)))
    names = [one_line(name) for name in compared.names]
    _print_rows(console, "", names, compared.results)
    _print_rows(console, "settings that differ", names, compared.settings)
    _print_rows(console, "best configurations differ in", names, compared.configurations)


def _print_rows(console: Console, head: str, names: Sequence[str], rows: Rows) -> None:
    """A table with a column for each study; nothing where it has no rows."""
    if not rows:
        return
    table = Table(box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False)
    table.add_column(head)
    for name in names:
        table.add_column(Text(name), overflow="fold")
    for name, words in rows.items():
        table.add_row(Text(one_line(name)), *(Text(one_line(word)) for word in words))
    console.print(table)
