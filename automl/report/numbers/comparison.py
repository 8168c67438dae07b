"""Numbers of the figure that compares studies: best loss against epochs spent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from automl.diagnostics.thresholds import Z_95
from automl.report.numbers.trials import Floats, StudyTable


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """The best validation loss so far against the epochs spent.

    Shape:
        epochs, best, low, high: (M,), one per improvement and one at the end; low and high
        are the 95 % interval of that trial's validation loss over validation rows.
    """

    name: str
    epochs: Floats
    best: Floats
    low: Floats
    high: Floats


def progress(name: str, table: StudyTable) -> Progress:
    """Follow the trials in the order they ended."""
    spent, best = 0, math.inf
    points: list[tuple[float, float, float]] = []
    for trial in sorted(table.trials, key=lambda t: (t.finished_at or math.inf, t.number)):
        spent += trial.effort.n_epochs
        if trial.is_ranked and trial.value < best and len(trial.curve):
            best = trial.value
            error = trial.standard_error
            points.append((float(spent), best, error if math.isfinite(error) else 0.0))
    if points:
        points.append((float(spent), *points[-1][1:]))
    epochs, values, errors = np.array(points, dtype=np.float64).reshape(-1, 3).T
    return Progress(name, epochs, values, values - Z_95 * errors, values + Z_95 * errors)
