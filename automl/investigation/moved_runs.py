"""Whether training is chaotic: the same runs, with a learning rate that is moved by rounding.

What they differ by in their first epoch is what rounding makes within one trainer. Another one,
which adds up in another order, differs by about as much: see `OWN_ROUNDING`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from automl.investigation.compared_curves import apart_at_first
from automl.tuning.planned_runs import EndedRun, PlannedRun
from storage.records import EpochRecord

MOVE = 2.0**-22
"""Of a learning rate: one or two units of the last place in single precision."""


def plan_moved(runs: Sequence[PlannedRun]) -> tuple[PlannedRun, ...]:
    """The first epoch of each run, with a learning rate that is higher, and lower, by rounding."""
    return tuple(
        _moved(run, word, factor)
        for run in runs
        for word, factor in (("higher", 1 + MOVE), ("lower", 1 - MOVE))
    )


def _moved(run: PlannedRun, word: str, factor: float) -> PlannedRun:
    training = run.config.training
    training = replace(training, learning_rate=training.learning_rate * factor)
    label = f"{run.label}, learning rate {word} by rounding"
    return replace(run, label=label, config=replace(run.config, training=training), until=1)


def sensitivity(curve: Sequence[EpochRecord], fold: int, moved: Sequence[EndedRun]) -> float:
    """By how much, relatively, rounding moves a loss of the first epoch.

    Args:
        curve: of the run that was not moved.
        moved: as planned; the larger difference of those of the fold counts.

    Returns:
        Infinite where one of them has no first epoch; 0 where there are none.
    """
    of_fold = [run for run in moved if run.planned.config.fold == fold]
    return max((apart_at_first(curve, run.curve) for run in of_fold), default=0.0)
