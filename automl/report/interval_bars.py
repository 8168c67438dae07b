"""Horizontal bars with intervals, the most important on top: how much each of several mattered.

Those that cannot be told from chance are grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go

from automl.report import style

N_SIGNS: Final = 28  # of a name: longer ones would leave no room for bars


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a value with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float
    is_certain: bool  # told from chance


def interval_bars(bars: Sequence[Bar], title: str, number_format: str) -> go.Figure:
    """Draw bars, the first one on top.

    Args:
        title: of the axis of values.
        number_format: of values where a mouse points, for Plotly (d3-format).
    """
    shown = bars[::-1]  # Plotly draws bars from below
    places = list(range(len(shown)))  # names may be alike when they are cut
    values = [bar.value for bar in shown]
    made = style.figure(76 + 30 * len(shown), showlegend=False)
    made.add_bar(
        x=values,
        y=places,
        orientation="h",
        marker={"color": [style.BLUE if bar.is_certain else style.PALE for bar in shown]},
        error_x=style.interval_bar(
            values, [(bar.low, bar.high) for bar in shown],
            color=style.GREY, thickness=1.5, width=4,
        ),
        customdata=[[style.text(bar.name), bar.low, bar.high] for bar in shown],
        hovertemplate=f"%{{customdata[0]}}: %{{x:{number_format}}}<br>95 % interval "
        f"%{{customdata[1]:{number_format}}} to %{{customdata[2]:{number_format}}}<extra></extra>",
    )  # fmt: skip
    made.update_layout(
        margin={"t": 8, "r": 16},
        bargap=0.4,
        xaxis={"rangemode": "tozero", "title": title},
        yaxis={"showgrid": False, "ticks": "", "ticksuffix": "  ", "tickvals": places,
               "ticktext": [style.text(_cut(bar.name)) for bar in shown]},
    )  # fmt: skip
    return made


def _cut(name: str) -> str:
    return name if len(name) <= N_SIGNS else f"{name[: N_SIGNS - 1]}…"
