"""Figures of how the search went."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from automl.report import style
from automl.report.figures.curves import single
from automl.report.numbers.search import Effort, History, Timeline
from automl.report.numbers.trials import OUTCOMES


def history_figure(numbers: History) -> go.Figure:
    """Validation losses in the order of the trials, with the best so far as a staircase."""
    figure = style.figure(340)
    for outcome in reversed(OUTCOMES):  # the complete ones lie on top
        mask = np.array([o == outcome for o in numbers.outcomes], dtype=bool)
        if mask.any():
            figure.add_scatter(
                x=single(numbers.numbers[mask]),
                y=single(numbers.values[mask]),
                mode="markers",
                name=outcome,
                marker=dict(style.outcome_marker(outcome, 6, is_faint=outcome != "complete")),
                hovertemplate=f"trial %{{x}} ({outcome})<br>%{{y:.4g}}<extra></extra>",
            )
    if len(numbers.best_numbers):
        figure.add_scatter(
            x=[*numbers.best_numbers, numbers.last_number],
            y=[*numbers.best_values, numbers.best_values[-1]],
            mode="lines",
            name="best so far",
            line={"color": style.VERMILLION, "width": 2.5, "shape": "hv"},
            hovertemplate="from trial %{x}<br>best %{y:.4g}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"title": {"text": "trial"}},
        yaxis={
            "title": {"text": style.loss_title(numbers.loss, "validation")},
            **history_frame(numbers),
        },
    )
    return figure


def history_frame(numbers: History) -> dict[str, Any]:
    """The axis of losses: of complete trials, or of all where none is complete.

    The better half of all trials is never left outside, however few have completed.
    """
    complete = numbers.values[[o == "complete" for o in numbers.outcomes]]
    finite = np.sort(numbers.values[np.isfinite(numbers.values)])
    better_half = finite[: (len(finite) + 1) // 2]
    return style.loss_axis(
        complete if len(complete) else numbers.values,
        inside=[*numbers.best_values, *better_half],
    )


def timeline_figure(numbers: Timeline) -> go.Figure:
    """When each trial ran: bars that overlap ran at the same time."""
    figure = style.figure(min(440, 180 + 2 * len(numbers.bars)))
    scale, unit = _time_scale(max((bar.end for bar in numbers.bars), default=0.0))
    for outcome in OUTCOMES:
        bars = [bar for bar in numbers.bars if bar.outcome == outcome]
        if bars:
            figure.add_bar(
                base=single([bar.start / scale for bar in bars]),
                x=single([(bar.end - bar.start) / scale for bar in bars]),
                y=single([bar.number for bar in bars]),
                customdata=np.array([bar.n_epochs for bar in bars]),
                orientation="h",
                width=1.0 if numbers.n_omitted == 0 else None,
                name=outcome,
                marker={"color": style.OUTCOME_COLOURS[outcome], "line": {"width": 0}},
                hovertemplate=f"trial %{{y}} ({outcome})<br>%{{customdata}} epochs<br>"
                f"%{{x:.3g}} {unit}<extra></extra>",
            )
    figure.update_layout(
        barmode="overlay",
        bargap=0,
        xaxis={"title": {"text": f"{unit} since the search began"}, "rangemode": "tozero"},
        yaxis={"title": {"text": "trial"}, "autorange": "reversed"},
    )
    return figure


def _time_scale(seconds: float) -> tuple[float, str]:
    """The unit in which a duration is easy to read."""
    if seconds > 2 * 3600:
        return 3600.0, "hours"
    return (60.0, "minutes") if seconds > 180 else (1.0, "seconds")


def effort_figure(numbers: Effort) -> go.Figure:
    """Trials and epochs by outcome, as two stacked bars of shares."""
    figure = style.figure(170, barmode="stack")
    n_trials, n_epochs = max(1, numbers.n_trials), max(1, numbers.n_epochs)
    for outcome in OUTCOMES:
        if outcome not in numbers.outcomes:
            continue
        trials = numbers.outcomes[outcome]
        epochs = numbers.n_epochs_by_outcome.get(outcome, 0)
        figure.add_bar(
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
    figure.update_layout(
        bargap=0.35,
        xaxis={"tickformat": ".0%", "range": [0, 1], "showgrid": False},
        yaxis={"ticks": ""},
    )
    return figure
