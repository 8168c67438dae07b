"""The place of trials against each hyperparameter, with the best of each bucket.

Trials are compared by their places (`numbers/places.py`), at equal epochs: most trials of a
search are pruned, and their losses after an epoch or three are not those of complete ones.
Places also lie between 0 and 1, whatever one outlier's loss is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from automl.errors import ConfigError
from automl.report import style, ticks
from automl.report.numbers.axes import Axis
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Floats, Trial, sample_trials
from automl.report.panels import Panel, Place
from automl.wording.numbers import number, percent
from storage.records import TRAINED, Outcome

PLACE = Place(
    "parameters",
    "third",
    "One by one",
    (("complete", "complete"), ("pruned", "pruned"), ("paused", "paused"),
     ("failed", "diverged"), ("line", "best nearby"), ("edge", "edge of the range")),
    "Place: the share of the other trials that are better. Every two are compared at the last "
    "epoch that both have reached.",
)  # fmt: skip
N_POINTS = 1000  # per axis plot; some twenty of them share a page
N_BUCKETS = 8  # of the best-per-bucket line, as in isolation plots of the Tuning Playbook
N_AXES = 9  # in a notebook: three rows of three
PLACES_LAYOUT: dict[str, Any] = {
    "range": [-0.06, 1.06],
    "tickvals": [at for at, _ in style.PLACES],
    "ticktext": [label for _, label in style.PLACES],
}


@dataclass(frozen=True, slots=True)
class AxisPlot:
    """The place of trials against one hyperparameter."""

    axis: Axis
    trials: tuple[Trial, ...]  # that use it, as many as are drawn
    best_nearby: tuple[Trial, ...]  # the best of each bucket, in the axis's order
    place_of: Mapping[Trial, float]  # 0 for the best

    def at(self, trials: Iterable[Trial]) -> Floats:
        """Where trials lie on the axis."""
        name = self.axis.name
        return np.array([self.axis.coordinate(trial.params[name]) for trial in trials])

    def places(self, trials: Iterable[Trial]) -> Floats:
        """How trials did, for the other axis."""
        return np.array([self.place_of[trial] for trial in trials])


def axis_plot(table: StudyTable, axis: Axis, at_most: int = N_POINTS) -> AxisPlot:
    """Places of trials that use the parameter, and the best of each bucket of all of them.

    The line over the best is the isolation plot of the Tuning Playbook.
    """
    using = [t for t in table.placed if axis.name in t.params]
    best: dict[int, Trial] = {}
    n_buckets = len(axis.choices) if axis.kind == "categorical" else N_BUCKETS
    for trial in using:
        position = axis.position(trial.params[axis.name])
        if math.isnan(position):
            continue
        bucket = min(n_buckets - 1, max(0, int(position * n_buckets)))
        if bucket not in best or table.placed[trial] < table.placed[best[bucket]]:
            best[bucket] = trial
    nearby = tuple(best[bucket] for bucket in sorted(best))
    return AxisPlot(axis, sample_trials(using, at_most), nearby, table.placed)


def panels(table: StudyTable) -> list[Panel]:
    """One axis plot per hyperparameter, the most important first."""
    made, place = [], _place(table)
    for index, (name, axis) in enumerate(table.axes_by_importance.items()):
        numbers = axis_plot(table, axis)
        shown = drawing(numbers).update_xaxes(title=None)  # the panel's heading says it
        made.append(Panel(place, f"axis-{index}", name, words(numbers), shown))
    return made


def _place(table: StudyTable) -> Place:
    """Its legend is of the outcomes that there are."""
    missing = TRAINED.difference(trial.outcome for trial in table.trials)
    return replace(PLACE, legend=tuple(one for one in PLACE.legend if one[0] not in missing))


def figure(
    table: StudyTable, *names: str, columns: int = 3, n_points: int = N_POINTS
) -> go.Figure:
    """The place of trials against hyperparameters, side by side.

    Args:
        names: of the hyperparameters; without any, up to nine, the most important first.
        columns: how many stand in a row.
        n_points: at most so many trials in each.

    Raises:
        ConfigError: the study does not vary one of them, or none at all.
    """
    for name in names:
        if name not in table.axes:
            known = ", ".join(table.axes)
            raise ConfigError(f"name must be one of {known}, but is {name!r}.")
    names = names or tuple(table.axes_by_importance)[:N_AXES]
    if not names:
        raise ConfigError("There is no such figure: no hyperparameter varies between trials yet.")
    plots = [axis_plot(table, table.axes[name], n_points) for name in names]
    return drawing(plots[0]) if len(plots) == 1 else side_by_side(plots, columns)


def words(numbers: AxisPlot) -> str:
    """Where the best trials lie on the axis, and how bad the worst region is."""
    axis, places = numbers.axis, numbers.places(numbers.best_nearby)
    if not len(places):
        return f"No trial that can be compared uses {axis.name}."
    at = float(numbers.at(numbers.best_nearby)[int(np.argmin(places))])
    value = str(axis.choices[round(at)]) if axis.kind == "categorical" else number(at)
    said = f"Best at {axis.name} {value}"
    if len(places) > 1:
        worst = percent(float(places.max()))
        said += f"; in the worst region {worst} of the trials are better than its best"
    return f"{said}."


def drawing(numbers: AxisPlot) -> go.Figure:
    """Place against one hyperparameter, with the best of each bucket and the range's edges."""
    made = style.figure(
        250,
        showlegend=False,
        margin=style.MARGIN | {"t": 12},
        xaxis={"title": style.text(numbers.axis.name), **axis_layout(numbers.axis)},
        yaxis={"title": "place", **PLACES_LAYOUT},
        shapes=_edges(numbers.axis),
    )
    return made.add_traces(_traces(numbers))


