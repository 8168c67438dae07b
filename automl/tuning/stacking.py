"""How many trials train at once, and which are asked for together so that stacks stay full.

Trials of different batch sizes cannot share a stack: a batch of 16 takes sixteen times the
steps of one of 256. Were every trial's batch size the sampler's choice, ten slots would
make a handful of stacks of one or two. So the sampler chooses the batch size of the first
trial of a *generation*, and the following ones are asked for with that batch size given.
They are ordinary trials: the sampler sees and learns from all of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from storage.records import ParameterValue

MIN_SLOTS = 10
TRIALS_PER_SLOT = 8
"""At most one eighth of a study's trials train at once, but ten always may: with 64 of 100
trials at once, TPE and the median pruner had nothing to learn from (best value .121, none
pruned), with 16 or fewer they had (.027)."""

MAX_SLOTS_PER_STACK = 32
"""Beyond, a stack's state leaves the cache and each further trial costs as much as alone: a step
of 32 trials of width 32 took 7 % of the plain loop's time per trial, of width 256 69 %."""

REFILLS = 1
"""How often a generation's slots are refilled before the sampler chooses again: with one
refill, half of what pruning empties is filled at once, and of 100 trials in stacks of 5
every tenth still has a batch size of the sampler's own choice."""


def slots_for(n_trials: int, n_stacks: int = 1) -> int:
    """How many trials train at once, where a person has not said it."""
    wanted = max(MIN_SLOTS, n_trials // TRIALS_PER_SLOT)
    return min(wanted, n_trials, MAX_SLOTS_PER_STACK * n_stacks)


@dataclass(slots=True)
class StackPlan:
    """Says which batch size the next trial shall have.

    Args:
        n_slots: trials in training at once.
        n_stacks: stacks to spread them over: one per worker.
    """

    n_slots: int
    n_stacks: int = 1
    _begun: Counter[ParameterValue] = field(default_factory=Counter)

    @property
    def capacity(self) -> int:
        """Trials per stack."""
        return math.ceil(self.n_slots / self.n_stacks)

    def next_batch_size(self, in_training: Iterable[ParameterValue]) -> ParameterValue:
        """The batch size of an unfinished generation with room; None: the sampler chooses.

        Args:
            in_training: the batch sizes of the trials in training.

        A stack of one trial has nobody to share with: then the sampler always chooses.
        """
        if self.capacity == 1:
            return None
        training = Counter(in_training)
        for batch_size, n_begun in self._begun.items():
            is_unfinished = n_begun < self.capacity * (1 + REFILLS)
            if is_unfinished and training[batch_size] < self.capacity:
                return batch_size
        return None

    def begin(self, batch_size: ParameterValue, *, was_chosen: bool) -> None:
        """Count a trial; one whose batch size the sampler chose begins a generation anew."""
        if was_chosen:
            self._begun[batch_size] = 0
        self._begun[batch_size] += 1
