"""How many trials train at once, where a person has not said it.

Their batch sizes are left to the sampler, though only trials of one batch size share a stack.
Giving eight trials in a row the batch size of the first kept stacks fuller, but their other
params were then sampled without regard to it: on ten tables and three seeds 60 trials took a
sixth longer that way, and were no better (benchmarks/sampling.py).
"""

from __future__ import annotations

MIN_SLOTS = 10
TRIALS_PER_SLOT = 8
"""At most one eighth of a study's trials train at once, but ten always may: with 64 of 100
trials at once, TPE and the median pruner had nothing to learn from (best value .121, none
pruned), with 16 or fewer they had (.027)."""

MAX_SLOTS_PER_STACK = 32
"""Beyond, a stack's state leaves the cache and each further trial costs as much as alone: a step
of 32 trials of width 32 took 7 % of the plain loop's time per trial, of width 256 69 %."""


def slots_for(n_trials: int, n_stacks: int = 1) -> int:
    """How many trials train at once, where a person has not said it."""
    wanted = max(MIN_SLOTS, n_trials // TRIALS_PER_SLOT)
    return min(wanted, n_trials, MAX_SLOTS_PER_STACK * n_stacks)
