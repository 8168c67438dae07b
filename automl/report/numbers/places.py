"""Each trial's place among the others, from comparisons at equal epochs.

Most trials of a search are pruned early, or pause. Their last loss, after one epoch or three,
means something else than the loss of a trial that trained to its end, and mixing both says little
but who went on. Here every two trials are compared at the last epoch that both have reached: the
lowest validation loss until then decides. A trial's place is the share of the others that are
better: 0 is the best. It is as robust as any rank: one diverging loss is the last, and no more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from automl.report.numbers.trials import Floats, Trial
from storage.records import TRAINED, TRAINED_IN_PART

LOST = frozenset({"diverged", "hopeless"})
"""Causes of failures that say that the configuration was bad; others are the machine's."""


def comparable(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Trials that have a place: those with a curve, and those whose configuration failed."""
    return tuple(
        trial
        for trial in trials
        if trial.record.cause in LOST or (trial.outcome in TRAINED and len(trial.curve))
    )


def places(trials: Sequence[Trial]) -> Floats:
    """The share of the other trials that are better than each one; ties count half.

    Args:
        trials: of those that `comparable` gives.

    Shape:
        result: (N,), 0 for one that is better than all others.
    """
    lowest = [_lowest_so_far(trial) for trial in trials]
    reach = np.array([_reach(trial) for trial in trials])
    common = np.minimum(reach[:, None], reach[None, :])  # (N, N)
    lost = np.zeros(len(trials))
    for epochs in np.unique(reach):
        at = np.array([losses[int(min(epochs, len(losses))) - 1] for losses in lowest])
        beaten = 1.0 * (at[:, None] > at[None, :]) + 0.5 * (at[:, None] == at[None, :])
        lost += np.where(common == epochs, beaten, 0.0).sum(axis=1)
    shares: Floats = (lost - 0.5) / max(1, len(trials) - 1)  # less the tie with itself
    return shares


def _reach(trial: Trial) -> float:
    """The epochs for which a trial's loss is known: a complete one stays at its best."""
    return float(len(trial.curve)) if trial.outcome in TRAINED_IN_PART else math.inf


def _lowest_so_far(trial: Trial) -> Floats:
    """The lowest validation loss until each epoch; infinite for a configuration that failed."""
    if trial.record.cause in LOST:
        return np.array([math.inf])
    finite = np.where(np.isfinite(trial.curve.valid), trial.curve.valid, math.inf)
    lowest: Floats = np.minimum.accumulate(finite)
    return lowest
