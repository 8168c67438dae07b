"""What trials that came equally far say of a range's end, where most were stopped early.

Large learning rates lead after an epoch or two, whatever they end with, and a search that pauses
trials goes on with those that lead. So losses of a few epochs show a trend towards one end that
later ones may turn round. What counts is then the order of those that came far, each by its
lowest loss up to an epoch that all of them have reached.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtr

from automl.diagnostics.thresholds import FAR_SHARE, FAR_TRIALS, TREND_CHANCE
from storage.records import StudyRecords, TrialRecord


def turns_back(
    records: StudyRecords, trials: Sequence[TrialRecord], toward: Sequence[float]
) -> bool:
    """Whether trials that came far get worse towards a range's end, whatever all trials say.

    Where fewer than `FAR_TRIALS` came far, or nothing is known of their epochs, it is False.

    Args:
        trials: those with a value in the range, the best first.
        toward: how near the end each of them lies: 1 at it.
    """
    nearness = {one.number: place for one, place in zip(trials, toward, strict=True)}
    far = losses_at_one_epoch(records, trials)
    if len(far) < FAR_TRIALS:
        return False
    away = np.array([1 - nearness[one.number] for one, _ in far])
    return chance_of_trend(away, np.array([loss for _, loss in far])) <= TREND_CHANCE


def losses_at_one_epoch(
    records: StudyRecords, trials: Sequence[TrialRecord]
) -> list[tuple[TrialRecord, float]]:
    """The trials that came at least half as far as the best one, with losses to compare.

    Complete ones count too where they ended earlier by themselves. The loss is the lowest one
    (of the mean over folds) up to the last epoch that all others have reached, also of a trial
    that has diverged by then; one without any finite loss has none to compare.

    Args:
        trials: the best first.
    """
    known = [(one, _curve(records, one.number)) for one in trials]
    curves = [(one, curve) for one, curve in known if len(curve)]
    if not curves:
        return []
    least = math.ceil(FAR_SHARE * len(curves[0][1]))
    far = [(one, curve) for one, curve in curves if _is_over(one) or len(curve) >= least]
    epoch = min((len(curve) for one, curve in far if not _is_over(one)), default=None)
    lowest = [(one, _lowest_finite(curve[:epoch])) for one, curve in far]
    return [(one, loss) for one, loss in lowest if math.isfinite(loss)]


def chance_of_trend(toward: np.ndarray, losses: np.ndarray) -> float:
    """The chance that lower losses lie so much nearer an end, if the order were random.

    Args:
        toward: how near the end each trial lies.
        losses: of the trials, or their places in an order, the best first.

    Source: Spearman's rank correlation with the t distribution, Kendall & Gibbons 1990, ch. 4.
    """
    if np.ptp(toward) == 0 or np.ptp(losses) == 0:
        return 1.0
    correlation = float(np.corrcoef(_ranks(losses), _ranks(toward))[0, 1])
    degrees = len(toward) - 2
    return float(stdtr(degrees, correlation * math.sqrt(degrees / max(1 - correlation**2, 1e-9))))


def _ranks(values: np.ndarray) -> np.ndarray:
    """From 1 on; equal values share the mean of their ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return ranks


def _is_over(trial: TrialRecord) -> bool:
    return trial.outcome == "complete"


def _lowest_finite(losses: np.ndarray) -> float:
    """Infinite where no loss is finite."""
    return float(np.min(losses, where=np.isfinite(losses), initial=math.inf))


def _curve(records: StudyRecords, number: int) -> np.ndarray:
    """Validation losses by epoch, as far as all folds have come."""
    folds = [records.epochs.get(run.run_id, ()) for run in records.search_runs(number)]
    n_epochs = min((len(fold) for fold in folds), default=0)
    losses = [[epoch.valid_loss for epoch in fold[:n_epochs]] for fold in folds]
    return np.mean(losses, axis=0) if n_epochs else np.empty(0)
