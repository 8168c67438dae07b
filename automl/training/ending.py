"""When a run ends by itself, judged from its learning curve alone.

Pruning, which compares a run with others, is not decided here: see `automl/tuning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from automl.training.config import TrainingConfig
from storage.records import EpochRecord, best_epoch

Ending = Literal["diverged", "early_stopped", "max_epochs"]


def ending(epochs: Sequence[EpochRecord], training: TrainingConfig) -> Ending | None:
    """Why a run is over after these epochs, or None if it goes on.

    "diverged": the last losses are not finite. "max_epochs": the budget is spent.
    "early_stopped": the last `patience` epochs brought no lower validation loss (Prechelt
    1998, "Early stopping - but when?", criterion UP). The first that holds is named.
    """
    return ending_after(epochs[-1], best_epoch(epochs), training) if epochs else None


def ending_after(
    last: EpochRecord, best: EpochRecord | None, training: TrainingConfig
) -> Ending | None:
    """The same, from the last epoch and the best one with finite losses."""
    if not last.is_finite:
        return "diverged"
    return ending_at(last.epoch, best.epoch if best else 0, training)


def ending_at(epoch: int, best_epoch: int, training: TrainingConfig) -> Ending | None:
    """The same of a run whose losses are finite.

    Args:
        best_epoch: the one with the lowest validation loss; 0 before there is one.
    """
    if epoch >= training.max_epochs:
        return "max_epochs"
    return "early_stopped" if epoch - best_epoch >= training.patience else None
