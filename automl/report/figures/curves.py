"""Figures of learning curves, of the bias and variance plane, and of the data size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from automl.report import style, ticks
from automl.report.numbers.curves import (
    BiasVariancePlane,
    DataSizeCurve,
    LearningCurves,
    TrialCurve,
)
from automl.report.numbers.trials import OUTCOMES, Floats
from storage.records import ParameterValue


def curves_figure(numbers: LearningCurves) -> go.Figure:
    """The best trial's train and validation loss over all other validation curves."""
    figure = style.figure(440)
    _add_faint(figure, [*numbers.others, *numbers.best[1:]])
    _add_pruned_ends(figure, [c for c in numbers.others if c.outcome == "pruned"])
    if numbers.best:
        _add_train_and_valid(figure, numbers.best[0])
    figure.update_layout(
        xaxis=_epoch_axis([*numbers.best, *numbers.others]),
        yaxis={"title": {"text": style.loss_title(numbers.loss)}, **_curves_axis(numbers)},
    )
    return figure


def trial_curves_figure(curve: TrialCurve, loss: str) -> go.Figure:
    """One trial's train and validation loss: a small multiple."""
    figure = style.figure(260)
    _add_train_and_valid(figure, curve)
    values = np.concatenate([curve.train, curve.valid])
    figure.update_layout(
        xaxis=_epoch_axis([curve]),
        yaxis={"title": {"text": style.loss_title(loss)}, **style.loss_axis(values, values)},
    )
    return figure


def _epoch_axis(curves: Sequence[TrialCurve]) -> dict[str, Any]:
    """From the start, with room at the end for the last marker."""
    last = max((float(curve.epochs[-1]) for curve in curves), default=1.0)
    return {"title": {"text": "epoch"}, "range": [0, 1.03 * last]}


def _curves_axis(numbers: LearningCurves) -> dict[str, Any]:
    """Frame the best trials and the bulk of the others."""
    best = [value for c in numbers.best for value in (*c.train, *c.valid)]
    others = [float(c.valid[-1]) for c in numbers.others if math.isfinite(c.valid[-1])]
    first = numbers.best[0].valid if numbers.best else ()
    return style.loss_axis([*best, *others], inside=first)


