"""What the policy believed to matter, from its first fit to its last: its length scales.

Only freeze-thaw has any: its Gaussian process expects two trials to be alike that are near each
other, and how near is near is fitted for each hyperparameter. The axis is upside down, so that
what matters is on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from automl.report import style, ticks
from automl.report.numbers.beliefs import LengthScales, length_scales
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Floats
from automl.report.panels import Panel, Place, alone
from automl.wording.counts import count, listing
from automl.wording.numbers import number

PLACE = Place("parameters", "full", "What the policy believed")
N_NAMED = len(style.CYCLE)
"""As many as there are colours; the others, which matter less, are faint."""

NOTHING = "Only a policy that fits a model, as freeze_thaw does, believes anything of them."


def panels(table: StudyTable) -> list[Panel]:
    """One panel, where the policy has fitted at least twice."""
    numbers = length_scales(table.records)
    if numbers is None or not numbers.by_name:
        return []
    title = "Length scale of each hyperparameter"
    return [Panel(PLACE, "length-scales", title, words(numbers), drawing(numbers), CAPTION)]


CAPTION = (
    "How far two trials may lie apart in one hyperparameter, as a part of its range, until their "
    "losses agree by half only; any two choices are 1 apart. Short, on top: a small step changes "
    "the loss, so it matters. Long, below: it hardly matters. Each dot is a fit of the policy's "
    "Gaussian process to the losses so far; where it had learned nothing, it stays at the dotted "
    "line."
)

figure = alone(panels, NOTHING)


def words(numbers: LengthScales) -> str:
    """Which ones were the shortest and the longest at last."""
    names = list(numbers.by_name)
    shortest = listing([_with_scale(numbers, name) for name in names[:3]])
    said = (
        f"After {count(int(numbers.n_trials[-1]), 'trial')} and "
        f"{count(int(numbers.n_epochs[-1]), 'epoch')} the length scale was shortest for {shortest}"
    )
    if len(names) > N_NAMED:
        said += f", longest for {_with_scale(numbers, names[-1])}"
    return f"{said}. Before any trial it was {number(numbers.assumed, 2)} for all."


def _with_scale(numbers: LengthScales, name: str) -> str:
    return f"{name} ({number(float(numbers.by_name[name][-1]), 2)})"


def drawing(numbers: LengthScales) -> go.Figure:
    """A line for each hyperparameter, the trials from left to right."""
    made = style.figure(400)
    for index, (name, scales) in reversed([*enumerate(numbers.by_name.items())]):
        made.add_trace(_line(numbers, name, scales, index))
    made.add_shape(**_assumed(numbers))
    last = float(numbers.n_trials[-1])
    return made.update_layout(
        xaxis={"title": "trials", **_log_axis([float(numbers.n_trials[0]), last])},
        yaxis=_scale_axis(numbers),
        legend={"traceorder": "reversed"},
    )


def _line(numbers: LengthScales, name: str, scales: Floats, index: int) -> go.Scatter:
    is_named = index < N_NAMED
    colour = style.CYCLE[index] if is_named else style.FAINT
    return go.Scatter(
        x=numbers.n_trials,
        y=style.single(scales),
        customdata=numbers.n_epochs,
        mode="lines+markers",
        name=style.text(name),
        showlegend=is_named,
        line={
            "color": colour,
            "width": 2 if is_named else 1,
            "dash": style.DASHES[index] if is_named else "solid",
        },
        marker={"color": colour, "size": 6 if is_named else 3},
        hovertemplate=f"{style.text(name)}: %{{y:.2g}}<br>after %{{x}} trials, "
        "%{customdata:,} epochs<extra></extra>",
    )


def _assumed(numbers: LengthScales) -> dict[str, Any]:
    line = {"color": style.GREY, "width": 1, "dash": "dot"}
    place = {"x0": 0, "x1": 1, "xref": "x domain", "y0": numbers.assumed, "y1": numbers.assumed}
    return {"type": "line", **place, "line": line}


def _scale_axis(numbers: LengthScales) -> dict[str, Any]:
    """Upside down: what matters is on top."""
    scales = [float(one) for each in numbers.by_name.values() for one in each if one == one]
    axis = _log_axis([*scales, numbers.assumed])
    return {"title": "length scale", **axis, "range": axis["range"][::-1], "zeroline": False}


def _log_axis(values: Sequence[float]) -> dict[str, Any]:
    return ticks.log_layout(min(values) / 1.15, max(values) * 1.15)
