"""How many trials are unfinished at once: those that advance together, and those ready to follow.

Both follow from what has ended in the virtual order (`order.py`), never from the number of
workers, the memory that is free or the number of trials asked for: so a search does the same on
any machine, and the first hundred trials of a thousand are those of a search of a hundred.
"""

from __future__ import annotations

from automl.tuning.order import Slots

MIN_SLOTS = 10
TRIALS_PER_SLOT = 16
"""At most one sixteenth of the trials that have ended or pause train at once, but ten always may.
Few, since what is decided from an older past is decided worse: with 64 of 100 trials at once, TPE
and the median pruner had nothing to learn from (best value .121, none pruned), with 16 or fewer
they had (.027). More as a study grows, since machines of many cores need them and a past of
thousands hardly changes meanwhile. Freeze-thaw on the six development tasks of LCBench, in rounds
of one epoch (`benchmarks/policies.py --epoch-rounds`, with slots that grow as here; regret after
260 / 520 / 1,040 epochs): one eighth .005 -.070 -.121 and one sixteenth .005 -.097 -.141 (six
seeds), always ten -.010 -.098 -.146 (eight seeds), always 32 .049 -.042 -.112 (three seeds)."""

MAX_SLOTS = 32
"""Beyond, a search gains nothing: two workers have enough to do with ten."""


def growing(n_ended: int) -> int:
    """How many trials advance together after so many have ended, where nobody has said it."""
    return min(max(MIN_SLOTS, n_ended // TRIALS_PER_SLOT), MAX_SLOTS)


def ready(n_slots: int) -> int:
    """How many trials are proposed ahead, so that workers have something to train meanwhile."""
    return n_slots // 2


def most_unfinished(n_slots: int) -> int:
    """How many trials take memory at once; from the slots, or 0 where these grow."""
    n_slots = n_slots or MAX_SLOTS
    return n_slots + ready(n_slots)


def slots_of(n_slots: int) -> Slots:
    """So many slots, or where they are 0 as many as `growing` gives."""
    return Slots((lambda n_ended: n_slots) if n_slots else growing, ready)
