"""How the search narrowed: where its proposals lay, from the first trials to the last.

A band is where the middle 80 % of the proposals for a range lay; of choices each has a band as
thick as it was often proposed. Dots are the best trials, so that one sees whether the search came
to where they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from automl.errors import ConfigError
from automl.report import style
from automl.report.figures.axes import axis_layout
from automl.report.numbers.axes import Axis
from automl.report.numbers.generations import Narrowing, narrowings
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Floats
from automl.report.panels import Panel, Place
from automl.wording.numbers import number, percent

PLACE = Place(
    "parameters",
    "third",
    "Coarse to fine",
    (("band", "80 % of the proposals"), ("best", "best trials"), ("edge", "edge of the range")),
    "Where the search looked, from its first trial to its last, by the most important nine "
    "hyperparameters at most. Of choices, a band is as thick as the choice was often proposed.",
)  # fmt: skip
N_PANELS = 9
"""The most important hyperparameters; of the others it seldom matters where the search looked."""

THICKEST = 0.42
"""Half of a choice's band where every proposal has it, in units of the distance of two choices."""

NOTHING = "There are too few trials yet to see how the search narrowed."


def panels(table: StudyTable) -> list[Panel]:
    """A panel per hyperparameter, the most important first."""
    return [
        Panel(PLACE, f"narrowing-{index}", one.axis.name, words(one), drawing(one), change(one))
        for index, one in enumerate(narrowings(table)[:N_PANELS])
    ]


def figure(table: StudyTable, *names: str, columns: int = 3) -> go.Figure:
    """How the search narrowed, hyperparameters side by side.

    Args:
        names: of the hyperparameters; without any, the most important nine.
        columns: how many stand in a row.

    Raises:
        ConfigError: the study does not vary one of them, or has too few trials.
    """
    found = {one.axis.name: one for one in narrowings(table)}
    if not found:
        raise ConfigError(f"There is no such figure. {NOTHING}")
    for name in names:
        if name not in found:
            raise ConfigError(f"name must be one of {', '.join(found)}, but is {name!r}.")
    shown = [found[name] for name in names or [*found][:N_PANELS]]
    return drawing(shown[0]) if len(shown) == 1 else _side_by_side(shown, columns)


def words(numbers: Narrowing) -> str:
    """Where the proposals lay at first and at last."""
    return f"Of {numbers.axis.name}, {change(numbers)}"


def change(numbers: Narrowing) -> str:
    """Where 80 % of the proposals lay at first and at last; of choices, which had the most."""
    if numbers.is_choice:
        first, last = numbers.shares[0], numbers.shares[-1]
        most = int(np.argmax(last))
        choice = numbers.axis.choices[most]
        return (
            f"{choice} was {percent(float(first[most]))} of the proposals at first and "
            f"{percent(float(last[most]))} at last."
        )
    (low, high), (last_low, last_high) = numbers.ends(0), numbers.ends(-1)
    before, after = (
        _interval(numbers.axis, low, high),
        _interval(numbers.axis, last_low, last_high),
    )
    return f"80 % of the proposals lay in {before} at first and in {after} at last."


def drawing(numbers: Narrowing) -> go.Figure:
    """One hyperparameter upwards, the trials from left to right."""
    made = style.figure(
        230,
        showlegend=False,
        margin=style.MARGIN | {"t": 12},
        xaxis={"title": "trial", **_trials_layout(numbers)},
        yaxis=_value_layout(numbers.axis),
    )
    return made.add_traces(_traces(numbers))


def _side_by_side(shown: Sequence[Narrowing], columns: int) -> go.Figure:
    n_rows = max(1, math.ceil(len(shown) / columns))
    titles = [style.text(one.axis.name) for one in shown]
    made = make_subplots(
        rows=n_rows, cols=columns, subplot_titles=titles, vertical_spacing=0.3 / n_rows
    )
    layout = made.layout.to_plotly_json() | {"template": style.NO_TEMPLATE}
    traces: list[go.Scatter] = []
    for index, one in enumerate(shown):
        x, y = (f"{letter}{index + 1 if index else ''}" for letter in "xy")
        traces += _traces(one, xaxis=x, yaxis=y)
        layout[x.replace("x", "xaxis")] |= _trials_layout(one)
        layout[y.replace("y", "yaxis")] |= _value_layout(one.axis)
    grid = style.figure(60 + 230 * n_rows, showlegend=False, **layout)
    return grid.add_traces(traces)


