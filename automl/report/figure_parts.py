"""Parts 3 to 8 of the report: from a study's table to panels, in the order people ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from numpy.typing import NDArray

from automl.diagnostics.wording import count, listing
from automl.report import alternatives
from automl.report.figures import curves as curve_figures
from automl.report.figures import gradients as gradient_figures
from automl.report.figures import parameters as parameter_figures
from automl.report.figures import predictions as prediction_figures
from automl.report.figures import search as search_figures
from automl.report.numbers import curves, gradients, parameters, search
from automl.report.numbers.importances import Importances
from automl.report.numbers.predictions import PredictionNumbers, prediction_numbers
from automl.report.numbers.trials import StudyTable
from automl.report.panels import Panel

N_CONTOUR_PARAMETERS = 3  # the top three make three pairs; four would make six
MIN_CONTOUR_TRIALS = 10  # as for importances


def curve_panels(table: StudyTable) -> list[Panel]:
    """Part 3: the best trial among all, then the next best as small multiples."""
    numbers = curves.learning_curves(table)
    if not numbers.best and not numbers.others:
        return []
    caption = "The shaded area is the gap between validation and train loss of the best trial."
    if numbers.n_omitted:
        caption += f" {count(numbers.n_omitted, 'further curve')} left out of the drawing."
    panels = [
        Panel(
            "curves",
            "All trials",
            alternatives.of_curves(numbers),
            curve_figures.curves_figure(numbers),
            caption,
        )
    ]
    for curve in numbers.best[1:]:
        panels.append(
            Panel(
                f"curve-{curve.number}",
                f"Trial {curve.number}",
                alternatives.of_trial_curve(curve),
                curve_figures.trial_curves_figure(curve, numbers.loss),
            )
        )
    return panels


def bias_variance_panels(table: StudyTable) -> list[Panel]:
    """Part 4: the plane with a choice of colours, and the data-size curve if there is one."""
    plane = curves.bias_variance_plane(table)
    panels = []
    if len(plane.gap):
        choices = {
            label: curve_figures.plane_traces(plane, label)
            for label in plane.colours
            if label != "outcome"
        }
        caption = "Each point is a trial at its best epoch. Left: less bias. Down: less variance."
        panels.append(
            Panel(
                "plane",
                "Bias and variance of every trial",
                alternatives.of_plane(plane),
                curve_figures.bias_variance_figure(plane),
                caption + _omitted(plane.n_omitted),
                choices=choices,
                choices_label="Colour by",
            )
        )
    size = curves.data_size_curve(table)
    if size is not None:
        panels.append(
            Panel(
                "data-size",
                "With more rows",
                alternatives.of_data_size(size),
                curve_figures.data_size_figure(size),
                "The best configuration, trained on growing shares of the training rows.",
            )
        )
    return panels


def _omitted(n: int) -> str:
    return f" {count(n, 'further trial')} left out; the best are always drawn." if n else ""


def importance_panels(table: StudyTable, found: Importances) -> list[Panel]:
    """Part 5, first: how much each parameter mattered, and trials over the top ones."""
    panels = []
    if found.shares:
        caption = (
            f"PED-ANOVA over {count(found.n_trials, 'trial')}, pruned ones at their last report: "
        )
        caption += "the share of the variation among the better trials that each explains."
        if found.unjudged:
            caption += f" Used by too few trials to be judged: {listing(found.unjudged)}."
        figure = parameter_figures.importances_figure(found)
        words = alternatives.of_importances(found)
        panels.append(Panel("importances", "Importance", words, figure, caption))
    lines = parameters.parallel_coordinates(table, found.names)
    if len(lines.axes) > 1 and len(lines.numbers):
        caption = "The most important parameters. Lines that dip below an axis do not use it."
        panels.append(
            Panel(
                "parallel",
                "Parallel coordinates",
                alternatives.of_parallel(lines),
                parameter_figures.parallel_figure(lines),
                caption + _omitted(lines.n_omitted),
                is_wide=True,
            )
        )
    return panels


def axis_panels(table: StudyTable, found: Importances) -> list[Panel]:
    """Part 5, second: one axis plot per parameter, the most important first."""
    known = parameters.axes(table)
    order = [name for name in found.names if name in known]
    order += [name for name in known if name not in order]
    panels = []
    for index, name in enumerate(order):
        numbers = parameters.axis_plot(table, known[name])
        figure = parameter_figures.axis_figure(numbers)
        figure.update_xaxes(title=None)  # the panel's heading says it
        panels.append(Panel(f"axis-{index}", name, alternatives.of_axis(numbers), figure))
    return panels


def contour_panels(table: StudyTable, found: Importances) -> list[Panel]:
    """Part 5, third: pairwise contours of the most important parameters."""
    known = parameters.axes(table)
    top = [n for n in found.names if n in known][:N_CONTOUR_PARAMETERS] if found.shares else []
    panels = []
    for index, (first, second) in enumerate(combinations(top, 2)):
        numbers = parameters.contour(table, known[first], known[second])
        if len(numbers.losses) >= MIN_CONTOUR_TRIALS:
            panels.append(
                Panel(
                    f"contour-{index}",
                    f"{first} and {second}",
                    alternatives.of_contour(numbers),
                    parameter_figures.contour_figure(numbers),
                )
            )
    return panels


def gradient_panels(table: StudyTable) -> list[Panel]:
    """Part 6: gradient flow of the best and of the worst trial, and the table of pairs."""
    panels = []
    best = gradients.gradient_flow(table, table.best.number) if table.best else None
    worst = gradients.worst_flow(table)
    for key, title, flow in (
        ("flow-best", "Best trial", best),
        ("flow-worst", "Weakest flow", worst),
    ):
        if flow is not None and (key == "flow-best" or best is None or flow.number != best.number):
            panels.append(
                Panel(
                    key,
                    f"{title} (trial {flow.number})",
                    alternatives.of_flow(flow),
                    gradient_figures.gradient_flow_figure(flow),
                )
            )
    pairs = gradients.initialization_table(table)
    if pairs is not None:
        panels.append(
            Panel(
                "initialization",
                "Activation and initialization",
                alternatives.of_initialization(pairs),
                gradient_figures.initialization_figure(pairs),
                "Gradient norm of the first hidden layer over that of the last one before the "
                "first update, median over trials. Far below 1 the gradient vanishes on its way "
                "to the input; far above it explodes.",
            )
        )
    return panels


def search_panels(table: StudyTable) -> list[Panel]:
    """Part 7: history, timeline, outcomes."""
    if not table.trials:
        return []
    past = search.history(table)
    panels = []
    if len(past.values):
        panels.append(
            Panel(
                "history",
                "History",
                alternatives.of_history(past),
                search_figures.history_figure(past),
                "A pruned trial stands at its last report." + _omitted(past.n_omitted),
            )
        )
    spent = search.effort(table)
    caption = ""
    if spent.n_epochs_saved:
        caption = (
            f"Pruning saved about {spent.n_epochs_saved:,} epochs, if the pruned trials had "
            "trained as long as complete ones do on average."
        )
    words = alternatives.of_effort(spent)
    panels.append(
        Panel("effort", "Trials and epochs", words, search_figures.effort_figure(spent), caption)
    )
    times = search.timeline(table)
    if times.bars:
        figure = search_figures.timeline_figure(times)
        words = alternatives.of_timeline(times)
        panels.append(Panel("timeline", "Timeline", words, figure, _omitted(times.n_omitted)))
    return panels


def prediction_panels(
    table: StudyTable, predictions: Mapping[str, NDArray[Any]] | None
) -> tuple[PredictionNumbers | None, list[Panel]]:
    """Part 8: confusion, ROC and calibration, or predicted against true and residuals."""
    settings = table.records.settings
    judged = prediction_numbers(
        predictions or {}, target=settings.target, class_names=settings.class_names
    )
    if judged is None:
        return None, []
    return judged, [*_class_panels(judged), *_residual_panels(judged)]


def _class_panels(judged: PredictionNumbers) -> list[Panel]:
    panels = []
    if judged.confusion is not None:
        figure = prediction_figures.confusion_figure(judged.confusion)
        words = alternatives.of_confusion(judged.confusion)
        panels.append(Panel("confusion", "Confusion matrix", words, figure))
        if judged.confusion.n_other:
            left_out = f"{count(judged.confusion.n_other, 'row')} of rarer classes left out."
            panels[-1] = replace(panels[-1], caption=left_out)
    if judged.roc:
        figure = prediction_figures.roc_figure(judged.roc)
        panels.append(Panel("roc", "ROC curve", alternatives.of_roc(judged.roc), figure))
    if judged.calibration:
        figure = prediction_figures.calibration_figure(judged.calibration)
        words = alternatives.of_calibration(judged.calibration)
        panels.append(Panel("calibration", "Calibration", words, figure))
    return panels


def _residual_panels(judged: PredictionNumbers) -> list[Panel]:
    if judged.residuals is None:
        return []
    words = alternatives.of_residuals(judged.residuals)
    return [
        Panel("predicted", "Predicted and true", words,
              prediction_figures.predicted_figure(judged.residuals)),
        Panel("residuals", "Residuals", words,
              prediction_figures.residuals_figure(judged.residuals)),
    ]  # fmt: skip
