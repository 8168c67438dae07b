"""What a person sees of a search while Python code runs it: one view, changed in its place.

A notebook has it by itself: one output with a bar and a line, which takes the place of what it was
at most twice a second, so that nothing piles up below the cell. Anywhere else nothing is written,
unless `progress=True` asks for what the command line shows, on stderr. What is logged is logged in
any case. Names of studies and messages are other people's texts, and are escaped.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any, TypeAlias

from automl.tuning.progress import SearchProgress
from automl.tuning.progress_words import described_params, progress_line
from automl.wording.printable import one_line

SECONDS_BETWEEN_UPDATES = 0.5
N_MESSAGES = 8
"""The last messages that a notebook shows; all of them are logged."""

Follow: TypeAlias = Callable[[Iterable[SearchProgress], Sequence[str]], None]
"""Go through the snapshots of a search to its end, and show them and the messages before it."""


@contextmanager
def watched(progress: bool | None) -> Iterator[Follow]:
    """How a search is followed in this process, from before its data are read.

    Args:
        progress: whether it is shown; None: where this is a notebook.
    """
    shell = _notebook_shell()
    if progress is False or (progress is None and shell is None):
        yield _go_through
    elif shell is None:
        from automl.console.terminal import show_progress  # rich, which nobody else needs

        yield show_progress
    else:
        view = NotebookView()
        try:
            yield view.follow
        finally:
            view.close()


def _go_through(progress: Iterable[SearchProgress], messages: Sequence[str]) -> None:
    for _ in progress:
        pass


def _notebook_shell() -> Any:
    """The shell of the kernel that this code runs in; None in a script or a terminal."""
    interactive = sys.modules.get("IPython")
    shell = None if interactive is None else interactive.get_ipython()
    return shell if hasattr(shell, "kernel") else None


class NotebookView:
    """One output of a cell, which says where a search is."""

    def __init__(self) -> None:
        self._messages: list[str] = []
        self._snapshot: SearchProgress | None = None
        self._shown_at = time.monotonic()
        self._is_over = False
        display: Any = importlib.import_module("IPython.display").display
        self._handle = display(self, display_id=True)

    def follow(self, progress: Iterable[SearchProgress], messages: Sequence[str]) -> None:
        """Show snapshots as they come."""
        self._messages += messages
        for self._snapshot in progress:
            self._messages += self._snapshot.messages
            if time.monotonic() - self._shown_at >= SECONDS_BETWEEN_UPDATES:
                self._update()

    def close(self) -> None:
        """Leave the output as it is at the end; without a snapshot nothing was trained."""
        self._is_over = True
        self._update()

    def _update(self) -> None:
        self._shown_at = time.monotonic()
        self._handle.update(self)

    def __repr__(self) -> str:
        """What is shown where HTML is not."""
        if self._snapshot is not None:
            return f"{one_line(self._snapshot.study_name)}: {progress_line(self._snapshot)}"
        return "nothing was trained" if self._is_over else "reading the data, loading PyTorch ..."

    def _repr_html_(self) -> str:
        head, tail = f"<div>{escape(repr(self))}</div>", ""
        if (shown := self._snapshot) is not None:
            share = 1.0 if self._is_over else shown.share
            best = escape(one_line(described_params(shown.best_params)))
            head = (
                f"<div><b>{escape(one_line(shown.study_name))}</b> "
                f"<progress max='1' value='{share:.3f}' style='width:20em;max-width:50%'>"
                f"</progress></div><div>{escape(progress_line(shown))}</div>"
            )
            tail = f"<div style='opacity:.75'>best: {best}</div>" if best else ""
        lines = "".join(
            f"<li>{escape(one_line(message))}</li>" for message in self._messages[-N_MESSAGES:]
        )
        return head + tail + (f"<details><summary>Messages</summary><ul>{lines}</ul></details>"
                              if lines else "")  # fmt: skip
