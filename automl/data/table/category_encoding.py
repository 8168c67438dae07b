"""Categories of one column as a network takes them: a number for each that is frequent enough.

Those that few train rows have share one number, with those that none has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.table.cell_memory import FEW_ROWS


@dataclass(frozen=True)
class CategoryEncoding:
    """The categories that the train rows have in one column, each list in order."""

    frequent: tuple[str, ...]
    rare: tuple[str, ...]

    @classmethod
    def fit(cls, column: pd.Series[Any], rare_below: int) -> Self:
        """Learn them from train rows.

        Args:
            rare_below: categories in fewer rows than this are rare.
        """
        counts = column.value_counts()
        names = sorted(map(str, counts.index))
        frequent = {str(name) for name in counts.index[counts >= rare_below]}
        return cls(
            tuple(name for name in names if name in frequent),
            tuple(name for name in names if name not in frequent),
        )

    @cached_property
    def known(self) -> frozenset[str]:
        """All categories of the train rows."""
        return frozenset((*self.frequent, *self.rare))

    def codes(self, column: pd.Series[Any]) -> NDArray[np.int64]:
        """The place of each row's category among the frequent ones; -1 if it is not.

        Shape:
            column, result: (N,).
        """
        if len(column) <= FEW_ROWS:
            return np.array([self._place(name) for name in column.tolist()], np.int64)
        codes, distinct = pd.factorize(column)
        places = (self._places.get(str(name), -1) for name in distinct)
        of_each = np.array([*places, -1], np.int64)
        return of_each[codes]

    def _place(self, name: Any) -> int:
        return -1 if pd.isna(name) else self._places.get(str(name), -1)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.frequent)}

    def one_hot(self, column: pd.Series[Any]) -> NDArray[np.bool_]:
        """A column for each frequent category, then one for all others if any is rare.

        Shape:
            column: (N,); result: (N, C).
        """
        codes = self.codes(column)
        places = [*range(len(self.frequent)), *([-1] if self.rare else [])]
        marks: NDArray[np.bool_] = codes[:, None] == np.array(places, dtype=np.int64)
        return marks

    def names(self, column: str) -> tuple[str, ...]:
        """What the columns of `one_hot` are called."""
        others = (f"{column} is rare",) if self.rare else ()
        return (*(f"{column} = {name}" for name in self.frequent), *others)
