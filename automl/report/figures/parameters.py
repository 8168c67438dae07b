"""Figures of what matters: importances, axis plots, parallel coordinates, contours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from automl.report.figures import style, ticks
from automl.report.figures.curves import single, vertical_line
from automl.report.numbers.importances import Importances
from automl.report.numbers.parameters import Axis, AxisPlot, Contour, ParallelCoordinates
from automl.report.numbers.trials import OUTCOMES, Floats

RANKS = (  # parallel coordinates: share of the trials, colour, width; drawn last is on top
    ("best 5 %", 0.05, style.VERMILLION, 2.2),
    ("best 25 %", 0.25, style.SKY, 1.2),
    ("others", 1.0, style.FAINT, 1.0),
)


def importances_figure(numbers: Importances) -> go.Figure:
    """Horizontal bars, the most important parameter on top."""
    names = [style.text(name) for name in reversed(numbers.judged)]
    shares = list(reversed(numbers.shares))
    figure = style.figure(80 + 26 * len(names), showlegend=False)
    figure.add_bar(
        x=shares,
        y=names,
        orientation="h",
        marker={"color": style.BLUE},
        text=[f"{share:.0%}" for share in shares],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure.update_layout(
        margin={"t": 8, "r": 48},
        bargap=0.35,
        xaxis={"tickformat": ".0%", "rangemode": "tozero", "title": {"text": "importance"}},
        yaxis={"showgrid": False, "ticks": "", "ticksuffix": "  "},
    )
    return figure


def axis_figure(numbers: AxisPlot) -> go.Figure:
    """Loss against one hyperparameter, with the best of each bucket and the range's edges."""
    figure = style.figure(270, showlegend=False)
    for outcome in OUTCOMES:
        mask = np.array([o == outcome for o in numbers.outcomes], dtype=bool)
        if mask.any():
            _add_outcome(figure, numbers, mask, outcome)
    figure.add_scatter(
        x=numbers.bucket_values,
        y=numbers.bucket_losses,
        mode="lines+markers",
        line={"color": style.VERMILLION, "width": 2},
        marker={"size": 5},
        name="best per bucket",
        hovertemplate="best nearby: %{y:.4g}<extra></extra>",
    )
    losses = numbers.losses[[o != "failed" for o in numbers.outcomes]]
    figure.update_layout(
        margin={"t": 12},
        xaxis={"title": {"text": style.text(numbers.axis.name)}, **axis_layout(numbers.axis)},
        yaxis={"title": {"text": "validation loss"}, **style.loss_axis(losses)},
        shapes=_edges(numbers.axis),
    )
    return figure


def axes_figure(plots: Sequence[AxisPlot], columns: int = 3) -> go.Figure:
    """Several axis plots as one figure: for the dashboard and notebooks.

    Between two rows there is room for the upper one's leaning labels and the lower one's titles.
    """
    n_rows = max(1, math.ceil(len(plots) / columns))
    titles = [style.text(plot.axis.name) for plot in plots]
    grid = make_subplots(
        rows=n_rows, cols=columns, subplot_titles=titles, vertical_spacing=0.42 / n_rows
    )
    figure = style.figure(60 + 250 * n_rows, showlegend=False)
    figure.update_layout(grid.layout)
    for index, plot in enumerate(plots):
        suffix = str(index + 1) if index else ""
        single_plot = axis_figure(plot)
        for trace in single_plot.data:
            trace.update(xaxis=f"x{suffix}", yaxis=f"y{suffix}")
            figure.add_trace(trace)
        for shape in single_plot.layout.shapes:
            shape.update(xref=f"x{suffix}", yref=f"y{suffix} domain")
            figure.add_shape(shape)
        figure.layout[f"xaxis{suffix}"].update(axis_layout(plot.axis))
        layout = single_plot.layout.yaxis.to_plotly_json()
        figure.layout[f"yaxis{suffix}"].update({**layout, "title": None})
    return figure


