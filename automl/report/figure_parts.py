"""The figures of the report: from a study's table to panels, in the order people ask.

Where a figure would show nothing (ROC curves in the corner, a confusion matrix without errors),
a sentence says so instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from numpy.typing import NDArray

from automl.diagnostics.wording import count, listing, number
from automl.report import alternatives, style
from automl.report.figures import curves as curve_figures
from automl.report.figures import gradients as gradient_figures
from automl.report.figures import parameters as parameter_figures
from automl.report.figures import predictions as prediction_figures
from automl.report.figures import search as search_figures
from automl.report.numbers import curves, gradients, parameters, search
from automl.report.numbers.importances import Importances
from automl.report.numbers.predictions import Confusion, PredictionNumbers, prediction_numbers
from automl.report.numbers.trials import StudyTable
from automl.report.panels import Panel, Remark

N_CONTOUR_PARAMETERS = 3  # the top three make three pairs; four would make six
MIN_CONTOUR_TRIALS = 10  # over two parameters, fewer leave more gaps than cells
N_TOP_PARAMETERS = 5  # of the page's first screens; all are in the part on hyperparameters
N_COLOUR_PARAMETERS = 8  # each choice is all points again, in the file
CURVE_HEIGHT = 360  # about that of the figure beside it
PERFECT_AREA = 0.9975  # an ROC curve of more lies in the corner, and reads as 1.00


def curve_panel(table: StudyTable) -> Panel | None:
    """The best trial's curve among those of all others."""
    numbers = curves.learning_curves(table)
    if not numbers.best and not numbers.others:
        return None
    caption = "The shaded area is the gap between validation and train loss of the best trial."
    if numbers.n_omitted:
        caption += f" {count(numbers.n_omitted, 'further curve')} left out of the drawing."
    title = f"Learning curve of trial {numbers.best[0].number}" if numbers.best else "All trials"
    figure = curve_figures.curves_figure(numbers).update_layout(height=CURVE_HEIGHT)
    return Panel("curve-best", title, alternatives.of_curves(numbers), figure, caption)


def other_curve_panels(table: StudyTable) -> list[Panel]:
    """The next best trials as small multiples."""
    numbers = curves.learning_curves(table)
    return [
        Panel(
            f"curve-{curve.number}",
            f"Trial {curve.number}",
            alternatives.of_trial_curve(curve),
            curve_figures.trial_curves_figure(curve, numbers.loss),
        )
        for curve in numbers.best[1:]
    ]


