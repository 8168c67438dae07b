"""What a hyperparameter is: its name and meaning, the values it can take, its default and role.

All of them are in `hyperparameters.py`; a space may declare further ones, see `declared.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from search_spaces.errors import SearchSpaceError, listed, nearest
from search_spaces.intervals import Numbers, is_number
from storage.records import ParameterValue, Task

Role = Literal[
    "step size",
    "batch size",
    "optimizer",
    "momentum",
    "schedule",
    "depth",
    "width",
    "shape",
    "activation",
    "initialization",
    "normalization",
    "regularization",
    "gradient clipping",
    "scaling",
    "encoding",
    "target",
]
"""What a hyperparameter does in a network of any family; advice asks for these."""

ROLES: Final[tuple[Role, ...]] = get_args(Role)

TRAINING: Final = "training"
"""The family of hyperparameters that every network has: those of how it is trained."""

_WORD: Final = (str, bool)  # made once: each `str | bool` would be a new object

CLASSIFICATION: Final[tuple[Task, ...]] = ("binary", "multiclass")
"""The tasks in which classes are predicted."""


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """What one hyperparameter means and which values it can take: words, numbers, or both.

    A word beside numbers stands for having none of it: "none", "full" for a batch, or "auto" for
    no size of one's own.
    """

    name: str
    meaning: str
    words: tuple[str | bool, ...] = ()
    numbers: Numbers | None = None
    log: bool = False  # whether a range of it is natural on a logarithmic scale
    default: ParameterValue = None
    useful: tuple[float, float] = (-math.inf, math.inf)  # beyond, no search needs to look
    role: Role | None = None
    family: str = TRAINING  # whose it is: of every network's training, or of one family
    tasks: tuple[Task, ...] = ()  # the tasks it exists for; empty: all

    @property
    def allowed(self) -> str:
        """The possible values, in words for a message."""
        words = [spelled(word) for word in self.words]
        parts = [str(self.numbers)] if self.numbers else []
        parts += [f"one of {listed(words)}"] if len(words) > 1 else words
        return ", or ".join(parts)

    def check(self, value: object) -> ParameterValue:
        """Return the value in its own type: an int if numbers are whole, else a float.

        Raises:
            SearchSpaceError: the hyperparameter cannot take the value.
        """
        numbers = self.numbers
        if isinstance(value, _WORD):
            if value in self.words:
                return value
        elif numbers is not None and is_number(value) and value in numbers:
            return int(value) if numbers.whole else float(value)
        words = [word for word in self.words if isinstance(word, str)]
        hint = nearest(value, words) if isinstance(value, str) else ""
        raise SearchSpaceError(
            f"{self.name} must be {self.allowed}, but got {value!r}.{hint}", parameter=self.name
        )

    def setting(self, value: ParameterValue) -> ParameterValue:
        """The checked value as a field of a configuration: None for a word beside numbers."""
        checked = self.check(value)
        return None if isinstance(checked, str) and self.numbers else checked


def spelled(word: object) -> str:
    """A value as it is typed: `true` rather than `True`."""
    return str(word).lower() if isinstance(word, bool) else str(word)
