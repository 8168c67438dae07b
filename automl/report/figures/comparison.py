"""The figure that compares studies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.colors import hex_to_rgb

from automl.report import style
from automl.report.figures.curves import single
from automl.report.figures.predictions import DASHES
from automl.report.numbers.comparison import Progress


def progress_figure(studies: Sequence[Progress], loss: str) -> go.Figure:
    """Best validation loss against epochs spent, one staircase with its interval per study.

    A study of one complete trial has a staircase of one place, which is a point.
    """
    figure = style.figure(440)
    for index, study in enumerate(studies):
        colour = style.CYCLE[index % len(style.CYCLE)]
        _add_interval(figure, study, colour)
        figure.add_scatter(
            x=single(study.epochs),
            y=single(study.best),
            mode="lines" if len(set(study.epochs)) > 1 else "markers",
            name=style.text(study.name),
            line={"color": colour, "width": 2.5, "shape": "hv",
                  "dash": DASHES[index % len(DASHES)]},
            marker={"color": colour, "size": 9},
            hovertemplate="%{x:,.0f} epochs<br>best %{y:.4g}<extra></extra>",
        )  # fmt: skip
    values = [float(v) for study in studies for v in study.best]
    figure.update_layout(
        xaxis={"title": {"text": "epochs spent, all trials together"}, "rangemode": "tozero"},
        yaxis={"title": {"text": style.loss_title(loss, "best validation")},
               **style.loss_axis(values)},
    )  # fmt: skip
    return figure


def _add_interval(figure: go.Figure, study: Progress, colour: str) -> None:
    """The 95 % interval of the best trial's loss over validation rows, as a band."""
    red, green, blue = hex_to_rgb(colour)
    tiny = 1e-9  # keeps the lower edge drawable on a logarithmic axis
    edges = {"mode": "lines", "showlegend": False, "hoverinfo": "skip", "x": single(study.epochs)}
    line = {"width": 0, "shape": "hv"}
    figure.add_scatter(y=single(np.maximum(study.low, tiny)), line=line, **edges)
    figure.add_scatter(
        y=single(study.high),
        line=line,
        fill="tonexty",
        fillcolor=f"rgba({red},{green},{blue},0.15)",
        **edges,
    )
