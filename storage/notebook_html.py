"""How records are shown: a line where they are printed, a small table in a notebook.

In HTML every text is escaped: names of columns, classes, studies and parameters are other
people's texts. There are neither scripts nor style sheets, so that viewers that strip them show
the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def difference_line(found: Any) -> str:
    """A `PairedDifference` with its interval."""
    return f"PairedDifference({_with_interval(found.value, found.low, found.high)})"


def evaluation_line(found: Any) -> str:
    """An `EvaluationRecord` with its scores; of its references the names."""
    names = ", ".join(one.name for one in found.references)
    beside = f"; beside {names}" if names else ""
    return f"EvaluationRecord({found.split} rows: {_scores(found.scores)}{beside})"


def reference_line(found: Any) -> str:
    """A `ReferenceRecord` with its scores."""
    return f"ReferenceRecord({found.name}: {_scores(found.scores)})"


def worth_line(found: Any) -> str:
    """A `MetricWorth` with its interval."""
    return f"MetricWorth({found.score}={_with_interval(found.value, found.low, found.high)})"


def cross_fitted_line(found: Any) -> str:
    """What a way to choose is worth: its loss, and that of the metric."""
    loss = f"loss={_with_interval(found.loss, found.low, found.high)}"
    metric = "" if found.metric is None else f", {found.metric.score}={found.metric.value:.4g}"
    return f"CrossFitted({loss}{metric}, {found.n_candidates} candidates)"


def answer_line(found: Any) -> str:
    """An `AnswerRecord` without its members."""
    runs = f"{len(found.members)} run{'s' if len(found.members) != 1 else ''}"
    size = "" if found.n_parameters is None else f", {found.n_parameters:,} parameters"
    return f"AnswerRecord({found.kind}, {runs}, best trial {found.best_trial_number}{size})"


def importance_line(found: Any) -> str:
    """A `ColumnImportance`: what each score loses without the column."""
    gains = ", ".join(
        f"{score}={_with_interval(gain.value, gain.low, gain.high)}"
        for score, gain in found.gains.items()
    )
    alike = f"; like {', '.join(found.alike)}" if found.alike else ""
    return f"ColumnImportance({found.name!r}, {gains}{alike})"


def importances_line(found: Any) -> str:
    """An `ImportancesRecord`, or why there are none."""
    if found.missing_because is not None:
        return f"ImportancesRecord(missing: {found.missing_because!r})"
    columns = f"{len(found.columns)} of {found.n_columns} columns"
    return f"ImportancesRecord({columns}, {found.n_rows} rows, {found.n_repeats} repeats)"


def _scores(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name}={value:.4g}" for name, value in scores.items())


def _with_interval(value: float, low: float, high: float) -> str:
    return f"{value:.4g} ({low:.4g} to {high:.4g})"


def _line(cell: str, texts: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{cell}{_CELL}>{escape(text)}</{cell}>' for text in texts)}</tr>"
