"""Numbers of how the search went: history, timeline, outcomes and what pruning saved."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automl.report.numbers.trials import (
    OUTCOMES,
    Floats,
    Outcome,
    StudyTable,
    Trial,
    sample_trials,
)

N_HISTORY_POINTS = 2000
N_TIMELINE_BARS = 300  # a bar needs a pixel of height to be seen


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Values in the order of the trials, and the best so far.

    Shape:
        numbers, values: (N,); best_numbers, best_values: (M,), one per improvement.
    """

    loss: str
    numbers: Floats
    values: Floats
    outcomes: tuple[Outcome, ...]
    best_numbers: Floats
    best_values: Floats
    last_number: int
    n_omitted: int


@dataclass(frozen=True, slots=True)
class TimelineBar:
    """When one trial ran, in seconds since the study's first trial began."""

    number: int
    start: float
    end: float
    outcome: Outcome
    n_epochs: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Trials over wall-clock time."""

    bars: tuple[TimelineBar, ...]
    n_omitted: int


@dataclass(frozen=True, slots=True)
class Effort:
    """How the trials ended and what was spent on them."""

    n_trials: int
    outcomes: Mapping[Outcome, int]
    causes: Mapping[str, int]  # why trials ended by themselves
    messages: Mapping[str, str]  # by cause: what the last such trial said, if anything
    n_epochs: int
    n_epochs_by_outcome: Mapping[Outcome, int]
    n_epochs_saved: int  # by pruning, if those trials had trained as long as complete ones do
    seconds: float  # in training, all trials and workers together


def history(table: StudyTable) -> History:
    """Values of all trials that have one, and each improvement of the best."""
    valued = [t for t in table.trials if math.isfinite(t.value)]
    drawn = sample_trials(valued, N_HISTORY_POINTS)
    improvements: list[Trial] = []
    for trial in valued:
        if trial.is_ranked and (not improvements or trial.value < improvements[-1].value):
            improvements.append(trial)
    return History(
        loss=table.records.settings.loss,
        numbers=np.array([t.number for t in drawn], dtype=np.float64),
        values=np.array([t.value for t in drawn], dtype=np.float64),
        outcomes=tuple(t.outcome for t in drawn),
        best_numbers=np.array([t.number for t in improvements], dtype=np.float64),
        best_values=np.array([t.value for t in improvements], dtype=np.float64),
        last_number=table.trials[-1].number if table.trials else 0,
        n_omitted=len(valued) - len(drawn),
    )


def timeline(table: StudyTable) -> Timeline:
    """One bar per trial that has begun; a running one ends with the last thing known."""
    begun = [t for t in table.trials if t.started_at is not None]
    if not begun:
        return Timeline((), 0)
    drawn = sample_trials(begun, N_TIMELINE_BARS)
    first = min(t.started_at or 0.0 for t in begun)
    last = max(max(t.finished_at or 0.0, t.started_at or 0.0) for t in begun)
    bars = tuple(
        TimelineBar(
            number=t.number,
            start=(t.started_at or 0.0) - first,
            end=(t.finished_at or last) - first,
            outcome=t.outcome,
            n_epochs=t.effort.n_epochs,
        )
        for t in drawn
    )
    return Timeline(bars, len(begun) - len(drawn))


def effort(table: StudyTable) -> Effort:
    """Counts of trials by outcome and cause, and of epochs spent and saved."""
    trials = table.trials
    epochs: Counter[Outcome] = Counter()
    for trial in trials:
        epochs[trial.outcome] += trial.effort.n_epochs
    counts = Counter(trial.outcome for trial in trials)
    complete = [t.effort.n_epochs for t in trials if t.outcome == "complete"]
    usual = sum(complete) / len(complete) if complete else 0.0
    saved = sum(max(0.0, usual - t.effort.n_epochs) for t in trials if t.outcome == "pruned")
    return Effort(
        n_trials=len(trials),
        outcomes={outcome: counts[outcome] for outcome in OUTCOMES if counts[outcome]},
        causes=dict(Counter(t.cause for t in trials if t.cause).most_common()),
        messages={t.cause: t.message for t in trials if t.cause and t.message},
        n_epochs=sum(epochs.values()),
        n_epochs_by_outcome={o: epochs[o] for o in OUTCOMES if counts[o]},
        n_epochs_saved=round(saved),
        seconds=sum(trial.effort.seconds for trial in trials),
    )
