"""What rows weigh: a weighted row's loss, and its error, is its weight times the plain one.

That is so in training as in everything that is reported, compared and stored. Weights are finite
and not below 0, whatever their unit: over the rows of a split (train, valid and test each) they
are scaled to mean 1, so that learning rates and losses mean what they mean without weights. Rows
of weight 0 are left out before anything is divided. Equal weights are none: the study is that
without them. How they are scaled is in `weight_scales.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.table.cells import raw_column
from automl.data.table.column_reading import read_numbers
from automl.data.table.number_formats import PLAIN, NumberFormat
from automl.data.table.number_guesses import guess_numbers
from automl.errors import DataError
from automl.wording.counts import count

Floats = NDArray[np.float64]

MOST_RATIO = 1e30
"""Between the largest and the smallest weight: in float32 a smaller one could be 0."""

_RULE = "weights of rows must be finite numbers from 0 on"


@dataclass(frozen=True, slots=True)
class WeightReading:
    """How the cells of a column of weights are read: learned once, applied to every part."""

    name: str
    numbers: NumberFormat = PLAIN
    decimal: str | None = None  # the mark that goes with the file that was learned from

    def read(self, values: pd.Series[Any], decimal: str | None = None) -> Floats:
        """The weights of rows.

        Args:
            values: the cells; their index numbers the rows.
            decimal: the mark of the text file that they come from, see `read_columns`.

        Raises:
            DataError: a cell is no weight.

        Shape:
            values, result: (N,).
        """
        return checked_weights(self._numbers(values, decimal), values, self.name)

    def read_known(self, values: pd.Series[Any], decimal: str | None = None) -> Floats:
        """The same, 0 where a cell is no weight: of rows that nobody divides.

        Shape:
            values, result: (N,).
        """
        read = self._numbers(values, decimal)
        return np.where(np.isfinite(read) & (read > 0), read, 0.0)

    def _numbers(self, values: pd.Series[Any], decimal: str | None) -> Floats:
        other = None if decimal == self.decimal else decimal
        return read_numbers(raw_column(values), self.numbers, other)


def learn_weights(
    name: str,
    values: pd.Series[Any],
    *,
    decimal: str | None = None,
    usual: Callable[[], str | None] = lambda: None,
) -> WeightReading:
    """Learn how the numbers of a column of weights are written.

    Args:
        decimal, usual: as for `learn_target`.
    """
    raw = raw_column(values)
    if raw.form != "texts":
        return WeightReading(name, decimal=decimal)
    counts = Counter(raw.values[raw.present].tolist())
    guess = guess_numbers(counts, decimal=lambda: usual() or decimal) if counts else None
    return WeightReading(name, PLAIN if guess is None else guess.format, decimal)


def checked_weights(weights: Floats, cells: Sequence[Any] | pd.Series[Any], name: str) -> Floats:
    """Weights of which each can be one.

    Args:
        cells: as they were given; rows of a Series have the numbers of its index, else from 1 on.
        name: of the column.

    Raises:
        DataError: one is negative, not finite or no number; or there are too large and too small
            ones.

    Shape:
        weights, cells, result: (N,).
    """
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        given = cells if isinstance(cells, pd.Series) else _numbered(cells)
        row, cell = given.index[wrong][0], given[wrong].iloc[0]
        shown = "empty" if pd.isna(cell) or str(cell).strip() == "" else repr(str(cell))
        raise DataError(
            f"{_RULE}, but {name!r} is {shown} in row {row} "
            f"({count(int(wrong.sum()), 'such row')}); correct it, or write 0 to leave a row out"
        )
    positive = weights[weights > 0]
    if len(positive) and positive.max() / MOST_RATIO > positive.min():
        raise DataError(
            f"the largest weight must be at most {MOST_RATIO:g} times the smallest, but "
            f"{name!r} goes from {positive.min():g} to {positive.max():g}; write 0 for tiny ones"
        )
    return weights


def _numbered(cells: Sequence[Any]) -> pd.Series[Any]:
    return pd.Series(cells, index=pd.RangeIndex(1, len(cells) + 1))


def require_some(weights: Floats, name: str, where: str) -> None:
    """Refuse weights that are all zero.

    Raises:
        DataError: no row would be left.
    """
    if not (weights > 0).any():
        raise DataError(
            f"some row must have a weight above 0, but {name!r} is zero in every row of {where}; "
            "give other weights"
        )


def joined_weights(of_parts: Iterable[Floats | None]) -> Floats | None:
    """The weights of all rows, one part after the other; None where all are equal, or none known.

    Args:
        of_parts: all parts have weights, or none has.
    """
    given = [one for one in of_parts if one is not None]
    if not given:
        return None
    weights = np.concatenate(given)
    return None if (weights == weights[0]).all() else weights
