"""Rows whose cells have been read: a typed column for each output of the columns' plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import pandas as pd
from numpy.typing import NDArray

from automl.data.table.odd_cells import UnreadCells


class TypedRows(Protocol):
    """Rows as their plans read them: a frame, or `ReadColumns`."""

    @property
    def index(self) -> pd.Index[Any]:
        """The number of each row, from 1."""

    def __len__(self) -> int:
        """How many they are."""

    def __getitem__(self, name: str, /) -> Any:
        """A typed column, float64 or texts, (N,)."""


@dataclass(frozen=True, eq=False)
class ReadColumns:
    """Rows as their plans read them."""

    arrays: Mapping[str, NDArray[Any]]  # the typed columns: float64, or texts for categories
    index: pd.Index[Any]  # the number of each row
    cells: tuple[UnreadCells, ...]  # of each column that is used, also where all could be read

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    @cached_property
    def typed(self) -> pd.DataFrame:
        """The columns as a frame, which takes longer to make than a few rows to read."""
        return pd.DataFrame(dict(self.arrays), index=self.index)

    @property
    def unread(self) -> tuple[UnreadCells, ...]:
        """The columns of which some cells could not be read."""
        return tuple(one for one in self.cells if one.n_odd)
