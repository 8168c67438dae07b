"""The figure of the result: the network's test score beside its two references."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from automl.reference_names import REFERENCE_NAMES
from automl.report.figures import style
from automl.report.numbers.overview import ReferenceScore, Score
from automl.score_names import score_name
from storage.records import ReferenceName

BOUNDED = frozenset({"accuracy", "balanced_accuracy", "roc_auc", "f1", "r2"})  # by 1


MARKERS: Mapping[ReferenceName, tuple[str, str]] = {
    "guessing": (style.GREY, "square"),
    "linear_model": (style.ORANGE, "diamond"),
    "boosted_trees": (style.GREEN, "diamond"),
}
"""Colour and symbol."""


def score_figure(score: Score) -> go.Figure:
    """Network and references as dots with their 95 % intervals on one axis."""
    figure = style.figure(190, showlegend=False)
    rows = [
        (REFERENCE_NAMES[one.name], one.value, _shown(one), *MARKERS[one.name])
        for one in score.references
    ]
    rows.append(("network", score.network, score.interval, style.BLUE, "circle"))
    for name, value, interval, colour, symbol in rows:
        figure.add_scatter(
            x=[value],
            y=[f"{name}  "],
            error_x=_bars(value, interval, colour),
            mode="markers+text",
            text=[style.number(value)],
            textposition="top center",
            cliponaxis=False,
            marker={"size": 13, "color": colour, "symbol": symbol},
            hovertemplate=f"{name}: %{{x:.4g}}<extra></extra>",
        )
    _frame(figure, score)
    better = "higher" if score.higher_is_better else "lower"
    title = f"{score_name(score.metric)} on test rows ({better} is better)"
    figure.update_layout(
        margin={"t": 20, "r": 24},
        xaxis={"title": {"text": style.text(title)}, "zeroline": False},
        yaxis={"showgrid": False, "ticks": "", "range": [-0.8, len(figure.data) - 0.3]},
    )
    return figure


def _frame(figure: go.Figure, score: Score) -> None:
    """Leave a far baseline outside the frame, and say where: the others are what differs."""
    near = [score.network, *(score.interval or ())]
    fitted = [one for one in score.references if one.name != "guessing"]
    for one in fitted:
        near += [one.value, *(one.interval or ())]
    low, high = min(near), max(near)
    span = (high - low) or abs(high) or 1.0
    baseline = next((one.value for one in score.references if one.name == "guessing"), None)
    if baseline is None or low - 2 * span <= baseline <= high + 2 * span or len(near) < 2:
        return
    left = baseline < low
    figure.data = figure.data[1:]
    ceiling = 1.0 if score.metric in BOUNDED else math.inf
    right = max(high + 0.05 * span, min(high + 0.6 * span, ceiling))
    figure.update_xaxes(range=[low - 0.6 * span, right])
    label = f"guessing {style.number(baseline)}"
    figure.add_annotation(
        x=0 if left else 1, xref="paper", xanchor="left" if left else "right",
        y=-0.55, text=f"← {label}" if left else f"{label} →",
    )  # fmt: skip


def _shown(one: ReferenceScore) -> tuple[float, float] | None:
    """The interval of a model that was fitted; a constant has none worth showing."""
    return None if one.name == "guessing" else one.interval


def _bars(value: float, interval: tuple[float, float] | None, colour: str) -> dict[str, Any]:
    if interval is None:
        return {"visible": False}
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, interval[1] - value)],
        "arrayminus": [max(0.0, value - interval[0])],
        "color": colour,
        "thickness": 2.5,
        "width": 7,
    }
