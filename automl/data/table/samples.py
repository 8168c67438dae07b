"""The columns of a table as trees read them, and samples of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.data.splits import Rows

if TYPE_CHECKING:
    import pandas as pd

MAX_SAMPLE = 2000
"""Rows that costly checks look at: an area under a curve of 0.5 is then known to 0.013."""

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TreeInputs:
    """Columns as numbers without gaps.

    Shape:
        values: (N, D).
    """

    names: tuple[str, ...]
    values: Floats

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, rows: Rows) -> TreeInputs:
        """Some of the rows."""
        return TreeInputs(self.names, self.values[rows])

    def without(self, names: frozenset[str]) -> TreeInputs:
        """All but the named columns."""
        kept = [place for place, name in enumerate(self.names) if name not in names]
        return TreeInputs(tuple(self.names[place] for place in kept), self.values[:, kept])


def tree_inputs(typed: pd.DataFrame) -> TreeInputs:
    """Typed columns for trees: categories as codes by frequency, gaps below all values."""
    columns = np.empty((len(typed), typed.shape[1]))
    for place, name in enumerate(typed.columns):
        values = typed[name]
        if values.dtype.kind == "f":
            lowest = values.min()
            columns[:, place] = values.fillna((0.0 if np.isnan(lowest) else lowest) - 1)
        else:
            ranks = {category: rank for rank, category in enumerate(values.value_counts().index)}
            columns[:, place] = values.map(ranks).to_numpy(dtype=np.float64)
    return TreeInputs(tuple(str(name) for name in typed.columns), columns)


def sample_rows(rows: Rows, seed: int) -> Rows:
    """MAX_SAMPLE of the rows, in ascending order; or all, where there are no more."""
    if len(rows) <= MAX_SAMPLE:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MAX_SAMPLE, replace=False))
