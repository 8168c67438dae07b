"""The figures of a study: one file each, whole, in the order of the page.

A file has the figure's numbers, its drawing, its alternative text, its caption, and what is said
where there is nothing to see (`panels.FigureModule`). Page and notebooks iterate over `FIGURES`,
so that another figure is another file and its place in this list. Colours of text and grid come
from the template alone (`automl/report/style.py`), so that a page can swap it for the dark one.
"""

from __future__ import annotations

from automl.report.figures import (
    axes,
    bias_variance,
    calibration,
    coarse_to_fine,
    column_importances,
    confusion,
    contours,
    curves,
    data_size,
    effort,
    gradient_flow,
    history,
    importances,
    initialization,
    length_scales,
    parallel_coordinates,
    predicted,
    residuals,
    roc,
    score,
    timeline,
    trade_off,
)
from automl.report.panels import FigureModule

IN_ORDER: tuple[FigureModule, ...] = (
    score,
    column_importances,
    importances,
    curves,
    parallel_coordinates,
    axes,
    coarse_to_fine,
    length_scales,
    contours,
    bias_variance,
    trade_off,
    data_size,
    gradient_flow,
    initialization,
    confusion,
    roc,
    calibration,
    predicted,
    residuals,
    history,
    effort,
    timeline,
)

FIGURES = {module.__name__.rpartition(".")[2]: module for module in IN_ORDER}
"""By the module's name, which is also what notebooks call."""
