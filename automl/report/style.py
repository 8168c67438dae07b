"""The looks that all figures share: palette, templates, escaping, number formats.

Colours are Okabe and Ito's (2008, "Color Universal Design"), which stay apart under the
common colour-vision deficiencies; black and yellow are left out, because one of them is
lost on a dark page and the other on a light one. Symbols and dashes repeat what colours say.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import plotly.graph_objects as go

from automl.report import ticks
from automl.report.numbers.axes import Axis
from automl.report.numbers.trials import Trial
from storage.records import OUTCOMES, TRAINED_IN_PART, Outcome

BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
ORANGE, SKY, PURPLE = "#E69F00", "#56B4E9", "#CC79A7"
GREY = "#8A8F98"
PALE = "#B9C0C9"  # bars of what cannot be told from chance
FAINT = "rgba(138,143,152,0.28)"
SHADE = "rgba(213,94,0,0.14)"  # between train (blue) and validation (vermillion)
BAND = "rgba(86,180,233,0.38)"  # where the middle of many values lies
CYCLE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY)
DASHES = ("solid", "6px,3px", "2px,2px", "8px,3px,2px,3px", "12px,4px", "1px,3px")
TRAIN, VALID = BLUE, VERMILLION

# On dark paper the darker ones are lit up, in the same hue and order of lightness.
ON_DARK = {BLUE: "#3B93DB", VERMILLION: "#F07A2B", GREEN: "#1DB98B", SKY: "#9AD4F5"}

OUTCOME_COLOURS = {"complete": BLUE, "pruned": ORANGE, "paused": GREEN, "failed": PURPLE,
                   "refused": GREY, "unfinished": SKY}  # fmt: skip
OUTCOME_SYMBOLS = {"complete": "circle", "pruned": "x-thin", "paused": "line-ns",
                   "failed": "triangle-up-open",
                   "refused": "square-open", "unfinished": "circle-open"}  # fmt: skip

# Cividis: perceptually even, the same order under all colour-vision deficiencies, and its
# ends are visible on light and on dark paper (Nunez et al. 2018). Low is good: dark blue.
SEQUENTIAL = "Cividis"

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'
LOSS_TITLES = {
    "cross_entropy": "cross-entropy",
    "binary_cross_entropy": "binary cross-entropy",
    "mean_squared": "mean squared error (standardized target)",
    "mean_absolute": "mean absolute error (standardized target)",
    "huber": "Huber loss (standardized target)",
    "objective": "loss",
}


PLACES = ((0.0, "best"), (0.5, "middle"), (1.0, "worst"))
"""Ticks of an axis of places."""

PLAIN_NUMBERS = ",.6~g"
"""Plotly's format of numbers on an axis in the target's own unit: 200,000 and not 2·10⁵."""

Interval: TypeAlias = tuple[float, float]
NO_TEMPLATE = go.layout.Template()
MARGIN = {"l": 8, "r": 12, "t": 36, "b": 8, "autoexpand": True}


def _template(ink: str, grid: str, paper: str, box: str, veil: str) -> go.layout.Template:
    axis = {
        "gridcolor": grid,
        "linecolor": grid,
        "zerolinecolor": grid,
        "zerolinewidth": 1,
        "tickcolor": grid,
        "ticks": "outside",
        "ticklen": 4,
        "automargin": True,
        "title": {"standoff": 10, "font": {"size": 13}},
        "tickfont": {"size": 12},
        "exponentformat": "power",
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": ink},
            "paper_bgcolor": paper,
            "plot_bgcolor": paper,
            "colorway": list(CYCLE),
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {
                "bgcolor": box,
                "bordercolor": grid,
                "font": {"family": FONT, "size": 12, "color": ink},
                "align": "left",
            },
            "legend": {"bgcolor": "rgba(0,0,0,0)", "font": {"size": 12}},
            "shapedefaults": {"line": {"color": GREY, "width": 1}},
            "annotationdefaults": {
                "font": {"size": 11, "color": ink},
                "showarrow": False,
                "bgcolor": veil,  # a label that lies over lines stays readable
                "borderpad": 1,
            },
        }
    )


LIGHT = _template(ink="#1f2328", grid="#dfe3e8", paper="#ffffff", box="#ffffff",
                  veil="rgba(255,255,255,0.82)")  # fmt: skip
DARK = _template(ink="#e4e7eb", grid="#353c45", paper="#171b21", box="#232933",
                 veil="rgba(23,27,33,0.82)")  # fmt: skip


def figure(height: int = 380, **layout: Any) -> go.Figure:
    """An empty figure, its legend above the plot.

    It carries no template yet: pages bring their own for light and for dark, and `themed`
    adds the light one where a figure stands alone. (Plotly copies and checks a template at
    every assignment, which took a third of the time of writing a report.)
    """
    settings: dict[str, Any] = {
        "template": NO_TEMPLATE,
        "height": height,
        "margin": MARGIN,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
        "dragmode": "zoom",
    }
    return go.Figure(layout=settings | layout)


def themed(made: go.Figure) -> go.Figure:
    """The figure in the light style, for notebooks and the dashboard."""
    made.layout.template = LIGHT
    return made


def text(value: object) -> str:
    """A piece of data as text in a figure: Plotly reads some HTML in labels, so escape it.

    Long names are cut, since Plotly would give them the whole width.
    """
    plain = str(value)
    shown = plain if len(plain) <= 40 else f"{plain[:37]}..."
    return html.escape(shown, quote=False)


def by_outcome(trials: Iterable[Trial]) -> list[tuple[Outcome, list[Trial]]]:
    """Trials that ended alike, in the order in which they are drawn: complete ones lie on top."""
    ended: dict[Outcome, list[Trial]] = {outcome: [] for outcome in reversed(OUTCOMES)}
    for trial in trials:
        ended[trial.outcome].append(trial)
    return [(outcome, alike) for outcome, alike in ended.items() if alike]


def single(values: Any) -> Any:
    """Coordinates in single precision: seven digits suffice on a screen and halve the file."""
    return np.asarray(values, dtype=np.float32)


def vertical_line(x: float, dash: str) -> dict[str, Any]:
    """A thin line over the whole height (as `add_vline`, which takes 20 ms)."""
    place = {"x0": x, "x1": x, "y0": 0, "y1": 1, "xref": "x", "yref": "y domain"}
    return {"type": "line", **place, "line": {"dash": dash, "width": 1}}


def shares_figure(x: str, y: str, diagonal: str, curves: Iterable[go.Scatter]) -> go.Figure:
    """Curves of several classes over two shares, each in a colour and dash of its own.

    Args:
        x, y: titles of the axes.
        diagonal: what it means to lie on it.
    """
    made = figure(400)
    for index, curve in enumerate(curves):
        dash = DASHES[index % len(DASHES)]
        curve.line = {"color": CYCLE[index % len(CYCLE)], "width": 2, "dash": dash}
        made.add_trace(curve)
    line = {"color": GREY, "width": 1, "dash": "dot"}
    made.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name=diagonal, line=line, hoverinfo="skip")
    frame = {"range": [-0.02, 1.02]}
    return made.update_layout(xaxis={"title": x, **frame}, yaxis={"title": y, **frame})


def interval_bar(values: Sequence[float], intervals: Sequence[Interval], **looks: Any) -> Any:
    """Bars from each value to the ends of its interval."""
    ends = list(zip(values, intervals, strict=True))
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, high - value) for value, (_, high) in ends],
        "arrayminus": [max(0.0, value - low) for value, (low, _) in ends],
        **looks,
    }


def colour_bar(title: str, **more: Any) -> dict[str, Any]:
    """A slim colour bar with its title above."""
    heading = {"text": title, "side": "top", "font": {"size": 12}}
    return {"title": heading, "thickness": 11, "outlinewidth": 0, "ticks": "",
            "tickfont": {"size": 11}, **more}  # fmt: skip


def loss_title(loss: str, prefix: str = "") -> str:
    """An axis title for a loss."""
    name = LOSS_TITLES.get(loss, text(loss))
    return f"{prefix} {name}".strip()


def axis_ticks(axis: Axis) -> list[tuple[float, str]]:
    """Positions on a hyperparameter's axis, with what they are labelled."""
    if axis.kind == "categorical":
        return [(axis.position(choice), text(choice)) for choice in axis.choices[:12]]
    find = ticks.log_ticks if axis.log else ticks.linear_ticks
    values = [v for v in find(axis.low, axis.high, 5) if axis.kind != "int" or v == round(v)]
    return [(axis.position(value), ticks.tick_text(value)) for value in values]


