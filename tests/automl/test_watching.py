"""How Python code sees a search run; in a notebook: tests/journeys/test_search_in_notebook.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from automl.tuning.progress import SearchProgress
from automl.watching import watched
from tests.automl.console.test_terminal import snapshot


def snapshots(seen: list[int]) -> Iterator[SearchProgress]:
    for number in range(3):
        seen.append(number)
        yield snapshot(messages=(f"trial {number} is the best",))


@pytest.mark.parametrize("progress", [None, False])
def test_a_script_writes_nothing_that_it_was_not_asked_for(
    progress: bool | None, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[int] = []
    with watched(progress) as follow:
        follow(snapshots(seen), ["2 columns"])
    assert seen == [0, 1, 2]
    assert tuple(capsys.readouterr()) == ("", "")


def test_a_script_that_asks_has_what_the_command_line_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with watched(True) as follow:
        follow(snapshots([]), ["2 columns"])
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert lines[:2] == ["2 columns", "trial 0 is the best"]
    assert lines[2].startswith("13/100 trials, 5 complete")
    assert lines[-1] == "trial 2 is the best"
    assert len(lines) == 5, "a line of progress comes every ten seconds"
    assert printed.out == ""
