"""What a model predicts of rows as a table, alone or beside columns of the rows themselves.

Columns are kept as the rows have them: the cells of a text file are the same texts, so that a
number of a customer with zeros in front is still one. A predicted column whose name is taken by a
kept one is called `NAME (predicted)`, or where that is taken too `NAME (predicted) (2)`, with the
first number that is free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.files.prediction_files import names_beside
from automl.data.reading_notes import ReadingNotes
from automl.data.sources import Table, require_column
from automl.data.table.columns import column_name
from automl.errors import DataError
from automl.options.values import COLUMNS
from automl.wording.option_names import named


@dataclass(frozen=True, slots=True, eq=False)
class PredictedTable:
    """What a model predicts of rows, and what a person should know of how they were read."""

    columns: Mapping[str, NDArray[Any]]  # each (N,)
    predicted: NDArray[np.float64]  # (N, C) probabilities, or (N,) values
    notes: ReadingNotes
    table: Any = None  # where the rows stood, a `Table`, if they stood in one
    objects: Any = None  # the rows themselves, where they are dicts: a frame takes longer
    index: pd.Index[Any] | None = None  # of the DataFrame that they stood in

    @property
    def messages(self) -> tuple[str, ...]:
        """What could not be read of the rows, a line for each."""
        return self.notes.messages

    def beside(self, keep: Sequence[str] = ()) -> dict[str, NDArray[Any] | pd.Series[Any]]:
        """The columns, behind those of the rows that are to be kept.

        Args:
            keep: names of columns of the rows.

        Raises:
            DataError: the rows have no such column, or are no table.
            ConfigError: these are no names.
        """
        kept = self._kept(keep)
        names = names_beside(list(kept), list(self.columns))
        return {**kept, **dict(zip(names, self.columns.values(), strict=True))}

    def to_frame(self, keep: Sequence[str] = ()) -> pd.DataFrame:
        """A pandas table of it: the prediction, the probability of each class, a row for each row.

        It has the index of the DataFrame that was predicted, so that `frame.join` takes it.

        Args:
            keep: names of columns of the rows that come first; a predicted one of the same name is
                called `NAME (predicted)`, with a number behind it where that is taken too.

        Raises:
            DataError, ConfigError: as `beside` says.
        """
        return pd.DataFrame(self.beside(keep)).set_axis(
            pd.RangeIndex(len(self.predicted)) if self.index is None else self.index
        )

    def _kept(self, keep: Sequence[str]) -> dict[str, NDArray[Any] | pd.Series[Any]]:
        names = dict.fromkeys(column_name(one) for one in COLUMNS.plain("keep", keep))
        if not names:
            return {}
        frame = self._frame()
        if frame is None:
            raise DataError(
                f"{named('keep')} is for rows of a table, but these are arrays without columns; "
                "leave it out"
            )
        for name in names:
            require_column(frame, name, named("keep"))
        return {name: frame[name].reset_index(drop=True) for name in names}

    def _frame(self) -> pd.DataFrame | None:
        """The rows with all their columns; None of arrays."""
        if isinstance(self.table, Table):
            return self.table.frame
        if self.objects is None:
            return None
        frame = pd.DataFrame(self.objects)
        return frame.set_axis([column_name(name) for name in frame.columns], axis="columns")


def objects_of(data: Any) -> list[dict[Any, Any]] | None:
    """Rows that came as a dict, a Series or a list of dicts, as such a list."""
    if isinstance(data, (pd.Series, Mapping)):
        return [dict(data)]
    is_list = isinstance(data, list) and all(isinstance(row, dict) for row in data)
    return data if is_list and data else None


def index_of(data: Any) -> pd.Index[Any] | None:
    """The index of rows to predict, where a DataFrame has one."""
    return data.index if isinstance(data, pd.DataFrame) else None
