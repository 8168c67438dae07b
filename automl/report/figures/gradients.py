"""Figures of gradient flow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from automl.report import style
from automl.report.figures.curves import single
from automl.report.numbers.gradients import GradientFlow, InitializationTable
from automl.score_names import score_text


def gradient_flow_figure(numbers: GradientFlow) -> go.Figure:
    """Layers by epochs, coloured by the logarithm of the gradient norm."""
    n_layers = len(numbers.layers)
    figure = style.figure(150 + 34 * n_layers, showlegend=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        heights = np.log10(np.maximum(numbers.gradient_norm, 1e-12))
    figure.add_heatmap(
        z=single(heights),
        x=["start" if epoch == 0 else str(epoch) for epoch in numbers.epochs],
        y=[style.text(name) for name in numbers.layers],
        colorscale=style.SEQUENTIAL,
        zmin=min(-4.0, float(np.nanmin(heights))) if np.isfinite(heights).any() else -4.0,
        zmax=max(1.0, float(np.nanmax(heights))) if np.isfinite(heights).any() else 1.0,
        xgap=2,
        ygap=2,
        customdata=_hover(numbers),
        hovertemplate="%{y}, epoch %{x}<br>%{customdata}<extra></extra>",
        colorbar=style.colour_bar(
            "norm", tickprefix="10<sup>", ticksuffix="</sup>", tickformat="d", nticks=6
        ),
    )  # fmt: skip
    figure.update_layout(
        margin={"t": 12},
        xaxis={"type": "category", "title": {"text": "epoch"}, "showgrid": False, "ticks": ""},
        yaxis={"showgrid": False, "ticks": "", "ticksuffix": "  "},
    )
    return figure


def _hover(numbers: GradientFlow) -> list[list[str]]:
    """What a cell says: the norm, the update ratio, and shares where they are not zero."""
    rows = []
    for layer in range(len(numbers.layers)):
        row = []
        for moment in range(len(numbers.epochs)):
            lines = [f"gradient norm {numbers.gradient_norm[layer, moment]:.2e}"]
            if math.isfinite(numbers.update_ratio[layer, moment]):
                lines.append(f"update / weight {numbers.update_ratio[layer, moment]:.1e}")
            for name, values in (("saturated", numbers.saturated), ("dead", numbers.dead)):
                if values[layer, moment] > 0:
                    lines.append(f"{values[layer, moment]:.0%} {name}")
            row.append("<br>".join(lines))
        rows.append(row)
    return rows


def initialization_figure(numbers: InitializationTable) -> go.Figure:
    """Activation x initialization: how evenly the gradient flows before the first update."""
    shape = (len(numbers.activations), len(numbers.initializations))
    heights = np.full(shape, math.nan)
    labels: list[list[str]] = [[""] * shape[1] for _ in range(shape[0])]
    details: list[list[str]] = [["no trial"] * shape[1] for _ in range(shape[0])]
    for cell in numbers.cells:
        row = numbers.activations.index(cell.activation)
        column = numbers.initializations.index(cell.initialization)
        heights[row, column] = np.clip(cell.log_ratio, -6, 6)
        labels[row][column] = _power(cell.log_ratio)
        details[row][column] = (
            f"{cell.n_trials} trials<br>vanished in {cell.n_vanished}, exploded in "
            f"{cell.n_exploded}<br>best validation loss {score_text('loss', cell.best_value)}"
        )
    figure = style.figure(150 + 40 * shape[0], showlegend=False)
    figure.add_heatmap(
        z=single(heights),
        x=[style.text(name) for name in numbers.initializations],
        y=[style.text(name) for name in numbers.activations],
        text=labels,
        texttemplate="%{text}",
        textfont={"color": "#1f2328", "size": 12},
        customdata=details,
        hovertemplate="%{y}, %{x}<br>%{customdata}<extra></extra>",
        # White where the flow is even, blue where it was lost, orange where it grew.
        colorscale=[[0.0, "#7fb2d9"], [0.5, "#f6f6f4"], [1.0, "#f0a868"]],
        zmin=-4,
        zmax=4,
        xgap=2,
        ygap=2,
        colorbar=_ratio_bar(),
    )
    figure.update_layout(
        margin={"t": 12},
        xaxis={"title": {"text": "initialization"}, "showgrid": False, "ticks": "",
               "type": "category"},
        yaxis={"title": {"text": "activation"}, "showgrid": False, "ticks": "",
               "type": "category", "ticksuffix": "  "},
    )  # fmt: skip
    return figure


def _power(log_ratio: float) -> str:
    if not math.isfinite(log_ratio):
        return "∞"
    if abs(log_ratio) < 1:
        return f"{10**log_ratio:.2g}×"
    return f"10<sup>{log_ratio:.1f}</sup>".replace("-", "−")


def _ratio_bar() -> dict[str, Any]:
    labels = ["10<sup>−4</sup>", "10<sup>−2</sup>", "even", "10<sup>2</sup>", "10<sup>4</sup>"]
    return style.colour_bar("first / last", tickvals=[-4, -2, 0, 2, 4], ticktext=labels)
