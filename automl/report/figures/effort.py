"""Trials and epochs by outcome, as two stacked bars of shares."""

from __future__ import annotations

import plotly.graph_objects as go

from automl.report import style
from automl.report.numbers.effort import Effort, effort
from automl.report.numbers.study import StudyTable
from automl.report.panels import Panel, Place, alone
from automl.wording.counts import listing
from storage.records import OUTCOMES

PLACE = Place("search")


def panels(table: StudyTable) -> list[Panel]:
    """What was spent, and what was saved of it, once a trial has begun."""
    spent = effort(table)
    if not spent.n_trials:
        return []
    caption = ""
    if spent.n_epochs_saved:
        caption = (
            f"{_savers(spent)} saved about {spent.n_epochs_saved:,} epochs, if these trials had "
            "trained as long as complete ones do on average."
        )
    title = "Trials and epochs"
    return [Panel(PLACE, "effort", title, spent.in_words, drawing(spent), caption)]


def _savers(spent: Effort) -> str:
    """What saved epochs."""
    done = {"pruned": "pruning", "paused": "pausing"}
    return listing([word for each, word in done.items() if each in spent.outcomes]).capitalize()


figure = alone(panels, "No trial has begun yet.")


def drawing(numbers: Effort) -> go.Figure:
    """A bar of trials and a bar of epochs, each cut by outcome."""
    made = style.figure(170, barmode="stack")
    n_trials, n_epochs = max(1, numbers.n_trials), max(1, numbers.n_epochs)
    for outcome in OUTCOMES:
        if outcome not in numbers.outcomes:
            continue
        trials = numbers.outcomes[outcome]
        epochs = numbers.n_epochs_by_outcome.get(outcome, 0)
        made.add_bar(
            y=["epochs  ", "trials  "],
            x=[epochs / n_epochs, trials / n_trials],
            text=[f"{epochs:,}" if epochs / n_epochs > 0.04 else "",
                  f"{trials:,}" if trials / n_trials > 0.04 else ""],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": "white" if outcome == "complete" else "#1f2328"},
            customdata=[epochs, trials],
            orientation="h",
            name=outcome,
            marker={"color": style.OUTCOME_COLOURS[outcome]},
            hovertemplate=f"{outcome}: %{{customdata:,}} (%{{x:.0%}})<extra></extra>",
        )  # fmt: skip
    made.update_layout(
        bargap=0.35,
        xaxis={"tickformat": ".0%", "range": [0, 1], "showgrid": False},
        yaxis={"ticks": ""},
    )
    return made
