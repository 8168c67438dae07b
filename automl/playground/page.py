"""The playground's page: what a choice does to a small network in the plane.

The numbers come from `automl/playground/play.py`, which trains; this only writes the page.
Every run is in it, as JSON, and `templates/playground.js` draws the one that is chosen: without
Plotly's script the page is a fifth of its size.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl.playground.numbers import (
    button_text,
    finding,
    islands,
    loss_range,
    sentence,
)
from automl.report.page import render, write_page
from automl.report.panels import safe_json
from automl.wording.numbers import number, percent

if TYPE_CHECKING:  # the module that trains loads torch
    from automl.playground.play import PlayedGrid, PlayedRun, Playground

TOGETHER = frozenset({"noise", "n_layers", "regularization", "activation"})
"""What the buttons of the first part choose; all else stands side by side, with a question."""

QUESTIONS = {
    "learning_rate": "Too small, and it hardly moves; too large, and it jumps about.",
    "initialization": "Where the descent begins: equal units stay equal, small ones learn late.",
    "weight_decay": "The price of large weights: smoother boundaries, in the end none at all.",
    "batch_size": "How many rows decide on one step: many make it steady, few make it often.",
    "optimizer": "How a gradient becomes a step.",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One hyperparameter of the buttons: its values as texts, and the first chosen one."""

    name: str
    texts: tuple[str, ...]
    chosen: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One run in words: what is drawn of it is in the page's JSON."""

    title: str
    sentence: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One grid of the page; with several choices, its runs share one stage."""

    key: str
    title: str
    question: str
    finding: str
    choices: tuple[Choice, ...]
    shown: tuple[Shown, ...]
    first: int  # the run that is drawn first: the base

    @property
    def is_explorer(self) -> bool:
        """Whether a person chooses by buttons; else all runs stand side by side."""
        return self.key == EXPLORER


EXPLORER = "together"


def write_playground(played: Playground, path: str | Path) -> Path:
    """Write the page as one self-contained HTML file."""
    sections = [_section(played, grid) for grid in played.grids]
    page = render(
        "playground.html.j2",
        title=f"Playground: {played.data}",
        played=played,
        base={name: button_text(name, value) for name, value in played.base.items()},
        sections=sections,
        runs=safe_json(_drawn(played, sections)),
    )
    return write_page(page, path)


def _section(played: Playground, grid: PlayedGrid) -> Section:
    choices = tuple(
        Choice(
            name,
            tuple(button_text(name, value) for value in values),
            values.index(played.base[name]) if name in played.base else 0,
        )
        for name, values in grid.choices.items()
    )
    names = tuple(grid.choices)
    first = 0
    for choice in choices:
        first = first * len(choice.texts) + choice.chosen
    together = len(names) > 1 or names[0] in TOGETHER
    return Section(
        key=EXPLORER if together else names[0],
        title="Together: " + ", ".join(names) if together else names[0],
        question="" if together else QUESTIONS[names[0]],
        finding="" if together else finding(grid),
        choices=choices,
        shown=tuple(_shown(played, grid, run) for run in grid.runs),
        first=first,
    )


def _shown(played: Playground, grid: PlayedGrid, run: PlayedRun) -> Shown:
    lowest = number(run.best_loss)
    facts = (
        ("train loss", number(run.train_loss[-1])),
        ("validation loss", number(run.valid_loss[-1])),
        ("lowest validation loss", f"{lowest} in epoch {run.best_epoch}"),
        ("train rows wrong", percent(run.train_error)),
        ("validation rows wrong", percent(run.valid_error)),
        ("islands", str(len(islands(played, run)))),
    )
    title = ", ".join(button_text(name, run.setting[name]) for name in grid.choices)
    return Shown(title, sentence(played, grid, run), facts)


def _drawn(played: Playground, sections: list[Section]) -> dict[str, Any]:
    """What the page's script draws: points, and of each grid the losses and surfaces."""
    return {
        "points": _rounded(played.points),
        "targets": {button_text("noise", n): t.tolist() for n, t in played.targets.items()},
        "x": [float(played.x[0]), float(played.x[-1])],
        "y": [float(played.y[0]), float(played.y[-1])],
        "cells": len(played.x),
        "epochs": played.n_epochs,
        "grids": {
            section.key: {"losses": loss_range(grid), "runs": _runs(grid, section)}
            for section, grid in zip(sections, played.grids, strict=True)
        },
    }


def _runs(grid: PlayedGrid, section: Section) -> list[Mapping[str, Any]]:
    return [
        {
            "noise": button_text("noise", run.setting.get("noise", 0.0)),
            "train": _rounded(run.train_loss),
            "valid": _rounded(run.valid_loss),
            "best": run.best_epoch,
            "surface": _surface_text(run.surface),
            # Where all runs stand side by side their words are in the page already.
            **(
                {"sentence": shown.sentence, "facts": [value for _, value in shown.facts]}
                if section.is_explorer
                else {}
            ),
        }
        for run, shown in zip(grid.runs, section.shown, strict=True)
    ]


def _surface_text(surface: NDArray[np.float64]) -> str:
    """Probabilities as bytes, 255 is 1, in base64; where there is none, one half."""
    probabilities = np.nan_to_num(surface, nan=0.5)
    return base64.b64encode(np.round(255 * probabilities).astype(np.uint8).tobytes()).decode()


def _rounded(values: NDArray[np.float64]) -> Any:
    """Three digits, which is finer than a pixel; None where a loss is infinite."""
    if values.ndim > 1:
        return [_rounded(row) for row in values]
    return [float(f"{value:.3g}") if np.isfinite(value) else None for value in values]
