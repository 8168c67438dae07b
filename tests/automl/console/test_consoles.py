"""Where texts and tables go: what a stream gets of them, and what a text of them is."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO

import pytest
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from automl.console import consoles


def test_what_is_written_to_a_file_has_no_blanks_at_the_ends_of_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Rich fills tables and indented texts to their full width."""
    for console in (consoles.stdout_console(), consoles.stderr_console()):
        table = Table.grid(padding=(0, 2))
        table.add_row("  a", "long")
        table.add_row("  b", "")
        console.print(Padding(table, (1, 0)))
        console.print("end")
    assert tuple(capsys.readouterr()) == ("\n  a  long\n  b\n\nend\n",) * 2


def test_a_terminal_is_written_to_as_it_is() -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    with redirect_stdout(Terminal()) as screen:
        assert consoles.stdout_console().file is screen


def test_a_text_has_no_colours_and_is_as_wide_as_it_is_asked_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")

    def write(console: Console) -> None:
        console.print(Text("red\x1b[31m " + "word " * 20, style="bold red"))

    text = consoles.text_of(write, 40)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 40
    assert text.split() == ["red\\x1b[31m", *["word"] * 20]