def side_by_side(plots: Sequence[AxisPlot], columns: int = 3) -> go.Figure:
    """Several axis plots as one figure: for the dashboard and notebooks.

    Between two rows there is room for the upper one's leaning labels and the lower one's titles.
    """
    n_rows = max(1, math.ceil(len(plots) / columns))
    titles = [style.text(plot.axis.name) for plot in plots]
    grid = make_subplots(
        rows=n_rows, cols=columns, subplot_titles=titles, vertical_spacing=0.42 / n_rows
    )
    # In plain values, of which Plotly makes a figure once: it checks every change of one.
    layout = grid.layout.to_plotly_json() | {"template": style.NO_TEMPLATE}
    traces: list[go.Scatter] = []
    shapes: list[dict[str, Any]] = []
    for index, plot in enumerate(plots):
        x, y = (f"{letter}{index + 1 if index else ''}" for letter in "xy")
        traces += _traces(plot, xaxis=x, yaxis=y)
        shapes += [{**edge, "xref": x, "yref": f"{y} domain"} for edge in _edges(plot.axis)]
        layout[x.replace("x", "xaxis")] |= axis_layout(plot.axis)
        layout[y.replace("y", "yaxis")] |= PLACES_LAYOUT
    made = style.figure(60 + 250 * n_rows, showlegend=False, shapes=shapes, **layout)
    return made.add_traces(traces)


def _traces(numbers: AxisPlot, **looks: Any) -> list[go.Scatter]:
    """Points by outcome, and the best of each bucket on top."""
    return [
        *(
            _outcome(numbers, trials, outcome, looks)
            for outcome, trials in style.by_outcome(numbers.trials)
        ),
        _best(numbers, looks),
    ]


def _outcome(
    numbers: AxisPlot, trials: Sequence[Trial], outcome: Outcome, looks: Mapping[str, Any]
) -> go.Scatter:
    values = numbers.at(trials)
    if numbers.axis.kind == "categorical":
        values = values + _jitter(trials)
    at = "" if numbers.axis.kind == "categorical" else "<br>%{x:.3g}"
    return go.Scatter(
        x=style.single(values),
        y=style.single(numbers.places(trials)),
        customdata=style.single([(t.number, t.value) for t in trials]),
        mode="markers",
        marker=style.outcome_marker(outcome, 5, is_faint=outcome != "complete"),
        name=outcome,
        hovertemplate=f"trial %{{customdata[0]:.0f}} ({outcome}){at}<br>%{{y:.0%}} of the others "
        "are better<br>validation loss %{customdata[1]:.4g}<extra></extra>",
        **looks,
    )


def _jitter(trials: Sequence[Trial]) -> Floats:
    """Spread the points of one choice sideways, by the trial's number: the same every time."""
    golden = 0.618033988749895  # multiples of it modulo 1 are as evenly spread as can be
    return np.array([((trial.number * golden) % 1.0 - 0.5) * 0.5 for trial in trials])


def _best(numbers: AxisPlot, looks: Mapping[str, Any]) -> go.Scatter:
    """The best trial of each bucket: a line over numbers, dashes over choices."""
    shape: dict[str, Any] = {
        "mode": "lines+markers",
        "line": {"color": style.VERMILLION, "width": 2},
        "marker": {"size": 5},
    }
    if numbers.axis.kind == "categorical":
        line = {"width": 3, "color": style.VERMILLION}
        shape = {"mode": "markers", "marker": {"symbol": "line-ew", "size": 26, "line": line}}
    return go.Scatter(
        x=numbers.at(numbers.best_nearby),
        y=numbers.places(numbers.best_nearby),
        name="best nearby",
        hovertemplate="best nearby: %{y:.0%} are better<extra></extra>",
        **shape,
        **looks,
    )


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
    return [style.vertical_line(edge, "dash") for edge in (axis.low, axis.high)]
