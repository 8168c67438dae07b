"""Progress, as it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from automl.console import terminal
from automl.console.consoles import stderr_console
from automl.tuning.progress import RunningTrial, SearchProgress, TimeLeft


def snapshot(n_running: int = 2, messages: tuple[str, ...] = ()) -> SearchProgress:
    running = tuple(
        RunningTrial(n, {"learning_rate": 0.01}, 3, 50, 0.5, 0.4) for n in range(n_running)
    )
    return SearchProgress(
        study_name="titanic-Survived",
        n_trials=100,
        n_complete=5,
        n_pruned=7,
        n_failed=1,
        n_paused=0,
        n_tried=13,
        running=running,
        best_number=3,
        best_value=0.4321,
        best_params={},
        n_epochs=300,
        seconds=65.0,
        time_left=TimeLeft(130.0, is_estimate=True),
        messages=messages,
    )


def drawn(progress: SearchProgress, width: int = 80) -> str:
    console = Console(width=width, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(terminal.progress_view(progress))
    return capture.get()


def test_live_view_fits_eighty_columns() -> None:
    assert all(len(line) <= 80 for line in drawn(snapshot()).splitlines())


def test_long_hyperparameters_do_not_crowd_out_the_numbers() -> None:
    params = {"learning_rate": 0.01, **{f"hyperparameter_{n}": 0.5 for n in range(9)}}
    running = (RunningTrial(41, params, 3, 50, 0.5678, 0.4567),)
    view = drawn(replace(snapshot(), running=running))
    assert all(text in view for text in ("41", "3/50", "0.5678", "0.4567", "learning_rate"))
    assert all(len(line) <= 80 for line in view.splitlines())


def test_more_running_trials_than_rows_are_counted() -> None:
    assert "and 4 more" in drawn(snapshot(terminal.ROWS_OF_RUNNING_TRIALS + 4))


def test_text_from_data_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    def progress() -> Iterator[SearchProgress]:
        yield snapshot(messages=("[red]trial 3[/red] failed",))

    terminal.show_progress(progress(), ["column [b]name[/b]"])
    printed = capsys.readouterr()
    assert "[red]trial 3[/red] failed" in printed.err
    assert "column [b]name[/b]" in printed.err
    assert printed.out == ""


def test_without_a_total_the_bar_is_of_the_time() -> None:
    progress = replace(snapshot(), n_trials=None, seconds=90.0, time_left=TimeLeft(10.0))
    assert drawn(progress).splitlines()[0].count("\u2501") == 36
    assert progress.share == pytest.approx(0.9)


class FakeTerminal(StringIO):
    def isatty(self) -> bool:
        return True


def shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """What a search shows on a terminal of such an environment."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with redirect_stderr(FakeTerminal()) as stream:
        stderr_console().print(Text("red", style="red"))
        terminal.show_progress([snapshot(messages=("told",))], ["first"])
    return stream.getvalue()


def test_colours_and_moving_the_cursor_are_left_out_where_they_are_not_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    colour = "\x1b[31m"
    assert colour in shown_on_a_terminal(monkeypatch, TERM="xterm-256color")
    plain = shown_on_a_terminal(monkeypatch, TERM="xterm-256color", NO_COLOR="1")
    assert colour not in plain and "\x1b[?25l" in plain, "it is drawn all the same"
    dumb = shown_on_a_terminal(monkeypatch, TERM="dumb")
    assert "\x1b" not in dumb
    assert "told" in dumb and "13/100" in dumb, "as lines"