def _add_train_and_valid(figure: go.Figure, curve: TrialCurve) -> None:
    label = f"trial {curve.number}"
    hover = f"{label}<br>epoch %{{x}}<br>%{{fullData.meta}} loss %{{y:.4g}}<extra></extra>"
    shared: dict[str, Any] = {"mode": "lines", "x": single(curve.epochs), "hovertemplate": hover}
    train_line = {"color": style.TRAIN, "width": 2, "dash": "6px,3px"}
    figure.add_scatter(
        y=single(curve.train), name="train", meta="train", line=train_line, **shared
    )
    figure.add_scatter(
        y=single(curve.valid),
        name="validation",
        meta="validation",
        line={"color": style.VALID, "width": 2.5},
        fill="tonexty",
        fillcolor=style.SHADE,
        **shared,
    )
    lowest = "best epoch" if curve.n_folds == 1 else "lowest of the mean"
    figure.add_scatter(
        x=[curve.lowest_epoch],
        y=[curve.best_valid],
        mode="markers",
        name=f"{lowest} ({curve.lowest_epoch})",
        marker={"color": style.VALID, "size": 11, "symbol": "diamond",
                "line": {"width": 1.5, "color": "white"}},
        hovertemplate=f"{label}<br>{lowest} (%{{x}})<br>validation loss %{{y:.4g}}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(shapes=[vertical_line(curve.lowest_epoch, "dot")])


def _add_faint(figure: go.Figure, curves: Sequence[TrialCurve]) -> None:
    """All other curves as one trace, with gaps between them."""
    if not curves:
        return
    gap = np.array([math.nan])
    pieces = [(c.epochs, c.valid, np.full(len(c.epochs), c.number)) for c in curves]
    joined = [
        np.concatenate([part for piece in pieces for part in (piece[i], gap)]) for i in range(3)
    ]
    figure.add_scatter(
        x=single(joined[0]),
        y=single(joined[1]),
        customdata=single(joined[2]),
        mode="lines",
        line={"color": style.FAINT, "width": 1},
        name="other trials",
        hovertemplate="trial %{customdata:.0f}<br>epoch %{x}<br>validation loss %{y:.4g}"
        "<extra></extra>",
    )


def _add_pruned_ends(figure: go.Figure, pruned: Sequence[TrialCurve]) -> None:
    if pruned:
        figure.add_scatter(
            x=single([c.epochs[-1] for c in pruned]),
            y=single([c.valid[-1] for c in pruned]),
            customdata=single([c.number for c in pruned]),
            mode="markers",
            name="pruned",
            marker=style.outcome_marker("pruned", 6),
            hovertemplate="trial %{customdata:.0f} pruned<br>after epoch %{x}<br>"
            "validation loss %{y:.4g}<extra></extra>",
        )


def bias_variance_figure(numbers: BiasVariancePlane, colour_by: str = "outcome") -> go.Figure:
    """Every trial at its best epoch: to the left fits better, further down generalizes better.

    Args:
        colour_by: a key of `numbers.colours`; an unknown one raises KeyError.
    """
    figure = style.figure(440)
    figure.add_traces(plane_traces(numbers, colour_by))
    figure.update_layout(
        xaxis={
            "title": {"text": style.loss_title(numbers.loss, "train")},
            **style.loss_axis(numbers.train_loss),
        },
        yaxis={
            "title": {"text": "generalization gap (validation − train)"},
            **_gap_axis(numbers.gap),
        },
    )
    if numbers.baseline_loss is not None:
        _add_baseline(figure, numbers.baseline_loss)
    return figure


def _add_baseline(figure: go.Figure, loss: float) -> None:
    """Where predicting class frequencies or the mean lies: right of it nothing was learned."""
    figure.update_layout(shapes=[vertical_line(loss, "dash")])
    is_log = figure.layout.xaxis.type == "log"
    figure.add_annotation(
        x=math.log10(loss) if is_log else loss,  # Plotly wants annotations in log units
        y=1,
        yref="paper",
        yanchor="top",
        xanchor="right",
        text="baseline",
    )


def _gap_axis(gaps: Floats) -> dict[str, Any]:
    """Linear, since gaps may be negative; the outermost 2 % on either side may lie outside."""
    if not len(gaps):
        return {}
    low, high = np.quantile(gaps, [0.02, 0.98])
    margin = 0.15 * (high - low) or 0.1
    return {"range": [float(min(low, 0.0) - margin), float(high + margin)], "zeroline": True}


def plane_traces(numbers: BiasVariancePlane, colour_by: str) -> list[go.Scatter]:
    """The points, one trace per category, or one with a colour bar for numbers; the best last."""
    return [*_plane_points(numbers, colour_by), *_best_point(numbers)]


def _plane_points(numbers: BiasVariancePlane, colour_by: str) -> list[go.Scatter]:
    values = numbers.colours[colour_by]
    if colour_by == "outcome":
        return [
            _points(numbers, np.array([o == outcome for o in values]), name=outcome,
                    marker=dict(style.outcome_marker(outcome, 8)))
            for outcome in OUTCOMES
            if outcome in values
        ]  # fmt: skip
    if all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in values):
        return [_coloured_points(numbers, colour_by, values)]
    return _category_points(numbers, values)


def _category_points(
    numbers: BiasVariancePlane, values: tuple[ParameterValue, ...]
) -> list[go.Scatter]:
    """Up to as many categories as there are colours; symbols repeat them, the rest is grey."""
    symbols = ("circle", "square", "diamond", "triangle-up", "cross", "star")
    names = sorted({str(v) for v in values if v is not None})
    traces = []
    shown = names[: len(style.CYCLE)]
    for index, name in enumerate(shown):
        mask = np.array([v is not None and str(v) == name for v in values])
        marker = {"color": style.CYCLE[index], "symbol": symbols[index], "size": 8, "opacity": 0.8}
        traces.append(_points(numbers, mask, name=style.text(name), marker=marker))
    rest = np.array([v is None or str(v) not in shown for v in values])
    if rest.any():
        label = "other" if len(names) > len(shown) else "not used"
        marker = {"color": style.GREY, "size": 6, "symbol": "circle-open"}
        traces.append(_points(numbers, rest, name=label, marker=marker))
    return traces