def plain_axis(low: float, high: float) -> dict[str, Any]:
    """Layout of an axis in the target's own unit: 200,000 and not 2·10⁵."""
    return {"range": [low, high], "tickformat": PLAIN_NUMBERS}


def loss_axis(values: Any, inside: Any = ()) -> dict[str, Any]:
    """Layout of an axis of losses: logarithmic where they span more than a factor of 20.

    What lies further from the lowest than twice the 90th percentile does is left outside the
    frame, where a double click finds it: a diverging trial must not flatten all the others.

    Args:
        inside: values that are never left outside.
    """
    finite = sorted(float(v) for v in values if math.isfinite(v))
    if not finite:
        return {}
    low, bulk = finite[0], finite[math.ceil(0.9 * (len(finite) - 1))]
    high = min(finite[-1], low + 2 * (bulk - low)) if bulk > low else finite[-1]
    high = max([high, *(float(v) for v in inside if math.isfinite(v))])
    if low > 0 and high / low > 20:
        return ticks.log_layout(low / 1.2, high * 1.2)
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    bottom = max(0.0, low - margin) if low > 0 else low - margin
    return {"type": "linear", "range": [bottom, high + margin]}


def n_outside(values: Any, axis: Mapping[str, Any]) -> int:
    """How many finite values an axis with a fixed range leaves outside."""
    if "range" not in axis:
        return 0
    low, high = axis["range"]
    if axis.get("type") == "log":
        low, high = 10.0**low, 10.0**high
    return sum(math.isfinite(v) and not low <= v <= high for v in values)


def outcome_marker(outcome: str, size: int = 7, *, is_faint: bool = False) -> Mapping[str, Any]:
    """The marker of trials that ended so: colour and symbol say the same."""
    colour = OUTCOME_COLOURS[outcome]
    thin = outcome in TRAINED_IN_PART
    return {
        "color": colour,
        "symbol": OUTCOME_SYMBOLS[outcome],
        "size": size,
        "opacity": 0.45 if is_faint else 0.75,
        "line": {"width": 1.5 if thin else 0, "color": colour},
    }