def _add_outcome(figure: go.Figure, numbers: AxisPlot, mask: Any, outcome: str) -> None:
    values = numbers.values[mask]
    if numbers.axis.kind == "categorical":
        values = values + _jitter(numbers.numbers[mask])
    figure.add_scatter(
        x=single(values),
        y=single(numbers.losses[mask]),
        customdata=single(numbers.numbers[mask]),
        mode="markers",
        marker=style.outcome_marker(outcome, 5),
        name=outcome,
        hovertemplate=f"trial %{{customdata:.0f}} ({outcome})<br>%{{y:.4g}}<extra></extra>"
        if numbers.axis.kind == "categorical"
        else f"trial %{{customdata:.0f}} ({outcome})<br>%{{x:.3g}}: %{{y:.4g}}<extra></extra>",
    )


def _jitter(numbers: Floats) -> Floats:
    """Spread the points of one choice sideways, by the trial's number: the same every time."""
    golden = 0.618033988749895  # multiples of it modulo 1 are as evenly spread as can be
    spread: Floats = ((numbers * golden) % 1.0 - 0.5) * 0.5
    return spread


def axis_layout(axis: Axis) -> dict[str, Any]:
    """Scale, range and ticks of a hyperparameter's axis, with a margin around its edges."""
    if axis.kind == "categorical":
        return {
            "tickvals": list(range(len(axis.choices))),
            "ticktext": [style.text(choice) for choice in axis.choices],
            "range": [-0.6, len(axis.choices) - 0.4],
            "showgrid": False,
            # Long labels lean: straight ones would overlap, and Plotly hides some of them.
            "tickangle": -35 if sum(len(str(c)) for c in axis.choices) > 26 else 0,
        }
    low, high = axis.scaled(axis.low), axis.scaled(axis.high)
    margin = 0.05 * (high - low) or 1.0
    layout: dict[str, Any] = {"range": [low - margin, high + margin]}
    if axis.log:
        layout = ticks.log_layout(axis.low, axis.high) | layout
    elif axis.kind == "int" and axis.high - axis.low <= 12:
        layout["dtick"] = 1
    return layout


def _edges(axis: Axis) -> list[dict[str, Any]]:
    """Where the range ends: if the line still falls there, the range is too narrow."""
    if axis.kind == "categorical":
        return []
    return [vertical_line(edge, "dash") for edge in (axis.low, axis.high)]


def parallel_figure(numbers: ParallelCoordinates) -> go.Figure:
    """Trials as lines over the parameters' axes; a click in the legend hides a group.

    Drawn as plain lines, not as Plotly's `parcoords`: that one needs WebGL, which printers
    and some phones lack, and cannot show a trial that does not use a parameter.
    """
    figure = style.figure(420)
    columns = len(numbers.axes) + 1
    heights = np.column_stack([numbers.positions, _ranks(numbers.losses)])
    heights = np.where(np.isnan(heights), -0.09, heights)  # "not used" lies below the axes
    share = _ranks(numbers.losses)
    lower = 0.0
    for label, upper, colour, width in RANKS:
        mask = (share > lower) | (lower == 0.0)
        mask &= share <= upper
        lower = upper
        if mask.any():
            _add_lines(figure, heights[mask], numbers.numbers[mask], label, colour, width)
    figure.data = figure.data[::-1]
    labels = [style.text(a.name) for a in numbers.axes] + ["validation loss"]
    figure.update_layout(
        legend={"traceorder": "reversed"},
        shapes=[
            {"type": "line", "x0": c, "x1": c, "y0": 0, "y1": 1, "layer": "above"}
            for c in range(columns)
        ],
        annotations=[
            {"x": c, "y": at, "text": label, "xanchor": "left", "xshift": 5}
            for c, ticks_there in enumerate([*map(_ticks, numbers.axes), _rank_ticks(numbers)])
            for at, label in ticks_there
        ],
        margin={"l": 72, "r": 46, "t": 40},
        xaxis={"tickvals": list(range(columns)), "ticktext": labels, "showgrid": False,
               "range": [-0.35, columns - 0.45], "side": "bottom", "ticks": "", "zeroline": False,
               "tickangle": -30 if columns > 5 else 0},
        yaxis={"visible": False, "range": [-0.13, 1.06]},
    )  # fmt: skip
    return figure


