"""Figures of a stored study in a notebook, those of the report: `result.plots.curves()`.

There is a method for every file of `automl/report/figures/`, under its name. Beside them stands
what a notebook shows where a cell ends with the result.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from html import escape
from inspect import signature
from typing import Any

import plotly.graph_objects as go

from automl.errors import did_you_mean
from automl.options.spoken import spoken
from automl.options.values import DEFAULT_STORAGE
from automl.report import result_part, style, verdict_part
from automl.report.figures import FIGURES
from automl.report.numbers.effort import effort
from automl.report.numbers.overview import overview
from automl.report.numbers.study import Predictions, StudyTable, study_table
from automl.report.panels import FigureModule
from automl.wording.data_notes import data_notes
from automl.wording.printable import one_line
from storage.records import StudyRecords

TITLE_HEIGHT = 56  # pixels: two lines


class Plots:
    """The report's figures of one study: each method gives a Plotly figure, and has its own help.

    A method raises `ConfigError` where there is nothing to show, or what is chosen in it does not
    exist.
    """

    def __init__(
        self, records: StudyRecords, predictions: Predictions, storage: str = DEFAULT_STORAGE
    ) -> None:
        self._records = records
        self._storage = storage
        self._predictions = predictions

    @cached_property
    def _table(self) -> StudyTable:
        return study_table(self._records, self._predictions, self._storage)

    def __getattr__(self, name: str) -> Callable[..., go.Figure]:
        if name not in FIGURES:
            raise AttributeError(f"there is no figure {name!r}{did_you_mean(name, FIGURES)}")
        module = FIGURES[name]
        draw = module.figure

        @wraps(draw)
        def plot(*args: Any, **options: Any) -> go.Figure:
            drawn = style.themed(draw(self._table, *args, **options))
            return _titled(drawn, _title(module), self._records.settings.study_name)

        plot.__name__, plot.__doc__ = name, draw.__doc__ or module.__doc__
        known = signature(draw)
        of_person = list(known.parameters.values())[1:]  # the study's table is there already
        plot.__signature__ = known.replace(parameters=of_person)  # type: ignore[attr-defined]
        return plot

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *FIGURES]

    def __repr__(self) -> str:
        return f"Plots of {self._records.settings.study_name!r}: {', '.join(FIGURES)}"


def _title(module: FigureModule) -> str:
    """What a figure is: the beginning of what its file says of it."""
    return (module.__doc__ or "").splitlines()[0].partition(":")[0].rstrip(".")


def _titled(figure: go.Figure, title: str, study_name: str) -> go.Figure:
    """The figure below a heading; in the page its panel says what it is.

    The frame grows by as much as the heading takes, so that nothing in it moves.
    """
    top = figure.layout.margin.t if figure.layout.margin.t is not None else style.MARGIN["t"]
    heading = {
        "text": f"<b>{title}</b>",
        "subtitle": {"text": style.text(study_name)},
        "x": 0.01,
        "xanchor": "left",
        "y": 1,
        "yanchor": "top",
        "yref": "container",
        "pad": {"t": 12},
    }
    figure.update_layout(title=heading, margin={"t": top + TITLE_HEIGHT})
    if figure.layout.height is not None:
        figure.update_layout(height=figure.layout.height + TITLE_HEIGHT)
    return figure


def html_summary(records: StudyRecords, storage: str = DEFAULT_STORAGE) -> str:
    """A study in a notebook's cell: the report's head, the verdict, data notes, the best trials.

    Plain HTML without scripts, so that notebook viewers that strip them show it too.

    Args:
        storage: the database that commands in advice name.
    """
    table = study_table(records)
    shown = overview(table)
    head = result_part.cards(shown, effort(table), records.settings)
    cards = "".join(
        f"<td style='text-align:left;vertical-align:top;padding:.4em 1.6em .4em 0'>"
        f"<div style='opacity:.75'>{escape(card.label)}</div>"
        f"<div style='font-size:1.5em;font-weight:600'>{escape(card.value)}</div>"
        f"<div style='opacity:.75'>{escape(card.remark)}</div></td>"
        for card in head
    )
    verdicts, _ = verdict_part.verdicts(records, storage)
    first = "".join(
        f"<p><b>{escape(v.kind)}.</b> {escape(spoken(v.message))}</p>" for v in verdicts[:1]
    )
    texts = [spoken(text) for v in verdicts[:1] for text, _ in v.advice]
    advice = "".join(f"<li>{escape(text)}</li>" for text in texts)
    notes = [escape(spoken(one_line(note))) for note in data_notes(records.data_checks)]
    return (
        f"<h3 style='margin:.2em 0'>{escape(records.settings.study_name)}</h3>"
        f"<table><tr>{cards}</tr></table>{first}"
        + (f"<ol>{advice}</ol>" if advice else "")
        + "".join(f"<p style='opacity:.75'>{note}</p>" for note in notes)
        + _best_table(result_part.best_head(shown, records.settings.epoch_metric),
                      result_part.best_rows(shown, records.settings.epoch_metric))
    )  # fmt: skip


def _best_table(head: list[str], rows: list[list[str]]) -> str:
    titles = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<details><summary>Best trials</summary><table><tr>{titles}</tr>{lines}</table></details>"
    )
