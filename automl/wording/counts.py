"""A number with its noun and its verb, so that what is said of one thing is said in the singular.

Whole numbers are written with `:,` wherever they stand alone; how others are is in
`automl/wording/numbers.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

Kind = TypeVar("Kind", bound=str)


def count(n: int, noun: str) -> str:
    """A number with its noun: "1 trial", "12 trials"."""
    return f"{n:,} {noun if n == 1 else noun + 's'}"


def agree(n: int, one: str, many: str) -> str:
    """The form that goes with a number: `agree(1, "is", "are")` is "is"."""
    return one if n == 1 else many


def listing(words: Sequence[str], last: str = "and") -> str:
    """Words in a row: "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def trial_words(numbers: Sequence[int]) -> str:
    """Trials by their numbers: "trial 3", "trials 3, 5 and 8"."""
    return f"{agree(len(numbers), 'trial', 'trials')} {listing([str(each) for each in numbers])}"


def counted(counts: Mapping[Kind, int]) -> str:
    """How many of each kind, without those that are none: "80 complete, 12 pruned"."""
    return ", ".join(f"{n:,} {kind}" for kind, n in counts.items() if n)