def _coloured_points(
    numbers: BiasVariancePlane, name: str, values: tuple[ParameterValue, ...]
) -> go.Scatter:
    colour = np.array([math.nan if v is None else float(v) for v in values])
    finite = colour[np.isfinite(colour)]
    log = len(finite) > 0 and finite.min() > 0 and finite.max() / finite.min() > 50
    with np.errstate(invalid="ignore", divide="ignore"):
        shade = np.log10(colour) if log else colour
    bar = style.colour_bar(style.text(name), len=0.9)
    if log:
        bar |= ticks.log_bar(float(finite.min()), float(finite.max()))
    marker = {"color": single(shade), "colorscale": style.SEQUENTIAL, "size": 8, "opacity": 0.85,
              "showscale": True, "colorbar": bar}  # fmt: skip
    mask = np.isfinite(colour)
    marker["color"] = single(shade[mask])
    return _points(numbers, mask, name=style.text(name), marker=marker)


def _points(
    numbers: BiasVariancePlane, mask: Any, *, name: str, marker: dict[str, Any]
) -> go.Scatter:
    return go.Scatter(
        x=single(numbers.train_loss[mask]),
        y=single(numbers.gap[mask]),
        customdata=single(numbers.numbers[mask]),
        mode="markers",
        name=name,
        marker=marker,
        hovertemplate="trial %{customdata:.0f}<br>train loss %{x:.4g}<br>gap %{y:.4g}"
        "<extra></extra>",
    )


def _best_point(numbers: BiasVariancePlane) -> list[go.Scatter]:
    found = np.flatnonzero(numbers.numbers == numbers.best_number)
    if not len(found):
        return []
    return [
        go.Scatter(
            x=[float(numbers.train_loss[found[0]])],
            y=[float(numbers.gap[found[0]])],
            mode="markers",
            name=f"best (trial {numbers.best_number})",
            marker={
                "symbol": "star",
                "size": 17,
                "color": style.GREEN,
                "line": {"width": 1.5, "color": "white"},
            },
            hovertemplate="best trial<br>train loss %{x:.4g}<br>gap %{y:.4g}<extra></extra>",
        )
    ]


def data_size_figure(numbers: DataSizeCurve) -> go.Figure:
    """Losses of one configuration against the number of rows it was trained on."""
    figure = style.figure(340)
    for name, mean, spread, colour, dash in (
        ("train", numbers.train, numbers.train_spread, style.TRAIN, "6px,3px"),
        ("validation", numbers.valid, numbers.valid_spread, style.VALID, "solid"),
    ):
        figure.add_scatter(
            x=numbers.rows,
            y=mean,
            error_y={"type": "data", "array": spread, "thickness": 1.2, "width": 4},
            mode="lines+markers",
            name=name,
            line={"color": colour, "width": 2, "dash": dash},
            hovertemplate="%{x:.0f} rows<br>%{fullData.name} loss %{y:.4g}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"title": {"text": "training rows"}, "rangemode": "tozero"},
        yaxis={"title": {"text": style.loss_title(numbers.loss)}},
    )
    return figure


def vertical_line(x: float, dash: str) -> dict[str, Any]:
    """A thin line over the whole height (as `add_vline`, which takes 20 ms)."""
    place = {"x0": x, "x1": x, "y0": 0, "y1": 1, "xref": "x", "yref": "y domain"}
    return {"type": "line", **place, "line": {"dash": dash, "width": 1}}


def single(values: Any) -> Any:
    """Coordinates in single precision: seven digits suffice on a screen and halve the file."""
    return np.asarray(values, dtype=np.float32)
