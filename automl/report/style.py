"""The looks that all figures share: palette, templates, escaping, number formats.

Colours are Okabe and Ito's (2008, "Color Universal Design"), which stay apart under the
common colour-vision deficiencies; black and yellow are left out, because one of them is
lost on a dark page and the other on a light one. Symbols and dashes repeat what colours say.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from automl.diagnostics import wording
from automl.report import ticks

BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
ORANGE, SKY, PURPLE = "#E69F00", "#56B4E9", "#CC79A7"
GREY = "#8A8F98"
PALE = "#B9C0C9"  # bars of what cannot be told from chance
FAINT = "rgba(138,143,152,0.28)"
SHADE = "rgba(213,94,0,0.14)"  # between train (blue) and validation (vermillion)
CYCLE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY)
TRAIN, VALID = BLUE, VERMILLION

# On dark paper the darker ones are lit up, in the same hue and order of lightness.
ON_DARK = {BLUE: "#3B93DB", VERMILLION: "#F07A2B", GREEN: "#1DB98B", SKY: "#9AD4F5"}

OUTCOME_COLOURS = {"complete": BLUE, "pruned": ORANGE, "failed": PURPLE, "unfinished": GREEN}
OUTCOME_SYMBOLS = {"complete": "circle", "pruned": "x-thin", "failed": "triangle-up-open",
                   "unfinished": "circle-open"}  # fmt: skip

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
}


PLAIN_NUMBERS = ",.6~g"
"""Plotly's format of numbers on an axis in the target's own unit: 200,000 and not 2·10⁵."""

NO_TEMPLATE = go.layout.Template()


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
        "margin": {"l": 8, "r": 12, "t": 36, "b": 8, "autoexpand": True},
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


def number(value: float | None) -> str:
    """A number for people, as the terminal shows it; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return wording.number(value)


def colour_bar(title: str, **more: Any) -> dict[str, Any]:
    """A slim colour bar with its title above."""
    heading = {"text": title, "side": "top", "font": {"size": 12}}
    return {"title": heading, "thickness": 11, "outlinewidth": 0, "ticks": "",
            "tickfont": {"size": 11}, **more}  # fmt: skip


def loss_title(loss: str, prefix: str = "") -> str:
    """An axis title for a loss."""
    name = LOSS_TITLES.get(loss, text(loss))
    return f"{prefix} {name}".strip()


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
    thin = outcome in ("pruned",)
    return {
        "color": colour,
        "symbol": OUTCOME_SYMBOLS[outcome],
        "size": size,
        "opacity": 0.45 if is_faint else 0.75,
        "line": {"width": 1.5 if thin else 0, "color": colour},
    }
