"""When each trial ran: bars that overlap ran at the same time.

When a trial paused is not kept. So of one that pauses only its beginning is drawn, and the bar of
one that went on holds its pauses too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from automl.report import style
from automl.report.numbers.study import StudyTable
from automl.report.numbers.trials import Trial, sample_trials
from automl.report.panels import Panel, Place, alone, omitted
from automl.wording.counts import count
from automl.wording.numbers import duration
from storage.records import OUTCOMES

PLACE = Place("search")
N_BARS = 300  # a bar needs a pixel of height to be seen


class Bar(NamedTuple):
    """When one trial ran, in seconds since the study's first trial began; empty if it pauses."""

    trial: Trial
    start: float
    end: float


class Timeline(NamedTuple):
    """Trials over wall-clock time."""

    bars: Sequence[Bar]
    n_omitted: int


def timeline(table: StudyTable) -> Timeline:
    """One bar per trial that has begun; a running one ends with the last thing known."""
    began = {t: t.record.started_at for t in table.trials if t.record.started_at is not None}
    if not began:
        return Timeline((), 0)
    first = min(began.values())
    last = max(max(t.record.finished_at or 0.0, start) for t, start in began.items())
    drawn = sample_trials([*began], N_BARS)
    ends = {t: began[t] if _pauses(t) else t.record.finished_at or last for t in drawn}
    bars = [Bar(t, began[t] - first, end - first) for t, end in ends.items()]
    return Timeline(bars, len(began) - len(drawn))


def _pauses(trial: Trial) -> bool:
    return trial.outcome == "paused"


def panels(table: StudyTable) -> list[Panel]:
    """The timeline, once a trial has begun."""
    numbers = timeline(table)
    if not numbers.bars:
        return []
    caption = omitted(numbers.n_omitted)
    if any(_pauses(bar.trial) for bar in numbers.bars):
        caption = f"Paused trials are marked where they began; bars include pauses.{caption}"
    return [Panel(PLACE, "timeline", "Timeline", words(numbers), drawing(numbers), caption)]


figure = alone(panels, "No trial has begun yet.")


def words(numbers: Timeline) -> str:
    """How many trials ran within which time."""
    end = max(bar.end for bar in numbers.bars)
    longest = max(numbers.bars, key=lambda bar: bar.end - bar.start)
    return (
        f"{count(len(numbers.bars), 'trial')} within {duration(end)}; the longest, trial "
        f"{longest.trial.number}, took {duration(longest.end - longest.start)}."
    )


def drawing(numbers: Timeline) -> go.Figure:
    """A bar per trial, the first on top."""
    made = style.figure(min(440, 180 + 2 * len(numbers.bars)))
    scale, unit = _time_scale(max(bar.end for bar in numbers.bars))
    for outcome in OUTCOMES:
        bars = [bar for bar in numbers.bars if bar.trial.outcome == outcome]
        if bars and outcome == "paused":
            made.add_scatter(
                x=style.single([bar.start / scale for bar in bars]),
                y=style.single([bar.trial.number for bar in bars]),
                customdata=np.array([bar.trial.effort.n_epochs for bar in bars]),
                mode="markers",
                name=outcome,
                marker=style.outcome_marker(outcome, 5),
                hovertemplate="trial %{y} (paused)<br>%{customdata} epochs<extra></extra>",
            )
        elif bars:
            made.add_bar(
                base=style.single([bar.start / scale for bar in bars]),
                x=style.single([(bar.end - bar.start) / scale for bar in bars]),
                y=style.single([bar.trial.number for bar in bars]),
                customdata=np.array([bar.trial.effort.n_epochs for bar in bars]),
                orientation="h",
                width=1.0 if numbers.n_omitted == 0 else None,
                name=outcome,
                marker={"color": style.OUTCOME_COLOURS[outcome], "line": {"width": 0}},
                hovertemplate=f"trial %{{y}} ({outcome})<br>%{{customdata}} epochs<br>"
                f"%{{x:.3g}} {unit}<extra></extra>",
            )
    made.update_layout(
        barmode="overlay",
        bargap=0,
        xaxis={"title": f"{unit} since the search began", "rangemode": "tozero"},
        yaxis={"title": "trial", "autorange": "reversed"},
    )
    return made


def _time_scale(seconds: float) -> tuple[float, str]:
    """The unit in which a duration is easy to read."""
    if seconds > 2 * 3600:
        return 3600.0, "hours"
    return (60.0, "minutes") if seconds > 180 else (1.0, "seconds")