def _ranks(losses: Floats) -> Floats:
    """Each loss's place among all, in [0, 1]: the best is 0."""
    order = np.argsort(np.argsort(losses, kind="stable"), kind="stable")
    ranks: Floats = order / max(1, len(losses) - 1)
    return ranks


def _add_lines(
    figure: go.Figure, heights: Floats, numbers: Floats, label: str, colour: str, width: float
) -> None:
    """One trace for a whole group: lines with gaps between them."""
    n, columns = heights.shape
    x = np.tile(np.append(np.arange(columns, dtype=float), math.nan), n)
    y = np.column_stack([heights, np.full(n, math.nan)]).ravel()
    figure.add_scatter(
        x=single(x),
        y=single(y),
        customdata=single(np.repeat(numbers, columns + 1)),
        mode="lines",
        line={"color": colour, "width": width},
        name=label,
        hovertemplate="trial %{customdata:.0f}<extra></extra>",
    )


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    if axis.kind == "categorical":
        return [(axis.position(choice), style.text(choice)) for choice in axis.choices[:12]]
    find = ticks.log_ticks if axis.log else ticks.linear_ticks
    values = [v for v in find(axis.low, axis.high, 5) if axis.kind != "int" or v == round(v)]
    return [(axis.position(value), ticks.tick_text(value)) for value in values]


def _rank_ticks(numbers: ParallelCoordinates) -> list[tuple[float, str]]:
    """Ticks of the last axis: losses by rank."""
    ordered = np.sort(numbers.losses)
    if not len(ordered):
        return []
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    values = [float(ordered[round(share * (len(ordered) - 1))]) for share in shares]
    return [(share, style.table_number(v)) for share, v in zip(shares, values, strict=True)]


def contour_figure(numbers: Contour) -> go.Figure:
    """Smoothed loss over two hyperparameters, with the trials that it rests on."""
    figure = style.figure(360, showlegend=False)
    ticks = np.linspace(0.0, 1.0, numbers.grid.shape[0])
    positive = bool(len(numbers.losses)) and float(numbers.losses.min()) > 0
    with np.errstate(invalid="ignore"):
        heights = np.log10(numbers.grid) if positive else numbers.grid
    figure.add_contour(
        x=ticks,
        y=ticks,
        z=single(heights),
        colorscale=style.SEQUENTIAL,
        ncontours=14,
        line={"width": 0.4},
        colorbar=_loss_bar(heights, positive),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=single(numbers.x_at),
        y=single(numbers.y_at),
        mode="markers",
        marker={"size": 5, "color": "white", "line": {"width": 1, "color": "#333"}},
        customdata=np.column_stack([numbers.numbers, numbers.losses]).astype(np.float32),
        hovertemplate="trial %{customdata[0]:.0f}<br>validation loss %{customdata[1]:.4g}"
        "<extra></extra>",
    )
    figure.update_layout(
        margin={"t": 12},
        xaxis=_unit_axis(numbers.x),
        yaxis=_unit_axis(numbers.y),
    )
    return figure


def _loss_bar(heights: Floats, log: bool) -> dict[str, Any]:
    bar = style.colour_bar("loss")
    finite = heights[np.isfinite(heights)]
    if log and len(finite):
        bar |= ticks.log_bar(10 ** float(finite.min()), 10 ** float(finite.max()))
    return bar


def _unit_axis(axis: Axis) -> dict[str, Any]:
    """An axis in positions, labelled in the parameter's own values."""
    ticks = _ticks(axis)
    return {
        "title": {"text": style.text(axis.name)},
        "tickvals": [position for position, _ in ticks],
        "ticktext": [label for _, label in ticks],
        "range": [-0.04, 1.04],
        "showgrid": False,
        "zeroline": False,
    }
