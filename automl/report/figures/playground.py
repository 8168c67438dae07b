"""The figure of one playground run: its decision surface above its learning curves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from automl.report.figures import style, ticks
from automl.report.figures.curves import single

if TYPE_CHECKING:  # the module that trains loads torch, a figure needs only its numbers
    from automl.tuning.playground import PlayedRun, Playground

N_POINTS = 120  # per class and picture; more would hide the surface
FIRST, SECOND = style.BLUE, style.ORANGE
# The classes' colours, paled, meeting in white where the network is undecided.
SURFACE = [[0.0, "#6aaed6"], [0.5, "#f7f7f5"], [1.0, "#f2b95c"]]


def run_figure(played: Playground, run: PlayedRun, loss_range: tuple[float, float]) -> go.Figure:
    """Where the network says which class, and how its losses fell."""
    figure = style.figure(300, showlegend=False)
    figure.add_heatmap(
        z=np.round(255 * np.nan_to_num(run.surface, nan=0.5)).astype(np.uint8),
        x=single(played.x),
        y=single(played.y),
        zmin=0,
        zmax=255,
        colorscale=SURFACE,
        showscale=False,
        zsmooth="best",
        hoverinfo="skip",
    )
    for target, colour, symbol in ((0, FIRST, "circle"), (1, SECOND, "diamond")):
        points = played.points[played.targets == target][:N_POINTS]
        figure.add_scatter(
            x=single(points[:, 0]),
            y=single(points[:, 1]),
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 4,
                    "line": {"width": 0.5, "color": "white"}},
            hoverinfo="skip",
        )  # fmt: skip
    _add_curves(figure, run)
    _lay_out(figure, played, loss_range)
    return figure


def _add_curves(figure: go.Figure, run: PlayedRun) -> None:
    for name, losses, colour, dash in (
        ("train", run.train_loss, style.TRAIN, "6px,3px"),
        ("validation", run.valid_loss, style.VALID, "solid"),
    ):
        finite = np.where(np.isfinite(losses), losses, math.nan)
        figure.add_scatter(
            x=single(np.arange(1, len(losses) + 1)),
            y=single(finite),
            mode="lines",
            name=name,
            line={"color": colour, "width": 1.6, "dash": dash},
            xaxis="x2",
            yaxis="y2",
            hovertemplate="epoch %{x}<br>%{fullData.name} loss %{y:.3g}<extra></extra>",
        )


def _lay_out(figure: go.Figure, played: Playground, loss_range: tuple[float, float]) -> None:
    hidden = {"showticklabels": False, "showgrid": False, "zeroline": False, "ticks": ""}
    low, high = loss_range
    figure.update_layout(
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        dragmode=False,
        xaxis={**hidden, "domain": [0, 1], "range": [played.x[0], played.x[-1]]},
        yaxis={**hidden, "domain": [0.4, 1], "range": [played.y[0], played.y[-1]]},
        xaxis2={"anchor": "y2", "range": [0, played.n_epochs], "nticks": 4},
        # Labels inside, so that the surface above keeps the whole width.
        yaxis2={"anchor": "x2", "domain": [0, 0.32], "ticklabelposition": "inside top",
                "ticks": "", **ticks.log_layout(low / 1.3, high * 1.3, 4)},
    )  # fmt: skip
