"""Validation losses in the order of the trials, with the best so far as a staircase."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from automl.report import style
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Trial, sample_trials
from automl.report.panels import Panel, Place, alone, omitted
from automl.wording.counts import count, listing
from automl.wording.scores import score_text
from storage.records import OUTCOMES, TRAINED_IN_PART, Outcome

PLACE = Place("search")
N_POINTS = 2000


@dataclass(frozen=True, slots=True)
class History:
    """Trials that have a value, and each improvement of the best."""

    loss: str
    trials: tuple[Trial, ...]  # those that are drawn
    improvements: tuple[Trial, ...]
    last_number: int
    n_omitted: int


def history(table: StudyTable) -> History:
    """Values of all trials that have one, and each improvement of the best."""
    valued = [t for t in table.trials if math.isfinite(t.value)]
    drawn = sample_trials(valued, N_POINTS)
    improvements: list[Trial] = []
    for trial in valued:
        if trial.is_ranked and (not improvements or trial.value < improvements[-1].value):
            improvements.append(trial)
    last = table.trials[-1].number if table.trials else 0
    return History(table.loss, drawn, tuple(improvements), last, len(valued) - len(drawn))


def panels(table: StudyTable) -> list[Panel]:
    """The history, once a trial has a value."""
    numbers = history(table)
    if not numbers.trials:
        return []
    n_outside = style.n_outside([t.value for t in numbers.trials], frame(numbers))
    outside = f" {count(n_outside, 'trial')} outside the frame." if n_outside else ""
    caption = f"{outside}{omitted(numbers.n_omitted)}"
    if in_part := [each for each in OUTCOMES if each in TRAINED_IN_PART & _outcomes(numbers)]:
        caption = (
            f"{listing(in_part).capitalize()} trials are faint: they stand at the loss of the "
            f"last of the few epochs that they had.{caption}"
        )
    caption = caption.strip()
    return [Panel(PLACE, "history", "History", words(numbers), drawing(numbers), caption)]


figure = alone(panels, "No trial has a validation loss yet.")


def _outcomes(numbers: History) -> set[Outcome]:
    return {trial.outcome for trial in numbers.trials}


def words(numbers: History) -> str:
    """How fast the search found its best."""
    if not numbers.improvements:
        return "No trial has completed yet."
    first, last = numbers.improvements[0], numbers.improvements[-1]
    return (
        f"The best validation loss fell from {score_text('loss', first.value)} in trial "
        f"{first.number} to {score_text('loss', last.value)} in trial {last.number}, the last of "
        f"{count(len(numbers.improvements) - 1, 'improvement')}."
    )


def drawing(numbers: History) -> go.Figure:
    """A point for each trial, and the staircase of the best so far."""
    made = style.figure(340)
    for outcome, trials in style.by_outcome(numbers.trials):
        made.add_scatter(
            x=style.single([t.number for t in trials]),
            y=style.single([t.value for t in trials]),
            mode="markers",
            name=outcome,
            marker=style.outcome_marker(outcome, 6, is_faint=outcome != "complete"),
            hovertemplate=f"trial %{{x}} ({outcome})<br>%{{y:.4g}}<extra></extra>",
        )
    if numbers.improvements:
        steps = [(t.number, t.value) for t in numbers.improvements]
        steps.append((numbers.last_number, steps[-1][1]))
        made.add_scatter(
            x=[number for number, _ in steps],
            y=[value for _, value in steps],
            mode="lines",
            name="best so far",
            line={"color": style.VERMILLION, "width": 2.5, "shape": "hv"},
            hovertemplate="from trial %{x}<br>best %{y:.4g}<extra></extra>",
        )
    title = style.loss_title(numbers.loss, "validation")
    made.update_layout(xaxis={"title": "trial"}, yaxis={"title": title, **frame(numbers)})
    return made


def frame(numbers: History) -> dict[str, Any]:
    """The axis of losses: of complete trials, or of all where none is complete.

    The better half of all trials is never left outside, however few have completed.
    """
    values = sorted(t.value for t in numbers.trials)
    complete = [t.value for t in numbers.trials if t.outcome == "complete"]
    best = [t.value for t in numbers.improvements]
    return style.loss_axis(complete or values, inside=[*best, *values[: (len(values) + 1) // 2]])
