"""Figures of what matters: importances, axis plots, parallel coordinates, contours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from automl.report import style, ticks
from automl.report.figures.curves import single, vertical_line
from automl.report.numbers.importances import Importances
from automl.report.numbers.parameters import Axis, AxisPlot, Contour, ParallelCoordinates
from automl.report.numbers.trials import OUTCOMES, Floats

RANKS = (  # parallel coordinates: share of the trials, colour, width; drawn last is on top
    ("best 5 %", 0.05, style.VERMILLION, 2.2),
    ("best 25 %", 0.25, style.SKY, 1.2),
    ("others", 1.0, style.FAINT, 1.0),
)
PLACES = ((0.0, "best"), (0.5, "middle"), (1.0, "worst"))
"""Ticks of the axis of places."""


def importances_figure(numbers: Importances, at_most: int | None = None) -> go.Figure:
    """Horizontal bars with 95 % intervals, the most important parameter on top.

    Parameters that cannot be told from chance are grey.

    Args:
        at_most: so many of the most important ones; None for all.
    """
    shown = numbers.judged[:at_most][::-1]  # Plotly draws bars from below
    figure = style.figure(76 + 30 * len(shown), showlegend=False)
    figure.add_bar(
        x=[one.share for one in shown],
        y=[style.text(one.name) for one in shown],
        orientation="h",
        marker={"color": [style.BLUE if one.is_certain else style.PALE for one in shown]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [one.high - one.share for one in shown],
            "arrayminus": [one.share - one.low for one in shown],
            "color": style.GREY,
            "thickness": 1.5,
            "width": 4,
        },
        customdata=[[one.low, one.high] for one in shown],
        hovertemplate="%{y}: %{x:.0%}<br>95 % interval %{customdata[0]:.0%} to "
        "%{customdata[1]:.0%}<extra></extra>",
    )
    figure.update_layout(
        margin={"t": 8, "r": 16},
        bargap=0.4,
        xaxis={"tickformat": ".0%", "rangemode": "tozero",
               "title": {"text": "share of the differences between trials"}},
        yaxis={"showgrid": False, "ticks": "", "ticksuffix": "  "},
    )  # fmt: skip
    return figure


def axis_figure(numbers: AxisPlot) -> go.Figure:
    """Place against one hyperparameter, with the best of each bucket and the range's edges."""
    figure = style.figure(250, showlegend=False)
    for outcome in reversed(OUTCOMES):  # the complete ones lie on top
        mask = np.array([o == outcome for o in numbers.outcomes], dtype=bool)
        if mask.any():
            _add_outcome(figure, numbers, mask, outcome)
    _add_best(figure, numbers)
    figure.update_layout(
        margin={"t": 12},
        xaxis={"title": {"text": style.text(numbers.axis.name)}, **axis_layout(numbers.axis)},
        yaxis={
            "title": {"text": "place"},
            "range": [-0.06, 1.06],
            "tickvals": [at for at, _ in PLACES],
            "ticktext": [label for _, label in PLACES],
        },
        shapes=_edges(numbers.axis),
    )
    return figure


def _add_best(figure: go.Figure, numbers: AxisPlot) -> None:
    """The best trial of each bucket: a line over numbers, dashes over choices."""
    if numbers.axis.kind == "categorical":
        looks: dict[str, Any] = {
            "mode": "markers",
            "marker": {"symbol": "line-ew", "size": 26,
                       "line": {"width": 3, "color": style.VERMILLION}},
        }  # fmt: skip
    else:
        looks = {
            "mode": "lines+markers",
            "line": {"color": style.VERMILLION, "width": 2},
            "marker": {"size": 5},
        }
    figure.add_scatter(
        x=numbers.bucket_values,
        y=numbers.bucket_places,
        name="best nearby",
        hovertemplate="best nearby: %{y:.0%} are better<extra></extra>",
        **looks,
    )


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
    at = "" if numbers.axis.kind == "categorical" else "<br>%{x:.3g}"
    figure.add_scatter(
        x=single(values),
        y=single(numbers.places[mask]),
        customdata=np.column_stack([numbers.numbers[mask], numbers.losses[mask]]).astype(
            np.float32
        ),
        mode="markers",
        marker=style.outcome_marker(outcome, 5, is_faint=outcome != "complete"),
        name=outcome,
        hovertemplate=f"trial %{{customdata[0]:.0f}} ({outcome}){at}<br>%{{y:.0%}} of the others "
        "are better<br>validation loss %{customdata[1]:.4g}<extra></extra>",
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
            "tickangle": -35 if sum(len(str(c)) for c in axis.choices) > 20 else 0,
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
    heights = np.column_stack([numbers.positions, numbers.places])
    heights = np.where(np.isnan(heights), -0.09, heights)  # "not used" lies below the axes
    share = _ranks(numbers.places)
    lower = 0.0
    for label, upper, colour, width in RANKS:
        mask = (share > lower) | (lower == 0.0)
        mask &= share <= upper
        lower = upper
        if mask.any():
            _add_lines(figure, heights[mask], numbers.numbers[mask], label, colour, width)
    figure.data = figure.data[::-1]
    labels = [style.text(a.name) for a in numbers.axes] + ["place"]
    figure.update_layout(
        legend={"traceorder": "reversed"},
        shapes=[
            {"type": "line", "x0": c, "x1": c, "y0": 0, "y1": 1, "layer": "above"}
            for c in range(columns)
        ],
        annotations=[
            {"x": c, "y": at, "text": label, "xanchor": "left", "xshift": 5}
            for c, ticks_there in enumerate([*map(_ticks, numbers.axes), PLACES])
            for at, label in ticks_there
        ],
        margin={"l": 72, "r": 46, "t": 40},
        xaxis={"tickvals": list(range(columns)), "ticktext": labels, "showgrid": False,
               "range": [-0.35, columns - 0.45], "side": "bottom", "ticks": "", "zeroline": False,
               "tickangle": -30 if columns > 5 else 0},
        yaxis={"visible": False, "range": [-0.13, 1.06]},
    )  # fmt: skip
    return figure


def _ranks(places: Floats) -> Floats:
    """The order of the drawn trials, in [0, 1]: the best is 0."""
    order = np.argsort(np.argsort(places, kind="stable"), kind="stable")
    ranks: Floats = order / max(1, len(places) - 1)
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


def contour_figure(numbers: Contour) -> go.Figure:
    """The smoothed place over two hyperparameters, with the trials that it rests on."""
    figure = style.figure(360, showlegend=False)
    ticks = np.linspace(0.0, 1.0, numbers.grid.shape[0])
    figure.add_contour(
        x=ticks,
        y=ticks,
        z=single(numbers.grid),
        colorscale=style.SEQUENTIAL,
        contours={"start": 0.0, "end": 1.0, "size": 0.1},
        zmin=0.0,
        zmax=1.0,
        line={"width": 0.4},
        colorbar=style.colour_bar(
            "place", tickvals=[at for at, _ in PLACES], ticktext=[label for _, label in PLACES]
        ),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=single(numbers.x_at),
        y=single(numbers.y_at),
        mode="markers",
        marker={"size": 5, "color": "white", "line": {"width": 1, "color": "#333"}},
        customdata=np.column_stack([numbers.numbers, numbers.places]).astype(np.float32),
        hovertemplate="trial %{customdata[0]:.0f}<br>%{customdata[1]:.0%} of the others are better"
        "<extra></extra>",
    )
    figure.update_layout(
        margin={"t": 12},
        xaxis=_unit_axis(numbers.x),
        yaxis=_unit_axis(numbers.y),
    )
    return figure


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
