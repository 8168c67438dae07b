"""Confusion matrix: true classes against predicted ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from automl.report import style
from automl.report.numbers.predictions import JudgedRows
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Floats
from automl.report.panels import Panel, Place, Remark, alone
from automl.training.decisions import decide
from automl.wording.counts import count

PLACE = Place("predictions")
N_CLASSES = 20  # a matrix of more is unreadable; the most frequent are kept


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """How often each class was taken for each.

    Shape:
        counts: (C, C), rows are true classes.
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    n_other: int  # rows of classes that are not shown

    @property
    def n_wrong(self) -> int:
        """Rows that are taken for another class."""
        return int(self.counts.sum() - np.trace(self.counts))

    @property
    def shares(self) -> Floats:
        """Row by row, the share of the true class."""
        totals = np.maximum(1, self.counts.sum(axis=1, keepdims=True))
        shares: Floats = self.counts / totals
        return shares


def confusion(judged: JudgedRows) -> Confusion:
    """Counts of the most frequent classes."""
    from sklearn.metrics import confusion_matrix  # loaded for this figure only

    classes = judged.class_names
    frequency = np.bincount(judged.true, minlength=len(classes))
    shown = np.sort(np.argsort(-frequency, kind="stable")[:N_CLASSES])
    chosen = decide(judged.predicted, judged.threshold)
    counts = confusion_matrix(judged.true, chosen, labels=np.arange(len(classes)))
    counts = counts[np.ix_(shown, shown)].astype(np.int64)
    n_other = judged.n_rows - int(counts.sum())
    return Confusion(tuple(classes[code] for code in shown), counts, n_other)


def panels(table: StudyTable) -> list[Panel | Remark]:
    """The matrix of a classifier; a sentence where all rows are right."""
    judged = table.judged_rows
    if judged is None or judged.is_regression:
        return []
    numbers, title, left_out = confusion(judged), "Confusion matrix", ""
    if numbers.n_other:
        left_out = f"{count(numbers.n_other, 'row')} of rarer classes left out."
    elif not numbers.n_wrong:
        return [Remark(PLACE, "confusion", title, words(numbers))]
    return [Panel(PLACE, "confusion", title, words(numbers), drawing(numbers), left_out)]


figure = alone(panels, "No predictions of classes are kept with this study.")


def words(numbers: Confusion) -> str:
    """The share that is right and the commonest mistake."""
    total, right = int(numbers.counts.sum()), int(np.trace(numbers.counts))
    wrong = numbers.counts - np.diag(np.diag(numbers.counts))
    said = f"{right:,} of {total:,} rows are classified correctly."
    if wrong.max() > 0:
        true, predicted = np.unravel_index(int(wrong.argmax()), wrong.shape)
        said += (
            f" The commonest mistake: {count(int(wrong.max()), 'row')} of class "
            f"{numbers.classes[true]} taken for {numbers.classes[predicted]}."
        )
    return said


def drawing(numbers: Confusion) -> go.Figure:
    """True classes against predicted ones, coloured by the share of the true class."""
    n_classes = len(numbers.classes)
    made = style.figure(min(640, 190 + 30 * n_classes), showlegend=False)
    labels = [style.text(name) for name in numbers.classes]
    shares = numbers.shares
    made.add_heatmap(
        z=style.single(shares),
        x=labels,
        y=labels,
        # White to blue, so that the counts stay readable in every cell.
        colorscale=[[0.0, "#f4f6f8"], [0.02, "#dcebf5"], [1.0, "#3f8fc4"]],
        zmin=0,
        zmax=1,
        text=[[f"{n:,}" if n else "" for n in row] for row in numbers.counts.tolist()],
        texttemplate="%{text}" if n_classes <= 12 else "",
        textfont={"color": "#1f2328", "size": 12},
        customdata=np.stack([numbers.counts, shares], axis=-1).astype(np.float32),
        xgap=1,
        ygap=1,
        hovertemplate="true %{y}, predicted %{x}<br>%{customdata[0]:,} rows "
        "(%{customdata[1]:.1%} of the class)<extra></extra>",
        colorbar=style.colour_bar("share", tickformat=".0%"),
    )
    flat = {"type": "category", "showgrid": False, "ticks": "", "tickmode": "linear"}
    made.update_layout(
        margin={"t": 12},
        xaxis={**flat, "title": "predicted"},
        yaxis={**flat, "title": "true", "autorange": "reversed"},
    )
    return made
