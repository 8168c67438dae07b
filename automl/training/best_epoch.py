"""Which epoch of a run is its best so far: whose weights are kept, and since when none was better.

Where a later epoch has the same validation loss, its weights are kept: it has learned longer, and
on few rows equal losses say little of which one is better. Early stopping counts from the first
of them all the same, since a loss that stays as it is is no gain. `storage.records.best_epoch`
finds in a whole curve what is followed here epoch by epoch.

Source:
    Holzmüller, Grinsztajn & Steinwart 2024, "Better by default" (RealMLP keeps the last of tied
    best epochs).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from storage.records import EpochRecord


@dataclass(frozen=True, slots=True)
class BestEpoch:
    """The lowest validation loss so far, with the last and the first epoch that had it."""

    epoch: int = 0  # the last, whose weights are kept; 0 before there is one
    since: int = 0  # the first, from which patience counts
    valid_loss: float = math.inf

    def after(self, record: EpochRecord) -> BestEpoch:
        """What is the best after one more epoch; itself, if that one is worse or not finite."""
        if not record.is_finite or record.valid_loss > self.valid_loss:
            return self
        since = self.since if record.valid_loss == self.valid_loss else record.epoch
        return BestEpoch(record.epoch, since, record.valid_loss)
