"""Calibration: predicted probabilities against observed frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from automl.report import style
from automl.report.numbers.predictions import JudgedRows
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Floats
from automl.report.panels import Panel, Place, alone

PLACE = Place("predictions", "half")
N_BINS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Predicted probability of one class against its frequency, in bins of equal counts."""

    label: str
    predicted: Floats
    observed: Floats


def calibration_curves(judged: JudgedRows | None) -> list[Calibration]:
    """The curve of each class that gets one; none of a regression."""
    from sklearn.calibration import calibration_curve  # loaded for this figure only

    if judged is None or judged.is_regression:
        return []
    curves = []
    for code, label in judged.classes_of_curves.items():
        probabilities = np.clip(judged.predicted[:, code], 0.0, 1.0)
        observed, mean = calibration_curve(
            judged.true == code, probabilities, n_bins=N_BINS, strategy="quantile"
        )
        curves.append(Calibration(label, mean, observed))
    return curves


def panels(table: StudyTable) -> list[Panel]:
    """The curves of a classifier."""
    curves = calibration_curves(table.judged_rows)
    if not curves:
        return []
    return [Panel(PLACE, "calibration", "Calibration", words(curves), drawing(curves))]


figure = alone(panels, "No predictions of classes are kept with this study.")


def words(curves: Sequence[Calibration]) -> str:
    """The largest distance from the diagonal."""
    worst = max(float(np.abs(c.predicted - c.observed).max()) for c in curves)
    return (
        f"Predicted probabilities differ from observed frequencies by at most {worst:.2f} "
        "in any bin."
    )


def drawing(curves: Sequence[Calibration]) -> go.Figure:
    """A curve per class; on the diagonal probabilities are to be believed."""
    lines = (
        go.Scatter(
            x=style.single(curve.predicted),
            y=style.single(curve.observed),
            mode="lines+markers",
            name=style.text(curve.label),
            hovertemplate="predicted %{x:.1%}<br>observed %{y:.1%}<extra></extra>",
        )
        for curve in curves
    )
    return style.shares_figure("predicted probability", "observed frequency", "perfect", lines)
