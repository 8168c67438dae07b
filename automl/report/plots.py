"""Figures of a stored study, for notebooks: records in, Plotly figure out.

The same figures as in the report. `SearchResult.plot_curves()` and its siblings call these.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import plotly.graph_objects as go
from numpy.typing import NDArray

from automl.errors import ConfigError
from automl.report import result_part, style, verdict_part
from automl.report.figures import curves as curve_figures
from automl.report.figures import gradients as gradient_figures
from automl.report.figures import parameters as parameter_figures
from automl.report.figures import predictions as prediction_figures
from automl.report.figures import search as search_figures
from automl.report.numbers import curves, gradients, parameters, search
from automl.report.numbers.importances import importances
from automl.report.numbers.overview import overview
from automl.report.numbers.predictions import prediction_numbers
from automl.report.numbers.trials import study_table
from storage.records import StudyRecords

N_AXES = 9  # three rows of three


def plot_curves(records: StudyRecords) -> go.Figure:
    """Train and validation loss of the best trial, all other trials faintly behind it."""
    return style.themed(curve_figures.curves_figure(curves.learning_curves(study_table(records))))


def plot_bias_variance(records: StudyRecords, colour_by: str = "outcome") -> go.Figure:
    """Train loss against generalization gap, one point per trial.

    Args:
        colour_by: "outcome", "validation loss", "network parameters" or a hyperparameter.

    Raises:
        ConfigError: nothing of that name varies in the study.
    """
    plane = curves.bias_variance_plane(study_table(records))
    if colour_by not in plane.colours:
        known = ", ".join(plane.colours)
        raise ConfigError(f"colour_by must be one of {known}, but is {colour_by!r}.")
    return style.themed(curve_figures.bias_variance_figure(plane, colour_by))


def plot_importances(records: StudyRecords) -> go.Figure:
    """How much each hyperparameter mattered.

    Raises:
        ConfigError: too few trials have been made, or nothing can be told from chance.
    """
    found = importances(study_table(records))
    if not found.judged:
        raise ConfigError(f"There are no importances: {found.missing_because}")
    return style.themed(parameter_figures.importances_figure(found))


def plot_axes(records: StudyRecords, at_most: int = N_AXES) -> go.Figure:
    """The place of trials against each hyperparameter, the most important first."""
    table = study_table(records)
    known = parameters.axes(table)
    names = [name for name in importances(table).names if name in known]
    plots = [parameters.axis_plot(table, known[name]) for name in names[:at_most]]
    return style.themed(parameter_figures.axes_figure(plots))


def plot_axis(records: StudyRecords, name: str) -> go.Figure:
    """The place of trials against one hyperparameter.

    Raises:
        ConfigError: the study does not vary it.
    """
    table = study_table(records)
    known = parameters.axes(table)
    if name not in known:
        raise ConfigError(f"name must be one of {', '.join(known)}, but is {name!r}.")
    return style.themed(parameter_figures.axis_figure(parameters.axis_plot(table, known[name])))


def plot_parallel_coordinates(records: StudyRecords) -> go.Figure:
    """Trials as lines over the most important hyperparameters."""
    table = study_table(records)
    lines = parameters.parallel_coordinates(table, importances(table).names)
    return style.themed(parameter_figures.parallel_figure(lines))


def plot_history(records: StudyRecords) -> go.Figure:
    """Validation losses in the order of the trials."""
    return style.themed(search_figures.history_figure(search.history(study_table(records))))


def plot_timeline(records: StudyRecords) -> go.Figure:
    """When each trial ran."""
    return style.themed(search_figures.timeline_figure(search.timeline(study_table(records))))


def plot_gradient_flow(records: StudyRecords, trial_number: int | None = None) -> go.Figure:
    """Gradient norms by layer and epoch.

    Args:
        trial_number: None for the best trial.

    Raises:
        ConfigError: no layer signals of that trial are stored.
    """
    table = study_table(records)
    if trial_number is None:
        trial_number = table.best.number if table.best else -1
    flow = gradients.gradient_flow(table, trial_number)
    if flow is None:
        raise ConfigError(f"No gradient records of trial {trial_number} are stored.")
    return style.themed(gradient_figures.gradient_flow_figure(flow))


def plot_predictions(records: StudyRecords, predictions: Mapping[str, NDArray[Any]]) -> go.Figure:
    """The confusion matrix of a classifier, predicted against true of a regression.

    Shape:
        predictions: "<split>_targets" (N,) and "<split>_predictions" (N, C) or (N,).

    Raises:
        ConfigError: there is no split with targets and predictions.
    """
    settings = records.settings
    judged = prediction_numbers(
        predictions, target=settings.target, class_names=settings.class_names
    )
    if judged is None:
        raise ConfigError("predictions must hold test_targets and test_predictions.")
    if judged.residuals is not None:
        return style.themed(prediction_figures.predicted_figure(judged.residuals))
    assert judged.confusion is not None  # what is not a regression has classes
    return style.themed(prediction_figures.confusion_figure(judged.confusion))


def html_summary(records: StudyRecords) -> str:
    """A study in a notebook's cell: the head of the report, its verdict, the best trials.

    Plain HTML without scripts, so that notebook viewers that strip them show it too.
    """
    table = study_table(records)
    shown = overview(table)
    head = result_part.cards(shown, search.effort(table), records.settings)
    cards = "".join(
        f"<td style='text-align:left;vertical-align:top;padding:.4em 1.6em .4em 0'>"
        f"<div style='opacity:.75'>{escape(card.label)}</div>"
        f"<div style='font-size:1.5em;font-weight:600'>{escape(card.value)}</div>"
        f"<div style='opacity:.75'>{escape(card.remark)}</div></td>"
        for card in head
    )
    verdicts, _ = verdict_part.verdicts(records)
    first = "".join(f"<p><b>{escape(v.kind)}.</b> {escape(v.message)}</p>" for v in verdicts[:1])
    advice = "".join(f"<li>{escape(text)}</li>" for v in verdicts[:1] for text, _ in v.advice)
    return (
        f"<h3 style='margin:.2em 0'>{escape(records.settings.study_name)}</h3>"
        f"<table><tr>{cards}</tr></table>{first}"
        + (f"<ol>{advice}</ol>" if advice else "")
        + _best_table(result_part.best_head(shown, records.settings.metric),
                      result_part.best_rows(shown, records.settings.metric))
    )  # fmt: skip


def _best_table(head: list[str], rows: list[list[str]]) -> str:
    titles = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<details><summary>Best trials</summary><table><tr>{titles}</tr>{lines}</table></details>"
    )
