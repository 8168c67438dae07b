"""Residuals of a regression: errors against predictions."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from automl.report import style
from automl.report.numbers.predictions import Residuals, residuals
from automl.report.numbers.study import StudyTable
from automl.report.panels import Panel, Place, alone

PLACE = Place("predictions", "half")


def panels(table: StudyTable) -> list[Panel]:
    """The errors of a regression."""
    numbers = residuals(table.judged_rows)
    if numbers is None:
        return []
    return [
        Panel(PLACE, "residuals", "Residuals", numbers.in_words, drawing(numbers), numbers.outside)
    ]


figure = alone(panels, "No predictions of values are kept with this study.")


def drawing(numbers: Residuals) -> go.Figure:
    """Errors against predictions: a slope or a funnel is something not learned."""
    made = style.figure(400, showlegend=False)
    low, high = numbers.frame
    errors = (numbers.true - numbers.predicted)[
        (numbers.predicted >= low) & (numbers.predicted <= high)
    ]
    margin = 0.06 * float(np.ptp(errors)) or 1.0 if len(errors) else 1.0
    lowest, highest = (
        float(errors.min(initial=0.0)) - margin,
        float(errors.max(initial=0.0)) + margin,
    )
    made.add_scatter(
        x=style.single(numbers.predicted),
        y=style.single(numbers.true - numbers.predicted),
        mode="markers",
        marker={"color": style.VERMILLION, "size": 6, "opacity": 0.55},
        hovertemplate="predicted %{x:.4g}<br>true − predicted %{y:.4g}<extra></extra>",
    )
    made.add_hline(y=0, line={"dash": "dot", "width": 1})
    made.update_layout(
        margin={"t": 12},
        xaxis={
            "title": f"predicted {style.text(numbers.target)}",
            **style.plain_axis(low, high),
        },
        yaxis={"title": "true − predicted", **style.plain_axis(lowest, highest)},
    )
    return made
