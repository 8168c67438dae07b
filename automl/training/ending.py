"""When a run ends by itself, judged from its learning curve alone.

Pruning, which compares a run with others, is not decided here: see `automl/tuning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from automl.training.best_epoch import BestEpoch
from automl.training.config import TrainingConfig
from storage.records import EpochRecord

Ending = Literal["diverged", "early_stopped", "max_epochs"]


def ending(epochs: Sequence[EpochRecord], training: TrainingConfig) -> Ending | None:
    """Why a run is over after these epochs, or None if it goes on.

    "diverged": the last losses are not finite. "max_epochs": the budget is spent.
    "early_stopped": the last `patience` epochs brought no lower validation loss (Prechelt
    1998, "Early stopping - but when?", criterion UP). The first that holds is named.
    """
    best = BestEpoch()
    for record in epochs:
        best = best.after(record)
    return ending_after(epochs[-1], best, training) if epochs else None


def ending_after(last: EpochRecord, best: BestEpoch, training: TrainingConfig) -> Ending | None:
    """The same, from the last epoch and the best so far."""
    return ending_at(last.epoch, best, training) if last.is_finite else "diverged"


def ending_at(epoch: int, best: BestEpoch, training: TrainingConfig) -> Ending | None:
    """The same of a run whose losses are finite."""
    if epoch >= training.max_epochs:
        return "max_epochs"
    return "early_stopped" if epoch - best.since >= training.patience else None
