"""A number with its noun and its verb, so that what is said of one thing is said in the singular.

Every layer counts something for people; so this stands below them all. How other numbers are
written is in `automl/diagnostics/wording.py`.
"""

from __future__ import annotations


def count(n: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: "1 trial", "12 trials"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def agree(n: int, one: str, many: str) -> str:
    """The form that goes with a number: `agree(1, "is", "are")` is "is"."""
    return one if n == 1 else many
