"""A number with its noun and its verb, so that what is said of one thing is said in the singular.

Whole numbers are written with `:,` wherever they stand alone; how others are is in
`automl/wording/numbers.py`.
"""

from __future__ import annotations

from collections.abc import Sequence


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: "1 trial", "12 trials"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


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
    *others, last = map(str, numbers)
    return f"trials {', '.join(others)} and {last}" if others else f"trial {last}"
