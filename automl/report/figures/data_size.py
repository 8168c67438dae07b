"""With more rows: losses of the best configuration on growing shares of the training rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TypeAlias

import plotly.graph_objects as go

from automl.report import style
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Curve, mean_curve
from automl.report.panels import Panel, Place, alone
from automl.wording.numbers import number
from automl.wording.scores import score_text

PLACE = Place("curves")
Losses: TypeAlias = Sequence[float]


@dataclass(frozen=True, slots=True)
class DataSizeCurve:
    """Best losses of one configuration trained on growing shares of the rows."""

    loss: str
    rows: tuple[float, ...]
    train: tuple[Losses, ...]  # for each number of rows, those of its repetitions
    valid: tuple[Losses, ...]


def data_size_curve(table: StudyTable) -> DataSizeCurve | None:
    """Best losses by number of train rows; None where no such runs were made."""
    by_rows: dict[float, list[Curve]] = defaultdict(list)
    n_rows = table.records.settings.n_rows.get("train", 1)
    for run in table.records.runs:
        epochs = table.records.epochs.get(run.run_id, ())
        if run.purpose == "data_size" and epochs:
            by_rows[run.rows_fraction * n_rows].append(mean_curve([epochs]))
    if len(by_rows) < 2:
        return None
    rows = tuple(sorted(by_rows))
    return DataSizeCurve(
        loss=table.loss,
        rows=rows,
        train=tuple([float(c.train[c.best]) for c in by_rows[n]] for n in rows),
        valid=tuple([float(c.valid[c.best]) for c in by_rows[n]] for n in rows),
    )


def panels(table: StudyTable) -> list[Panel]:
    """The curve, where its runs were made."""
    numbers = data_size_curve(table)
    if numbers is None:
        return []
    caption = "The best configuration, trained on growing shares of the training rows."
    title = "With more rows"
    return [Panel(PLACE, "data-size", title, words(numbers), drawing(numbers), caption)]


figure = alone(
    panels,
    "The best configuration was not trained on fewer rows: type "
    "`automl diagnose STUDY --diagnose full`.",
)


def words(numbers: DataSizeCurve) -> str:
    """How the validation loss falls with more rows."""
    first, last = (score_text("loss", fmean(numbers.valid[at])) for at in (0, -1))
    few, all_rows = (number(numbers.rows[at]) for at in (0, -1))
    return f"Validation loss {first} with {few} training rows, {last} with all {all_rows}."


def drawing(numbers: DataSizeCurve) -> go.Figure:
    """Losses of one configuration against the number of rows it was trained on."""
    made = style.figure(340)
    for name, losses, colour, dash in (
        ("train", numbers.train, style.TRAIN, "6px,3px"),
        ("validation", numbers.valid, style.VALID, "solid"),
    ):
        spread = [stdev(repeated) if len(repeated) > 1 else 0.0 for repeated in losses]
        made.add_scatter(
            x=numbers.rows,
            y=[fmean(repeated) for repeated in losses],
            error_y={"type": "data", "array": spread, "thickness": 1.2, "width": 4},
            mode="lines+markers",
            name=name,
            line={"color": colour, "width": 2, "dash": dash},
            hovertemplate="%{x:.0f} rows<br>%{fullData.name} loss %{y:.4g}<extra></extra>",
        )
    made.update_layout(
        xaxis={"title": "training rows", "rangemode": "tozero"},
        yaxis={"title": style.loss_title(numbers.loss)},
    )
    return made
