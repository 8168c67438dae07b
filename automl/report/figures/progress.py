"""The figure that compares studies: best validation loss against epochs spent.

It is of several studies, so it stands on the comparison's page alone, not in the list of figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.colors import hex_to_rgb

from automl.comparison import Comparison
from automl.diagnostics.thresholds import Z_95
from automl.report import style
from automl.report.numbers.study import StudyTable, study_table
from automl.report.numbers.trials import Floats
from automl.report.panels import Panel, Place
from automl.wording.counts import count, listing
from automl.wording.scores import score_text

PLACE = Place("result")


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """The best validation loss so far against the epochs spent.

    Shape:
        epochs, best, low, high: (M,), one per improvement and one at the end; low and high
        are the 95 % interval of that trial's validation loss over validation rows.
    """

    name: str
    epochs: Floats
    best: Floats
    low: Floats
    high: Floats


def progress(name: str, table: StudyTable) -> Progress:
    """Follow the trials in the order they ended."""
    spent, best = 0, math.inf
    points: list[tuple[float, float, float]] = []
    for trial in sorted(table.trials, key=lambda t: (t.record.finished_at or math.inf, t.number)):
        spent += trial.effort.n_epochs
        if trial.is_ranked and trial.value < best and len(trial.curve):
            best = trial.value
            error = trial.standard_error
            points.append((float(spent), best, error if math.isfinite(error) else 0.0))
    if points:
        points.append((float(spent), *points[-1][1:]))
    epochs, values, errors = np.array(points, dtype=np.float64).reshape(-1, 3).T
    return Progress(name, epochs, values, values - Z_95 * errors, values + Z_95 * errors)


def panels(compared: Comparison) -> list[Panel]:
    """The best validation losses as the searches went on, where a trial has completed."""
    studies = compared.studies
    found = (progress(study.name, study_table(study.records)) for study in studies)
    shown = [one for one in found if len(one.epochs)]
    if not shown:
        return []
    return [
        Panel(
            PLACE,
            key="progress",
            title="Best against epochs spent",
            alternative=words(shown),
            figure=drawing(shown, studies[0].records.settings.loss),
            caption="Bands: 95 % interval of the best trial's loss over validation rows. Epochs "
            "of all trials count, in the order in which trials ended." + warning(compared),
        )
    ]


def words(shown: Sequence[Progress]) -> str:
    """Where each search ended."""
    ends = [
        f"{one.name} {score_text('loss', float(one.best[-1]))} after "
        f"{count(int(one.epochs[-1]), 'epoch')}"
        for one in shown
    ]
    return f"Lowest validation loss: {listing(ends)}."


def warning(compared: Comparison) -> str:
    """Where the losses do not mean the same, or are not of the same rows."""
    settings = [study.records.settings for study in compared.studies]
    if len({(s.data_fingerprint, s.target, s.loss, str(s.split)) for s in settings}) == 1:
        return ""
    return " These studies do not share their validation rows: compare the shapes only."


def drawing(studies: Sequence[Progress], loss: str) -> go.Figure:
    """Best validation loss against epochs spent, one staircase with its interval per study.

    A study of one complete trial has a staircase of one place, which is a point.
    """
    made = style.figure(440)
    for index, study in enumerate(studies):
        colour = style.CYCLE[index % len(style.CYCLE)]
        _add_interval(made, study, colour)
        made.add_scatter(
            x=style.single(study.epochs),
            y=style.single(study.best),
            mode="lines" if len(set(study.epochs)) > 1 else "markers",
            name=style.text(study.name),
            line={"color": colour, "width": 2.5, "shape": "hv",
                  "dash": style.DASHES[index % len(style.DASHES)]},
            marker={"color": colour, "size": 9},
            hovertemplate="%{x:,.0f} epochs<br>best %{y:.4g}<extra></extra>",
        )  # fmt: skip
    values = [float(v) for study in studies for v in study.best]
    made.update_layout(
        xaxis={"title": "epochs spent, all trials together", "rangemode": "tozero"},
        yaxis={"title": style.loss_title(loss, "best validation"),
               **style.loss_axis(values)},
    )  # fmt: skip
    return made


def _add_interval(made: go.Figure, study: Progress, colour: str) -> None:
    """The 95 % interval of the best trial's loss over validation rows, as a band."""
    red, green, blue = hex_to_rgb(colour)
    tiny = 1e-9  # keeps the lower edge drawable on a logarithmic axis
    line = {"width": 0, "shape": "hv"}
    edges = {"mode": "lines", "showlegend": False, "hoverinfo": "skip", "line": line,
             "x": style.single(study.epochs)}  # fmt: skip
    made.add_scatter(y=style.single(np.maximum(study.low, tiny)), **edges)
    fill = f"rgba({red},{green},{blue},0.15)"
    made.add_scatter(y=style.single(study.high), fill="tonexty", fillcolor=fill, **edges)
