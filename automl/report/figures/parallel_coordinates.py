"""Trials as lines over the most important hyperparameters, and over their places."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from automl.report import style
from automl.report.numbers.axes import Axis
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Floats, Trial, sample_trials
from automl.report.panels import Panel, Place, alone, omitted
from automl.wording.counts import count

PLACE = Place("parameters")
N_LINES = 300
N_AXES = 8
RANKS = (  # share of the trials, colour, width; drawn last is on top
    ("best 5 %", 0.05, style.VERMILLION, 2.2),
    ("best 25 %", 0.25, style.SKY, 1.2),
    ("others", 1.0, style.FAINT, 1.0),
)


@dataclass(frozen=True, slots=True)
class ParallelCoordinates:
    """Trials as lines over several axes, and over their places."""

    axes: tuple[Axis, ...]
    places: Mapping[Trial, float]  # 0 for the best
    n_omitted: int

    @property
    def positions(self) -> Floats:
        """(trials, axes) in [0, 1], NaN where a trial does not use a parameter."""
        rows = [
            [a.position(t.params[a.name]) if a.name in t.params else math.nan for a in self.axes]
            for t in self.places
        ]
        return np.array(rows, dtype=np.float64).reshape(len(self.places), len(self.axes))


def parallel_coordinates(table: StudyTable, names: Sequence[str]) -> ParallelCoordinates:
    """Trials over hyperparameters in the order given, as many as a figure can show."""
    chosen = tuple(table.axes[name] for name in names if name in table.axes)[:N_AXES]
    drawn = {t: table.placed[t] for t in sample_trials([*table.placed], N_LINES)}
    return ParallelCoordinates(chosen, drawn, len(table.placed) - len(drawn))


def panels(table: StudyTable) -> list[Panel]:
    """All trials over the most important hyperparameters, where there are two of each."""
    numbers = parallel_coordinates(table, table.importances.names)
    if len(numbers.axes) < 2 or len(numbers.places) < 2:
        return []
    caption = (
        "Place: every two trials are compared at the last epoch that both have reached. Lines "
        f"that dip below an axis do not use it.{omitted(numbers.n_omitted)}"
    )
    return [
        Panel(
            PLACE,
            key="parallel",
            title="Trials as lines",
            alternative=words(numbers),
            figure=drawing(numbers),
            caption=caption,
            is_wide=True,
        )
    ]


figure = alone(panels, "It takes two trials, and two hyperparameters that vary.")


def words(numbers: ParallelCoordinates) -> str:
    """Which trials and axes are drawn."""
    names = ", ".join(axis.name for axis in numbers.axes)
    return f"{count(len(numbers.places), 'trial')} as lines over {names}, and over their places."


def drawing(numbers: ParallelCoordinates) -> go.Figure:
    """Trials as lines over the parameters' axes; a click in the legend hides a group.

    Drawn as plain lines, not as Plotly's `parcoords`: that one needs WebGL, which printers
    and some phones lack, and cannot show a trial that does not use a parameter.
    """
    made = style.figure(420)
    columns = len(numbers.axes) + 1
    places = np.array([*numbers.places.values()])
    heights = np.column_stack([numbers.positions, places])
    trials = np.array([trial.number for trial in numbers.places])
    heights = np.where(np.isnan(heights), -0.09, heights)  # "not used" lies below the axes
    share = _ranks(places)
    lower = 0.0
    for label, upper, colour, width in RANKS:
        mask = (share > lower) | (lower == 0.0)
        mask &= share <= upper
        lower = upper
        if mask.any():
            _add_lines(made, heights[mask], trials[mask], label, colour, width)
    made.data = made.data[::-1]
    labels = [style.text(a.name) for a in numbers.axes] + ["place"]
    made.update_layout(
        legend={"traceorder": "reversed"},
        shapes=[
            {"type": "line", "x0": c, "x1": c, "y0": 0, "y1": 1, "layer": "above"}
            for c in range(columns)
        ],
        annotations=[
            {"x": c, "y": at, "text": label, "xanchor": "left", "xshift": 5}
            for c, ticks_there in enumerate([*map(style.axis_ticks, numbers.axes), style.PLACES])
            for at, label in ticks_there
        ],
        margin={"l": 72, "r": 46, "t": 40},
        xaxis={"tickvals": list(range(columns)), "ticktext": labels, "showgrid": False,
               "range": [-0.35, columns - 0.45], "side": "bottom", "ticks": "", "zeroline": False,
               "tickangle": -30 if columns > 5 else 0},
        yaxis={"visible": False, "range": [-0.13, 1.06]},
    )  # fmt: skip
    return made


def _ranks(places: Floats) -> Floats:
    """The order of the drawn trials, in [0, 1]: the best is 0."""
    order = np.argsort(np.argsort(places, kind="stable"), kind="stable")
    ranks: Floats = order / max(1, len(places) - 1)
    return ranks


def _add_lines(
    made: go.Figure,
    heights: Floats,
    numbers: Any,
    label: str,
    colour: str,
    width: float,
) -> None:
    """One trace for a whole group: lines with gaps between them."""
    n, columns = heights.shape
    x = np.tile(np.append(np.arange(columns, dtype=float), math.nan), n)
    y = np.column_stack([heights, np.full(n, math.nan)]).ravel()
    made.add_scatter(
        x=style.single(x),
        y=style.single(y),
        customdata=style.single(np.repeat(numbers, columns + 1)),
        mode="lines",
        line={"color": colour, "width": width},
        name=label,
        hovertemplate="trial %{customdata:.0f}<extra></extra>",
    )
