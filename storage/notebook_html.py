"""How records are shown: a line where they are printed, a small table in a notebook.

In HTML every text is escaped: names of columns, classes, studies and parameters are other
people's texts. There are neither scripts nor style sheets, so that viewers that strip them show
the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from storage.titles import title, untitled

_CELL = " style='text-align:left;vertical-align:top'"


def described(
    title: str, rows: Iterable[tuple[str, ...]], words: str = "", head: tuple[str, ...] = ()
) -> str:
    """A title, a sentence on it, and rows of texts below column titles, if there are any."""
    lines = "".join(_line("td", row) for row in rows)
    table = f"<table>{_line('th', head) if head else ''}{lines}</table>" if lines else ""
    sentence = f"<div>{escape(words)}</div>" if words else ""
    return f"<div><b>{escape(title)}</b></div>{sentence}{table}"


def rounded_text(value: object) -> str:
    """A number with the digits that matter, else the text of the value."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def trial_line(trial: Any) -> str:
    """A `TrialRecord` without its params: there may be forty."""
    value = "" if trial.value is None else f", value={trial.value:.4g}"
    return f"TrialRecord({trial.number}, {trial.outcome}{value}, {len(trial.params)} params)"


def trial_html(trial: Any) -> str:
    """A trial with its params."""
    value = "" if trial.value is None else f", value {rounded_text(trial.value)}"
    params = [(name, rounded_text(one)) for name, one in trial.params.items()]
    return described(f"Trial {trial.number}", params, f"{trial.outcome}{value}")


def diagnosis_line(found: Any) -> str:
    """A `Diagnosis` without its evidence."""
    of_trial = "" if found.trial_number is None else f", trial {found.trial_number}"
    advice = f", {len(found.advice)} advised" if found.advice else ""
    return f"Diagnosis({found.kind!r}, {found.severity}{of_trial}{advice}: {found.message!r})"


def diagnosis_html(found: Any) -> str:
    """A verdict, and what to do."""
    advice = [(f"{n}.", one.text) for n, one in enumerate(found.advice, start=1)]
    name = title(found)
    return described(f"{name} ({found.severity})", advice, untitled(name, found.message))


def _line(cell: str, texts: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{cell}{_CELL}>{escape(text)}</{cell}>' for text in texts)}</tr>"
