"""How many runs train at once: all, until memory did not suffice for some together.

Then half as many do, and the others wait, for as long as any of those is there that were too
many: the next runs may be smaller.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence

import torch


class MemoryRoom:
    """The limit on runs at once in a place of training.

    Args:
        device: whose memory it is.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._n_runs: int | None = None
        self._too_many: set[int] = set()  # the limit lasts as they do
        self._is_short = False

    def admitted(self, waiting: Sequence[int], n_training: int) -> Sequence[int]:
        """Those of the waiting runs that may join the ones in training."""
        if self._n_runs is None:
            return waiting
        return waiting[: max(0, self._n_runs - n_training)]

    def halve(self, run_ids: Sequence[int]) -> None:
        """From the next round on train half as many as these, which were too many together.

        Not in this round: the error's frames still hold what did not fit.
        """
        self._n_runs = max(1, len(run_ids) // 2)
        self._too_many.update(run_ids)
        self._is_short = True

    def leave(self, run_id: int) -> None:
        """Take note that a run has ended; the limit ends with the last of those."""
        self._too_many.discard(run_id)
        if not self._too_many:
            self._n_runs = None

    def lift(self) -> None:
        """End the limit: a run that needs more memory than there is was found."""
        self._too_many.clear()
        self._n_runs = None

    def free(self) -> None:
        """Give back what trainers held that were given up for want of memory."""
        if not self._is_short:
            return
        self._is_short = False
        gc.collect()
        if self._device != "cpu":
            torch.cuda.empty_cache()
