"""How many trials train at once, and which are asked for together so that stacks stay full.

Trials of different batch sizes cannot share a stack: a batch of 16 takes sixteen times the
steps of one of 256. Were every trial's batch size the sampler's choice, ten slots would
make a handful of stacks of one or two. So the sampler chooses the batch size of the first
trial of a *generation*, and the following ones are asked for with that batch size given,
after each batch size has been tried. All are ordinary trials: the sampler learns from them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from search_spaces import CategoricalParameter, SearchSpace
from storage.records import ParameterValue

MIN_SLOTS = 10
TRIALS_PER_SLOT = 8
"""At most one eighth of a study's trials train at once, but ten always may: with 64 of 100
trials at once, TPE and the median pruner had nothing to learn from (best value .121, none
pruned), with 16 or fewer they had (.027)."""

MAX_SLOTS_PER_STACK = 32
"""Beyond, a stack's state leaves the cache and each further trial costs as much as alone: a step
of 32 trials of width 32 took 7 % of the plain loop's time per trial, of width 256 69 %."""

TRIALS_PER_GENERATION = 8
"""Trials that are asked for with one batch size before the sampler chooses again: stacks of 8
have most of what stacking gains, and every eighth choice is still the sampler's."""

TRIALS_TO_COVER = 2
"""So many trials each batch size gets before the sampler chooses at all. Its own random start
would be too short: of ten trials in generations of eight, two choose a batch size, and what
was never tried is hardly ever proposed later (on iris, 2 of 6 batch sizes in 300 trials)."""


def slots_for(n_trials: int, n_stacks: int = 1) -> int:
    """How many trials train at once, where a person has not said it."""
    wanted = max(MIN_SLOTS, n_trials // TRIALS_PER_SLOT)
    return min(wanted, n_trials, MAX_SLOTS_PER_STACK * n_stacks)


def batch_sizes(space: SearchSpace) -> tuple[ParameterValue, ...]:
    """The batch sizes that a space varies over; none where there is no choice."""
    parameter = space.parameters.get("batch_size")
    return parameter.choices if isinstance(parameter, CategoricalParameter) else ()


@dataclass(slots=True)
class StackPlan:
    """Says which batch size the next trial shall have.

    Args:
        n_slots: trials in training at once.
        n_stacks: stacks to spread them over: one per worker.
        choices: the batch sizes of the search space; none where it does not vary.
        tried: batch sizes of the trials that the study has.
    """

    n_slots: int
    n_stacks: int = 1
    choices: tuple[ParameterValue, ...] = ()
    tried: Counter[ParameterValue] = field(default_factory=Counter)
    _begun: Counter[ParameterValue] = field(default_factory=Counter)  # of each generation

    @property
    def capacity(self) -> int:
        """Trials per stack."""
        return math.ceil(self.n_slots / self.n_stacks)

    def next_batch_size(self, in_training: Iterable[ParameterValue]) -> ParameterValue:
        """One that is yet to be covered, or that of an unfinished generation with room.

        Args:
            in_training: the batch sizes of the trials in training.

        Returns:
            None where the sampler chooses. A stack of one trial has nobody to share with:
            there it always does.
        """
        if self.capacity == 1:
            return None
        for batch_size in self.choices:
            if self.tried[batch_size] < TRIALS_TO_COVER:
                return batch_size
        training = Counter(in_training)
        for batch_size, n_begun in self._begun.items():
            if n_begun < TRIALS_PER_GENERATION and training[batch_size] < self.capacity:
                return batch_size
        return None

    def begin(self, batch_size: ParameterValue, *, was_chosen: bool) -> None:
        """Count a trial; one whose batch size the sampler chose begins a generation."""
        self.tried[batch_size] += 1
        if was_chosen:
            self._begun[batch_size] = 1
        elif batch_size in self._begun:
            self._begun[batch_size] += 1
