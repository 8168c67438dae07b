"""The network's test score beside its references.

The frame is that of the network and what lies near it, so that their distance can be seen. What
lies outside (guessing, as a rule, or a reference that failed) is said in words instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from automl.report import style
from automl.report.numbers.overview import ReferenceScore, Score, test_scores
from automl.report.numbers.study import StudyTable
from automl.report.panels import Panel, Place, alone
from automl.wording.counts import listing
from automl.wording.references import REFERENCE_NAMES
from automl.wording.scores import SHARES, score_name, score_text
from storage.score_records import ReferenceName

PLACE = Place("result")

BOUNDS: Mapping[str, tuple[float, float]] = {
    "accuracy": (0.0, 1.0),
    "balanced_accuracy": (0.0, 1.0),
    "roc_auc": (0.0, 1.0),
    "r2": (-math.inf, 1.0),
}
"""Where a score ends; all others are errors, from 0 on."""

NEAR = 2.0
"""What is further from the network's interval than so many times its width is far."""


MARKERS: Mapping[ReferenceName, tuple[str, str]] = {
    "guessing": (style.GREY, "square"),
    "linear_model": (style.ORANGE, "diamond"),
    "boosted_trees": (style.GREEN, "diamond"),
}
"""Colour and symbol."""


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    value: float
    interval: tuple[float, float] | None
    colour: str
    symbol: str


def panels(table: StudyTable) -> list[Panel]:
    """The primary score; none before a network was evaluated on test rows."""
    scores = test_scores(table.records)[:1]
    return [
        Panel(
            PLACE,
            key="score",
            title=f"Test {score_name(score.metric)}",
            alternative=words(score),
            figure=drawing(score),
            caption=far_words(score),
        )
        for score in scores
    ]


figure = alone(panels, "No network of this study has been evaluated.")


def words(score: Score) -> str:
    """The score, its interval and its references."""

    def said(value: float) -> str:
        return score_text(score.metric, value)

    words = [f"{score_name(score.metric)} of the {score.scored} {said(score.network)}"]
    if score.interval:
        words.append(f"95 % interval {said(score.interval[0])} to {said(score.interval[1])}")
    words += [f"{REFERENCE_NAMES[one.name]} {said(one.value)}" for one in score.references]
    return ", ".join(words) + "."


def drawing(score: Score) -> go.Figure:
    """Network and references as dots with their 95 % intervals on one axis."""
    rows = _rows(score)
    low, high = _frame(score)
    near = [row for row in rows if low <= row.value <= high]
    made = style.figure(64 + 42 * len(near), showlegend=False)
    for row in near:
        made.add_scatter(
            x=[row.value],
            y=[f"{row.name}  "],
            error_x=_bar(row),
            mode="markers+text",
            text=[score_text(score.metric, row.value)],
            textposition="top center",
            cliponaxis=False,
            marker={"size": 12, "color": row.colour, "symbol": row.symbol},
            hovertemplate=f"{row.name}: %{{x:.4g}}<extra></extra>",
        )
    better = "higher" if score.higher_is_better else "lower"
    title = f"{score_name(score.metric)} on test rows ({better} is better)"
    made.update_layout(
        margin={"t": 16, "r": 24},
        xaxis={
            "title": style.text(title),
            "zeroline": False,
            "range": [low, high],
            "tickformat": ".1~%" if score.metric in SHARES else style.PLAIN_NUMBERS,
        },
        yaxis={"showgrid": False, "ticks": "", "range": [-0.6, len(near) - 0.4]},
    )
    return made


def far_words(score: Score) -> str:
    """What lies outside the frame; empty where nothing does."""
    low, high = _frame(score)
    far = [row for row in _rows(score) if not low <= row.value <= high]
    said = listing([f"{row.name} ({score_text(score.metric, row.value)})" for row in far])
    return f"Outside the frame: {said}." if far else ""


def _rows(score: Score) -> list[_Row]:
    """From below: the weakest reference first, the network on top."""
    rows = [
        _Row(REFERENCE_NAMES[one.name], one.value, _shown(one), *MARKERS[one.name])
        for one in score.references
    ]
    return [*rows, _Row(score.scored, score.network, score.interval, style.BLUE, "circle")]


def _frame(score: Score) -> tuple[float, float]:
    """Network and near references with their intervals, and a margin for their labels.

    An interval reaches at most as far as a reference may: an outlier among the rows can make
    that of an RMSE ten times as wide as all distances.
    """
    reach = (score.network, *(score.interval or ()))
    low, high = min(reach), max(reach)
    fitted = [one.value for one in score.references if one.name != "guessing"]
    width = (high - low) or abs(score.network - (fitted or [0.0])[-1]) or abs(low) or 1.0
    least, most = low - NEAR * width, high + NEAR * width
    shown = [row for row in _rows(score) if least <= row.value <= most]
    ends = [end for row in shown for end in (row.value, *(row.interval or ()))]
    low, high = max(least, min(ends)), min(most, max(ends))
    margin = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    floor, ceiling = BOUNDS.get(score.metric, (0.0, math.inf))
    return max(low - margin, min(floor, low)), min(high + margin, max(ceiling, high))


def _shown(one: ReferenceScore) -> tuple[float, float] | None:
    """The interval of a model that was fitted; a constant has none worth showing."""
    return None if one.name == "guessing" else one.interval


def _bar(row: _Row) -> Any:
    if row.interval is None:
        return {"visible": False}
    looks = {"color": row.colour, "thickness": 2.5, "width": 7}
    return style.interval_bar([row.value], [row.interval], **looks)
