"""Figures of the best network's predictions on rows it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from automl.report import style
from automl.report.figures.curves import single
from automl.report.numbers.predictions import Calibration, Confusion, Residuals, Roc

DASHES = ("solid", "6px,3px", "2px,2px", "8px,3px,2px,3px", "12px,4px", "1px,3px")


def confusion_figure(numbers: Confusion) -> go.Figure:
    """True classes against predicted ones, coloured by the share of the true class."""
    n_classes = len(numbers.classes)
    figure = style.figure(min(640, 190 + 30 * n_classes), showlegend=False)
    labels = [style.text(name) for name in numbers.classes]
    shares = numbers.shares
    figure.add_heatmap(
        z=single(shares),
        x=labels,
        y=labels,
        # White to blue, so that the counts stay readable in every cell.
        colorscale=[[0.0, "#f4f6f8"], [0.02, "#dcebf5"], [1.0, "#3f8fc4"]],
        zmin=0,
        zmax=1,
        text=[[f"{n:,}" if n else "" for n in row] for row in numbers.counts.tolist()],
        texttemplate="%{text}" if n_classes <= 12 else "",
        textfont={"color": "#1f2328", "size": 12},
        customdata=np.stack([numbers.counts, shares], axis=-1).astype(np.float32),
        xgap=1,
        ygap=1,
        hovertemplate="true %{y}, predicted %{x}<br>%{customdata[0]:,} rows "
        "(%{customdata[1]:.1%} of the class)<extra></extra>",
        colorbar=style.colour_bar("share", tickformat=".0%"),
    )
    flat = {"type": "category", "showgrid": False, "ticks": "", "tickmode": "linear"}
    figure.update_layout(
        margin={"t": 12},
        xaxis={**flat, "title": {"text": "predicted"}},
        yaxis={**flat, "title": {"text": "true"}, "autorange": "reversed"},
    )
    return figure


def roc_figure(curves: Sequence[Roc]) -> go.Figure:
    """ROC curves, one class against the others each."""
    figure = style.figure(400)
    for index, curve in enumerate(curves):
        figure.add_scatter(
            x=single(curve.false_positive_rate),
            y=single(curve.true_positive_rate),
            mode="lines",
            name=f"{style.text(curve.label)} ({curve.area:.3f})",
            line={"color": style.CYCLE[index % len(style.CYCLE)], "width": 2,
                  "dash": DASHES[index % len(DASHES)]},
            hovertemplate="false positives %{x:.1%}<br>true positives %{y:.1%}<extra></extra>",
        )  # fmt: skip
    _add_diagonal(figure, "chance")
    figure.update_layout(
        xaxis={"title": {"text": "false positive rate"}, "range": [-0.02, 1.02]},
        yaxis={"title": {"text": "true positive rate"}, "range": [-0.02, 1.02]},
    )
    return figure


def calibration_figure(curves: Sequence[Calibration]) -> go.Figure:
    """Predicted probabilities against observed frequencies: the diagonal is to be believed."""
    figure = style.figure(400)
    for index, curve in enumerate(curves):
        figure.add_scatter(
            x=single(curve.predicted),
            y=single(curve.observed),
            mode="lines+markers",
            name=style.text(curve.label),
            line={"color": style.CYCLE[index % len(style.CYCLE)], "width": 2,
                  "dash": DASHES[index % len(DASHES)]},
            hovertemplate="predicted %{x:.1%}<br>observed %{y:.1%}<extra></extra>",
        )  # fmt: skip
    _add_diagonal(figure, "perfect")
    figure.update_layout(
        xaxis={"title": {"text": "predicted probability"}, "range": [-0.02, 1.02]},
        yaxis={"title": {"text": "observed frequency"}, "range": [-0.02, 1.02]},
    )
    return figure


def _add_diagonal(figure: go.Figure, name: str) -> None:
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name=name,
        line={"color": style.GREY, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )


def predicted_figure(numbers: Residuals) -> go.Figure:
    """Predicted against true values."""
    figure = style.figure(400, showlegend=False)
    low, high = numbers.frame
    figure.add_scatter(
        x=[low, high],
        y=[low, high],
        mode="lines",
        line={"color": style.GREY, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=single(numbers.true),
        y=single(numbers.predicted),
        mode="markers",
        marker={"color": style.BLUE, "size": 6, "opacity": 0.55},
        hovertemplate="true %{x:.4g}<br>predicted %{y:.4g}<extra></extra>",
    )
    target = style.text(numbers.target)
    figure.update_layout(
        margin={"t": 12},
        xaxis={"title": {"text": f"true {target}"}, **_values(low, high)},
        yaxis={"title": {"text": f"predicted {target}"}, **_values(low, high)},
    )
    return figure


def residuals_figure(numbers: Residuals) -> go.Figure:
    """Errors against predictions: a slope or a funnel is something not learned."""
    figure = style.figure(400, showlegend=False)
    low, high = numbers.frame
    errors = (numbers.true - numbers.predicted)[
        (numbers.predicted >= low) & (numbers.predicted <= high)
    ]
    margin = 0.06 * float(np.ptp(errors)) or 1.0 if len(errors) else 1.0
    lowest, highest = (
        float(errors.min(initial=0.0)) - margin,
        float(errors.max(initial=0.0)) + margin,
    )
    figure.add_scatter(
        x=single(numbers.predicted),
        y=single(numbers.true - numbers.predicted),
        mode="markers",
        marker={"color": style.VERMILLION, "size": 6, "opacity": 0.55},
        hovertemplate="predicted %{x:.4g}<br>true − predicted %{y:.4g}<extra></extra>",
    )
    figure.add_hline(y=0, line={"dash": "dot", "width": 1})
    figure.update_layout(
        margin={"t": 12},
        xaxis={"title": {"text": f"predicted {style.text(numbers.target)}"}, **_values(low, high)},
        yaxis={"title": {"text": "true − predicted"}, **_values(lowest, highest)},
    )
    return figure


def _values(low: float, high: float) -> dict[str, Any]:
    """An axis in the target's own unit."""
    return {"range": [low, high], "tickformat": style.PLAIN_NUMBERS}
