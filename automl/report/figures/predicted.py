"""Predicted against true values of a regression."""

from __future__ import annotations

import plotly.graph_objects as go

from automl.report import style
from automl.report.numbers.predictions import Residuals, residuals
from automl.report.numbers.study import StudyTable
from automl.report.panels import Panel, Place, alone

PLACE = Place("predictions", "half")


def panels(table: StudyTable) -> list[Panel]:
    """The values of a regression."""
    numbers = residuals(table.judged_rows)
    if numbers is None:
        return []
    title = "Predicted and true"
    return [Panel(PLACE, "predicted", title, numbers.in_words, drawing(numbers), numbers.outside)]


figure = alone(panels, "No predictions of values are kept with this study.")


def drawing(numbers: Residuals) -> go.Figure:
    """Predicted against true values."""
    made = style.figure(400, showlegend=False)
    low, high = numbers.frame
    made.add_scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        line={"color": style.GREY, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    made.add_scatter(
        x=style.single(numbers.true),
        y=style.single(numbers.predicted),
        mode="markers",
        marker={"color": style.BLUE, "size": 6, "opacity": 0.55},
        hovertemplate="true %{x:.4g}<br>predicted %{y:.4g}<extra></extra>",
    )
    target = style.text(numbers.target)
    made.update_layout(
        margin={"t": 12},
        xaxis={"title": f"true {target}", **style.plain_axis(low, high)},
        yaxis={"title": f"predicted {target}", **style.plain_axis(low, high)},
    )
    return made
