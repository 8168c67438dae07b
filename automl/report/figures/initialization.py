"""Activation and initialization: how evenly the gradient flows before the first update."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from automl.diagnostics.situation import named
from automl.report import style
from automl.report.numbers.gradients import EXPLODED, VANISHED, initial_ratios
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Trial
from automl.report.panels import Panel, Place, Remark, alone
from automl.wording.numbers import number
from automl.wording.scores import score_text

PLACE = Place("gradients")

ROLES: Final = ("activation", "initialization")


@dataclass(frozen=True, slots=True)
class Cell:
    """All trials of one activation and one initialization, before their first update."""

    activation: str
    initialization: str
    ratios: Sequence[float]  # of each trial, as `initial_ratios` gives them
    best_value: float  # lowest validation loss of the complete ones; NaN without any

    @property
    def log_ratio(self) -> float:
        """The median over trials."""
        return float(np.median(self.ratios))

    @property
    def n_vanished(self) -> int:
        """Trials whose gradient was too weak at the input to learn."""
        return sum(ratio < VANISHED for ratio in self.ratios)

    @property
    def n_exploded(self) -> int:
        """Trials whose gradient grew as much on its way."""
        return sum(ratio > EXPLODED for ratio in self.ratios)


def cells_of_pairs(table: StudyTable) -> list[Cell]:
    """Gradient flow by activation and initialization; empty where nothing was measured."""
    settings = table.records.settings
    names = [name for role in ROLES if (name := named(settings, role))]
    if len(names) < len(ROLES):  # of a person's own network
        return []
    ratios = initial_ratios(table)
    groups: dict[tuple[str, str], list[Trial]] = defaultdict(list)
    for trial in table.trials:
        if trial.number in ratios:
            activation, initialization = (str(trial.params.get(n, "fixed")) for n in names)
            groups[activation, initialization].append(trial)
    return [
        Cell(
            *pair,
            ratios=[ratios[t.number] for t in trials],
            best_value=min((t.value for t in trials if t.is_ranked), default=math.nan),
        )
        for pair, trials in sorted(groups.items())
    ]


def panels(table: StudyTable) -> list[Panel | Remark]:
    """The table of pairs, where there are several; a sentence where all went well."""
    cells = cells_of_pairs(table)
    title = "Activation and initialization"
    if len(cells) < 2:
        return []
    if not any(cell.n_vanished or cell.n_exploded for cell in cells):
        return [Remark(PLACE, "initialization", title, words(cells))]
    caption = (
        "Gradient norm of the first hidden layer over that of the last one before the first "
        "update, median over trials. Far below 1 the gradient vanishes on its way to the input; "
        "far above it explodes."
    )
    return [Panel(PLACE, "initialization", title, words(cells), drawing(cells), caption)]


figure = alone(panels, "No layer signals were kept of two or more pairs.")


def words(cells: Sequence[Cell]) -> str:
    """The pairs in which gradients vanished or exploded."""
    bad = [
        f"{cell.activation} with {cell.initialization} ({verb} in {trials} of {len(cell.ratios)})"
        for cell in cells
        for verb, trials in (("vanished", cell.n_vanished), ("exploded", cell.n_exploded))
        if trials
    ]
    if not bad:
        return "No pair of activation and initialization made gradients vanish or explode."
    return "Gradients at initialization: " + "; ".join(bad) + "."


def drawing(cells: Sequence[Cell]) -> go.Figure:
    """Activation x initialization: how evenly the gradient flows before the first update."""
    activations = sorted({cell.activation for cell in cells})
    initializations = sorted({cell.initialization for cell in cells})
    shape = (len(activations), len(initializations))
    heights = np.full(shape, math.nan)
    labels: list[list[str]] = [[""] * shape[1] for _ in range(shape[0])]
    details: list[list[str]] = [["no trial"] * shape[1] for _ in range(shape[0])]
    for cell in cells:
        row = activations.index(cell.activation)
        column = initializations.index(cell.initialization)
        heights[row, column] = np.clip(cell.log_ratio, -6, 6)
        labels[row][column] = _power(cell.log_ratio)
        details[row][column] = (
            f"{len(cell.ratios)} trials<br>vanished in {cell.n_vanished}, exploded in "
            f"{cell.n_exploded}<br>best validation loss {score_text('loss', cell.best_value)}"
        )
    made = style.figure(150 + 40 * shape[0], showlegend=False)
    made.add_heatmap(
        z=style.single(heights),
        x=[style.text(name) for name in initializations],
        y=[style.text(name) for name in activations],
        text=labels,
        texttemplate="%{text}",
        textfont={"color": "#1f2328", "size": 12},
        customdata=details,
        hovertemplate="%{y}, %{x}<br>%{customdata}<extra></extra>",
        # White where the flow is even, blue where it was lost, orange where it grew.
        colorscale=[[0.0, "#7fb2d9"], [0.5, "#f6f6f4"], [1.0, "#f0a868"]],
        zmin=-4,
        zmax=4,
        xgap=2,
        ygap=2,
        colorbar=_ratio_bar(),
    )
    made.update_layout(
        margin={"t": 12},
        xaxis={"title": "initialization", "showgrid": False, "ticks": "",
               "type": "category"},
        yaxis={"title": "activation", "showgrid": False, "ticks": "",
               "type": "category", "ticksuffix": "  "},
    )  # fmt: skip
    return made


def _power(log_ratio: float) -> str:
    if not math.isfinite(log_ratio):
        return "∞"
    if abs(log_ratio) < 1:
        return f"{number(10**log_ratio, 2)}×"
    return f"10<sup>{log_ratio:.1f}</sup>".replace("-", "−")


def _ratio_bar() -> dict[str, Any]:
    labels = ["10<sup>−4</sup>", "10<sup>−2</sup>", "even", "10<sup>2</sup>", "10<sup>4</sup>"]
    return style.colour_bar("first / last", tickvals=[-4, -2, 0, 2, 4], ticktext=labels)
