"""The figure that compares studies: best validation loss against epochs spent.

It is of several studies, so it stands on the comparison's page alone, not in the list of figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import plotly.graph_objects as go
from plotly.colors import hex_to_rgb

from automl.comparison import Comparison
from automl.diagnostics.thresholds import Z_95
from automl.report import style
from automl.report.numbers.study import StudyTable, study_table
from automl.report.panels import Panel, Place
from automl.wording.counts import count, listing
from automl.wording.scores import score_text

PLACE = Place("result")


class Step(NamedTuple):
    """A new best trial: the epochs spent until then, and its validation loss."""

    epochs: int
    best: float
    margin: float  # half of the 95 % interval of that loss over validation rows


@dataclass(frozen=True, slots=True)
class Progress:
    """The best validation loss of one study so far against the epochs spent."""

    name: str
    steps: tuple[Step, ...]  # one per improvement, and one at the end


def progress(name: str, table: StudyTable) -> Progress:
    """Follow the trials in the order they ended."""
    spent = 0
    steps: list[Step] = []
    for trial in sorted(table.trials, key=lambda t: (t.record.finished_at or math.inf, t.number)):
        spent += trial.effort.n_epochs
        is_better = trial.is_ranked and (not steps or trial.value < steps[-1].best)
        if is_better and len(trial.curve):
            error = trial.standard_error if math.isfinite(trial.standard_error) else 0.0
            steps.append(Step(spent, trial.value, Z_95 * error))
    if steps:
        steps.append(steps[-1]._replace(epochs=spent))
    return Progress(name, tuple(steps))


def panels(compared: Comparison) -> list[Panel]:
    """The best validation losses as the searches went on, where a trial has completed."""
    studies = compared.studies
    found = (progress(study.name, study_table(study.records)) for study in studies)
    shown = [one for one in found if one.steps]
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
        f"{one.name} {score_text('loss', one.steps[-1].best)} after "
        f"{count(one.steps[-1].epochs, 'epoch')}"
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
        colour, epochs = style.CYCLE[index % len(style.CYCLE)], [s.epochs for s in study.steps]
        _add_interval(made, study.steps, colour)
        made.add_scatter(
            x=style.single(epochs),
            y=style.single([step.best for step in study.steps]),
            mode="lines" if len(set(epochs)) > 1 else "markers",
            name=style.text(study.name),
            line={"color": colour, "width": 2.5, "shape": "hv",
                  "dash": style.DASHES[index % len(style.DASHES)]},
            marker={"color": colour, "size": 9},
            hovertemplate="%{x:,.0f} epochs<br>best %{y:.4g}<extra></extra>",
        )  # fmt: skip
    values = [step.best for study in studies for step in study.steps]
    title = style.loss_title(loss, "best validation")
    return made.update_layout(
        xaxis={"title": "epochs spent, all trials together", "rangemode": "tozero"},
        yaxis={"title": title, **style.loss_axis(values)},
    )


def _add_interval(made: go.Figure, steps: Sequence[Step], colour: str) -> None:
    """The 95 % interval of the best trial's loss over validation rows, as a band."""
    red, green, blue = hex_to_rgb(colour)
    tiny = 1e-9  # keeps the lower edge drawable on a logarithmic axis
    edges = {"mode": "lines", "showlegend": False, "hoverinfo": "skip",
             "line": {"width": 0, "shape": "hv"},
             "x": style.single([step.epochs for step in steps])}  # fmt: skip
    made.add_scatter(y=style.single([max(s.best - s.margin, tiny) for s in steps]), **edges)
    fill = f"rgba({red},{green},{blue},0.15)"
    highest = style.single([step.best + step.margin for step in steps])
    made.add_scatter(y=highest, fill="tonexty", fillcolor=fill, **edges)
