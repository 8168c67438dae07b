"""The one error of this package, and the words that its messages share.

A message says the rule, the value, and the fix or the nearest known name. The error also
carries which parameter and key it is about, so that the TOML reader can add file and line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from storage.error_root import AutoMLError


class SearchSpaceError(AutoMLError, ValueError):
    """A search space, or a change of one, is not possible."""

    def __init__(self, message: str, *, parameter: str = "", key: str = "") -> None:
        super().__init__(message)
        self.parameter = parameter  # the table of the TOML file, where the error is about one
        self.key = key  # the key in that table, likewise


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, as ` Did you mean 'x'?`; else an empty string."""
    matches = difflib.get_close_matches(str(word).lower(), list(known), n=1)
    return f" Did you mean {matches[0]!r}?" if matches else ""


def listed(words: Iterable[object]) -> str:
    """Join words for a message: `a, b, c`."""
    return ", ".join(str(word) for word in words)