def _traces(numbers: Narrowing, **looks: Any) -> list[go.Scatter]:
    bands = _choices(numbers, looks) if numbers.is_choice else _range(numbers, looks)
    return [*bands, _best(numbers, looks)]


def _range(numbers: Narrowing, looks: Mapping[str, Any]) -> list[go.Scatter]:
    """The edges of the range, the band, and the median in it."""
    at, axis = numbers.at, numbers.axis
    low, middle, high = (
        [axis.value_at(place) for place in column] for column in numbers.intervals.T
    )
    last = float(at[-1])
    steps = [*numbers.edges, numbers.edges[-1]]
    starts = [*(edge.from_trial for edge in numbers.edges), last]
    dashed = {"dash": "dash", "width": 1, "color": style.GREY, "shape": "hv"}
    edges = [
        go.Scatter(x=starts, y=ends, mode="lines", line=dashed, hoverinfo="skip", **looks)
        for ends in ([edge.low for edge in steps], [edge.high for edge in steps])
    ]
    return [
        *edges,
        _band(at, low, high, looks),
        go.Scatter(
            x=at,
            y=middle,
            mode="lines",
            line={"color": style.BLUE, "width": 2},
            customdata=list(zip(low, high, strict=True)),
            hovertemplate="about trial %{x:.0f}: half of the proposals below %{y:.3g}<br>"
            "80 % in %{customdata[0]:.3g} to %{customdata[1]:.3g}<extra></extra>",
            **looks,
        ),
    ]


def _choices(numbers: Narrowing, looks: Mapping[str, Any]) -> list[go.Scatter]:
    """A band for each choice, around its line."""
    made = []
    for index, shares in enumerate(numbers.shares.T):
        half = THICKEST * shares
        band = _band(numbers.at, index - half, index + half, looks)
        made.append(band)
        made.append(
            go.Scatter(
                x=numbers.at,
                y=np.full(len(half), float(index)),
                customdata=shares,
                mode="lines",
                line={"width": 0},
                hovertemplate=f"{style.text(numbers.axis.choices[index])}: "
                "%{customdata:.0%} of the proposals about trial %{x:.0f}<extra></extra>",
                **looks,
            )
        )
    return made


def _band(
    at: Floats, low: Sequence[float] | Floats, high: Sequence[float] | Floats, looks: Any
) -> go.Scatter:
    """A closed shape: along the upper ends, and back along the lower ones."""
    return go.Scatter(
        x=style.single([*at, *at[::-1]]),
        y=style.single([*high, *list(low)[::-1]]),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=style.BAND,
        hoverinfo="skip",
        **looks,
    )


def _best(numbers: Narrowing, looks: Mapping[str, Any]) -> go.Scatter:
    """The best trials, the best of them larger."""
    values = [numbers.axis.coordinate(trial.params[numbers.axis.name]) for trial in numbers.best]
    return go.Scatter(
        x=[trial.number for trial in numbers.best],
        y=values,
        mode="markers",
        marker={
            "color": style.VERMILLION,
            "size": [10, *[6] * (len(values) - 1)][: len(values)],
            "line": {"width": 1, "color": "white"},
        },
        hovertemplate="trial %{x}: one of the best<extra></extra>",
        **looks,
    )


def _trials_layout(numbers: Narrowing) -> dict[str, Any]:
    last = max([float(numbers.at[-1]), *(float(trial.number) for trial in numbers.best)])
    return {"range": [-0.02 * last, 1.03 * last], "showgrid": False, "zeroline": False}


def _value_layout(axis: Axis) -> dict[str, Any]:
    return axis_layout(axis) | {"tickangle": 0, "zeroline": False}


def _interval(axis: Axis, low: float, high: float) -> str:
    if axis.kind == "int":
        low, high = round(low), round(high)
    return f"{number(low, 2)} to {number(high, 2)}"
