"""The playground's page: what one hyperparameter at a time does to a network in the plane.

The numbers come from `automl/tuning/playground.py`, which trains; this only writes the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from automl.diagnostics.wording import number, percent
from automl.report.figures.playground import run_figure
from automl.report.numbers.playground import finding, loss_range, value_text
from automl.report.page import render, write_page
from automl.report.panels import Panel

if TYPE_CHECKING:  # the module that trains loads torch
    from automl.tuning.playground import PlayedGrid, Playground

QUESTIONS = {
    "learning_rate": "Too small, and it hardly moves; too large, and it jumps about.",
    "activation": "What a single unit can bend.",
    "n_layers": "Each layer bends what the one before has bent.",
    "initialization": "Where the descent begins: equal units stay equal, small ones learn late.",
    "weight_decay": "The price of large weights: smoother boundaries, in the end none at all.",
    "batch_size": "How many rows decide on one step: many make it steady, few make it often.",
    "optimizer": "How a gradient becomes a step.",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One hyperparameter of the page."""

    key: str
    title: str
    question: str
    finding: str
    panels: tuple[Panel, ...]


def write_playground(played: Playground, path: str | Path) -> Path:
    """Write the page as one self-contained HTML file."""
    sections = [_section(played, grid) for grid in played.grids]
    title = f"Playground: {played.data}"
    page = render("playground.html.j2", title=title, played=played, sections=sections)
    return write_page(page, path)


def _section(played: Playground, grid: PlayedGrid) -> Section:
    bounds = loss_range(grid)
    panels = tuple(
        Panel(
            f"{grid.parameter}-{index}",
            value_text(run),
            f"With {grid.parameter} {value_text(run)} the network has "
            f"{percent(run.valid_error)} of the validation rows wrong; lowest validation loss "
            f"{number(run.best_loss)}.",
            run_figure(played, run, bounds),
            f"{percent(run.valid_error)} wrong",
        )
        for index, run in enumerate(grid.runs)
    )
    question = QUESTIONS.get(grid.parameter, "")
    return Section(grid.parameter, grid.parameter, question, finding(grid), panels)