def bias_variance_panels(table: StudyTable, found: Importances) -> list[Panel]:
    """The plane with a choice of colours, and the data-size curve if there is one."""
    left_out = set(found.names[N_COLOUR_PARAMETERS:])
    plane = curves.bias_variance_plane(table)
    panels = []
    if len(plane.gap):
        choices = {
            label: curve_figures.plane_traces(plane, label)
            for label in plane.colours
            if label != "outcome" and label not in left_out
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


def top_panel(found: Importances) -> Panel | Remark:
    """What mattered most, with its uncertainty; or why that is not known."""
    if not found.judged:
        return Remark("importances", "Importance of hyperparameters", found.missing_because)
    shown = found.judged[:N_TOP_PARAMETERS]
    return Panel(
        "importances",
        "Importance of hyperparameters",
        alternatives.of_importances(found, shown),
        parameter_figures.importances_figure(found, N_TOP_PARAMETERS),
        _importance_caption(found),
    )


def _importance_caption(found: Importances) -> str:
    """Which of the bars are certain, and what they measure."""
    certain = [one.name for one in found.judged[:N_TOP_PARAMETERS] if one in found.certain]
    if not certain:
        said = "Together they tell trials apart, but no single one can be told from chance."
    elif len(certain) < min(len(found.judged), N_TOP_PARAMETERS):
        said = f"Told from chance: {listing(certain)} (blue). Grey bars may be chance."
    else:
        said = "All of these can be told from chance."
    return (
        f"{said} Permutation importance over {count(found.n_trials, 'trial')}, compared at equal "
        "epochs, with 95 % intervals."
    )


def importance_panels(table: StudyTable, found: Importances) -> list[Panel]:
    """All parameters that could be judged, and trials as lines over the first ones."""
    panels = []
    if len(found.judged) > N_TOP_PARAMETERS:
        caption = ""
        if found.unjudged:
            caption = f"Used by too few trials to be judged: {listing(found.unjudged)}."
        figure = parameter_figures.importances_figure(found)
        words = alternatives.of_importances(found, found.judged)
        panels.append(Panel("importances-all", "All importances", words, figure, caption))
    lines = parameters.parallel_coordinates(table, found.names)
    if len(lines.axes) > 1 and len(lines.numbers) > 1:
        caption = (
            "Place: every two trials are compared at the last epoch that both have reached. Lines "
            "that dip below an axis do not use it."
        )
        panels.append(
            Panel(
                "parallel",
                "Trials as lines",
                alternatives.of_parallel(lines),
                parameter_figures.parallel_figure(lines),
                caption + _omitted(lines.n_omitted),
                is_wide=True,
            )
        )
    return panels


def axis_panels(table: StudyTable, found: Importances) -> list[Panel]:
    """One axis plot per parameter, the most important first."""
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


def _outside(n: int) -> str:
    return f" {count(n, 'trial')} outside the frame." if n else ""


def contour_panels(table: StudyTable, found: Importances) -> list[Panel]:
    """Pairwise contours of the most important parameters."""
    known = parameters.axes(table)
    top = [n for n in found.names if n in known][:N_CONTOUR_PARAMETERS] if found.judged else []
    panels = []
    for index, (first, second) in enumerate(combinations(top, 2)):
        numbers = parameters.contour(table, known[first], known[second])
        if len(numbers.places) >= MIN_CONTOUR_TRIALS:
            panels.append(
                Panel(
                    f"contour-{index}",
                    f"{first} and {second}",
                    alternatives.of_contour(numbers),
                    parameter_figures.contour_figure(numbers),
                )
            )
    return panels


def gradient_panels(table: StudyTable) -> list[Panel | Remark]:
    """Gradient flow of the best and of the weakest trial, and the table of pairs."""
    panels: list[Panel | Remark] = []
    best = gradients.gradient_flow(table, table.best.number) if table.best else None
    if best is not None:
        panels.append(_flow_panel("flow-best", "Best trial", best))
    weakest = gradients.weakest_flow(table)
    if weakest is not None and not weakest.has_vanished:
        text = (
            "In no trial did the gradient shrink a thousandfold on its way to the input before "
            f"the first update; the weakest is trial {weakest.flow.number}, with "
            f"{number(weakest.ratio)} of the last hidden layer's gradient in the first one."
        )
        panels.append(Remark("flow-worst", "Weakest flow", text))
    elif weakest is not None and (best is None or weakest.flow.number != best.number):
        panels.append(_flow_panel("flow-worst", "Weakest flow", weakest.flow))
    pairs = gradients.initialization_table(table)
    if pairs is not None and len(pairs.cells) > 1:
        panels.append(_initialization_panel(pairs))
    return panels


def _flow_panel(key: str, title: str, flow: gradients.GradientFlow) -> Panel:
    return Panel(
        key,
        f"{title} (trial {flow.number})",
        alternatives.of_flow(flow),
        gradient_figures.gradient_flow_figure(flow),
    )


def _initialization_panel(pairs: gradients.InitializationTable) -> Panel | Remark:
    title, words = "Activation and initialization", alternatives.of_initialization(pairs)
    if not any(cell.n_vanished or cell.n_exploded for cell in pairs.cells):
        return Remark("initialization", title, words)
    return Panel(
        "initialization",
        title,
        words,
        gradient_figures.initialization_figure(pairs),
        "Gradient norm of the first hidden layer over that of the last one before the first "
        "update, median over trials. Far below 1 the gradient vanishes on its way to the input; "
        "far above it explodes.",
    )


def search_panels(table: StudyTable) -> list[Panel]:
    """History, timeline, outcomes."""
    if not table.trials:
        return []
    past = search.history(table)
    panels = []
    if len(past.values):
        outside = _outside(style.n_outside(past.values, search_figures.history_frame(past)))
        panels.append(
            Panel(
                "history",
                "History",
                alternatives.of_history(past),
                search_figures.history_figure(past),
                "Pruned trials are faint: they stand at the lowest loss of the few epochs that "
                "they had." + outside + _omitted(past.n_omitted),
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
) -> tuple[PredictionNumbers | None, list[Panel | Remark]]:
    """Confusion, ROC and calibration, or predicted against true and residuals."""
    settings = table.records.settings
    judged = prediction_numbers(
        predictions or {}, target=settings.target, class_names=settings.class_names
    )
    if judged is None:
        return None, []
    return judged, [*_class_panels(judged), *_residual_panels(judged)]


def _class_panels(judged: PredictionNumbers) -> list[Panel | Remark]:
    panels: list[Panel | Remark] = []
    if judged.confusion is not None:
        panels.append(_confusion_panel(judged.confusion))
    if judged.roc:
        words = alternatives.of_roc(judged.roc)
        if min(curve.area for curve in judged.roc) >= PERFECT_AREA:
            panels.append(Remark("roc", "ROC curve", f"All curves lie in the corner. {words}"))
        else:
            figure = prediction_figures.roc_figure(judged.roc)
            panels.append(Panel("roc", "ROC curve", words, figure))
    if judged.calibration:
        figure = prediction_figures.calibration_figure(judged.calibration)
        words = alternatives.of_calibration(judged.calibration)
        panels.append(Panel("calibration", "Calibration", words, figure))
    return panels


def _confusion_panel(confusion: Confusion) -> Panel | Remark:
    title, words = "Confusion matrix", alternatives.of_confusion(confusion)
    left_out = ""
    if confusion.n_other:
        left_out = f"{count(confusion.n_other, 'row')} of rarer classes left out."
    elif not confusion.n_wrong:
        return Remark("confusion", title, words)
    figure = prediction_figures.confusion_figure(confusion)
    return Panel("confusion", title, words, figure, left_out)


def _residual_panels(judged: PredictionNumbers) -> list[Panel]:
    if judged.residuals is None:
        return []
    words = alternatives.of_residuals(judged.residuals)
    low, high = judged.residuals.frame
    n_far = style.n_outside(judged.residuals.predicted, {"range": (low, high)})
    caption = f"{count(n_far, 'prediction')} outside the frame." if n_far else ""
    return [
        Panel("predicted", "Predicted and true", words,
              prediction_figures.predicted_figure(judged.residuals), caption),
        Panel("residuals", "Residuals", words,
              prediction_figures.residuals_figure(judged.residuals), caption),
    ]  # fmt: skip
