"""ROC curves: one class against the others each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from automl.report import style
from automl.report.numbers.predictions import JudgedRows
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Floats, thin
from automl.report.panels import Panel, Place, Remark, alone

PLACE = Place("predictions", "half")
N_POINTS = 200
PERFECT_AREA = 0.9975  # a curve of more lies in the corner, and reads as 1.00


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """True against false positive rate of one class."""

    label: str
    false_positive_rate: Floats
    true_positive_rate: Floats
    area: float


def roc_curves(judged: JudgedRows | None) -> list[Roc]:
    """The curve of each class that gets one; none of a regression."""
    from sklearn.metrics import roc_auc_score, roc_curve  # loaded for this figure only

    if judged is None or judged.is_regression:
        return []
    curves = []
    for code, label in judged.classes_of_curves.items():
        is_class, probability = judged.true == code, judged.predicted[:, code]
        false_rate, true_rate, _ = roc_curve(is_class, probability)
        kept = thin(len(false_rate), N_POINTS)
        area = float(roc_auc_score(is_class, probability))
        curves.append(Roc(label, false_rate[kept], true_rate[kept], area))
    return curves


def panels(table: StudyTable) -> list[Panel | Remark]:
    """The curves of a classifier; a sentence where all lie in the corner."""
    curves = roc_curves(table.judged_rows)
    if not curves:
        return []
    if min(curve.area for curve in curves) >= PERFECT_AREA:
        said = f"All curves lie in the corner. {words(curves)}"
        return [Remark(PLACE, "roc", "ROC curve", said)]
    return [Panel(PLACE, "roc", "ROC curve", words(curves), drawing(curves))]


figure = alone(panels, "No predictions of classes are kept with this study.")


def words(curves: Sequence[Roc]) -> str:
    """Areas under the curves."""
    areas = ", ".join(f"{curve.label} {curve.area:.3f}" for curve in curves)
    return f"Areas under the ROC curve: {areas}."


def drawing(curves: Sequence[Roc]) -> go.Figure:
    """A curve per class; on the diagonal lies chance."""
    lines = (
        go.Scatter(
            x=style.single(curve.false_positive_rate),
            y=style.single(curve.true_positive_rate),
            mode="lines",
            name=f"{style.text(curve.label)} ({curve.area:.3f})",
            hovertemplate="false positives %{x:.1%}<br>true positives %{y:.1%}<extra></extra>",
        )
        for curve in curves
    )
    return style.shares_figure("false positive rate", "true positive rate", "chance", lines)
