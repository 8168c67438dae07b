"""The place of trials over pairs of the most important hyperparameters, smoothed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import plotly.graph_objects as go

from automl.errors import ConfigError
from automl.report import style
from automl.report.numbers.axes import Axis
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Floats, Trial
from automl.report.panels import Panel, Place
from automl.wording.counts import listing
from automl.wording.numbers import number

PLACE = Place(
    "parameters",
    "third",
    "In pairs",
    explanation="The place, smoothed over trials (dots); empty where none is near.",
)
N_PARAMETERS = 3  # the top three make three pairs; four would make six
MIN_TRIALS = 10  # over two parameters, fewer leave more gaps than cells
GRID = 24  # cells per side
BANDWIDTH = 0.12  # of the kernel, as a share of the axis: about an eighth
NO_EVIDENCE_DISTANCE = 0.2  # a cell further than this from every trial is left empty


@dataclass(frozen=True, slots=True, eq=False)
class Contour:
    """The smoothed place of trials over two hyperparameters.

    Shape:
        at: (N, 2) positions, x first; grid: (GRID, GRID), rows along `y`, NaN where no trial
        is near.
    """

    x: Axis
    y: Axis
    places: Mapping[Trial, float]  # of N trials that use both
    at: Floats
    grid: Floats


def contour(table: StudyTable, x: Axis, y: Axis) -> Contour:
    """A kernel average of the places of trials over two axes; Gaussian weights in positions."""
    at = {
        trial: (x.position(trial.params[x.name]), y.position(trial.params[y.name]))
        for trial in table.placed
        if x.name in trial.params and y.name in trial.params
    }
    at = {trial: position for trial, position in at.items() if np.isfinite(position).all()}
    places = {trial: table.placed[trial] for trial in at}
    positions = np.array([*at.values()], dtype=np.float64).reshape(len(at), 2)
    return Contour(x, y, places, positions, _smoothed(positions, np.array([*places.values()])))


def _smoothed(at: Floats, heights: Floats) -> Floats:
    """Nadaraya-Watson average on the grid of cells; NaN without evidence nearby."""
    if not len(heights):
        return np.full((GRID, GRID), math.nan)
    ticks = np.linspace(0.0, 1.0, GRID)
    cells = np.stack(np.meshgrid(ticks, ticks), axis=-1)  # (GRID, GRID, 2), x varies fastest
    squared = ((cells[:, :, None, :] - at[None, None]) ** 2).sum(axis=-1)  # (GRID, GRID, N)
    weights = np.exp(-squared / (2 * BANDWIDTH**2))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = (weights * heights).sum(axis=-1) / weights.sum(axis=-1)
    mean[np.sqrt(squared.min(axis=-1)) > NO_EVIDENCE_DISTANCE] = math.nan
    return mean


def panels(table: StudyTable) -> list[Panel]:
    """Pairs of the most important hyperparameters, where enough trials use both."""
    judged = table.importances.judged
    top = list(table.axes_by_importance.values())[:N_PARAMETERS] if judged else []
    made = []
    for index, (x, y) in enumerate(combinations(top, 2)):
        numbers = contour(table, x, y)
        if len(numbers.places) >= MIN_TRIALS:
            title = f"{x.name} and {y.name}"
            panel = Panel(PLACE, f"contour-{index}", title, words(numbers), drawing(numbers))
            made.append(panel)
    return made


def figure(table: StudyTable, x: str, y: str) -> go.Figure:
    """The place of trials over two hyperparameters, smoothed.

    Args:
        x, y: their names.

    Raises:
        ConfigError: the study does not vary one of them.
    """
    for name in (x, y):
        if name not in table.axes:
            known = ", ".join(table.axes)
            raise ConfigError(f"x and y must be among {known}, but one is {name!r}.")
    return drawing(contour(table, table.axes[x], table.axes[y]))


def words(numbers: Contour) -> str:
    """Where the best trials lie."""
    if not np.isfinite(numbers.grid).any():
        return f"No trial uses both {numbers.x.name} and {numbers.y.name}."
    row, column = np.unravel_index(int(np.nanargmin(numbers.grid)), numbers.grid.shape)
    last = numbers.grid.shape[0] - 1
    places = []
    for axis, index in ((numbers.x, column), (numbers.y, row)):
        at = float(index) / last
        if axis.kind == "categorical":
            places.append(f"{axis.name} {axis.choices[round(at * (len(axis.choices) - 1))]}")
        else:
            places.append(f"{axis.name} {number(float(f'{axis.value_at(at):.2g}'))}")
    return f"Trials are best near {listing(places)}."


def drawing(numbers: Contour) -> go.Figure:
    """The smoothed place over two hyperparameters, with the trials that it rests on."""
    made = style.figure(360, showlegend=False)
    positions = np.linspace(0.0, 1.0, numbers.grid.shape[0])
    made.add_contour(
        x=positions,
        y=positions,
        z=style.single(numbers.grid),
        colorscale=style.SEQUENTIAL,
        contours={"start": 0.0, "end": 1.0, "size": 0.1},
        zmin=0.0,
        zmax=1.0,
        line={"width": 0.4},
        colorbar=style.colour_bar(
            "place",
            tickvals=[at for at, _ in style.PLACES],
            ticktext=[label for _, label in style.PLACES],
        ),
        hoverinfo="skip",
    )
    made.add_scatter(
        x=style.single(numbers.at[:, 0]),
        y=style.single(numbers.at[:, 1]),
        mode="markers",
        marker={"size": 5, "color": "white", "line": {"width": 1, "color": "#333"}},
        customdata=style.single([(t.number, place) for t, place in numbers.places.items()]),
        hovertemplate="trial %{customdata[0]:.0f}<br>%{customdata[1]:.0%} of the others are better"
        "<extra></extra>",
    )
    made.update_layout(
        margin={"t": 12},
        xaxis=_unit_axis(numbers.x),
        yaxis=_unit_axis(numbers.y),
    )
    return made


def _unit_axis(axis: Axis) -> dict[str, Any]:
    """An axis in positions, labelled in the parameter's own values."""
    ticks = style.axis_ticks(axis)
    return {
        "title": style.text(axis.name),
        "tickvals": [position for position, _ in ticks],
        "ticktext": [label for _, label in ticks],
        "range": [-0.04, 1.04],
        "showgrid": False,
        "zeroline": False,
    }
