"""Numbers as a network takes them: gaps filled, standardized, or brought to a normal distribution.

What is learned of the train rows are a few numbers per column, kept as arrays. The arithmetic is
scikit-learn's (`SimpleImputer`, `StandardScaler`, `QuantileTransformer`), to the same bits, as
`tests/automl/data/table/test_number_encoding.py` says; that library takes longer to load
than all of this to compute. It goes column by column, which stay in the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from search_spaces.mlp_hyperparameters import MOST_BINS

Floats: TypeAlias = NDArray[np.float64]

MOST_QUANTILE_ROWS = 10_000
"""Of more train rows so many, drawn at random, say how a column is distributed."""

EDGE = 1e-7
"""So near the ends of a distribution is its end, which a normal one would have at infinity."""

_LEVEL_SHARES = np.linspace(0, 1, MOST_BINS + 1)

LOWEST, FARTHEST = ndtri([EDGE - np.spacing(1), 1 - (EDGE - np.spacing(1))]).tolist()
"""Where the ends of a distribution lie: 5.2 standard deviations from the middle."""

CACHED_NUMBERS = 1 << 13
"""So many at a time are encoded: 64 KiB."""


@dataclass(frozen=True, slots=True, eq=False)
class NumberEncoding:
    """How D columns of numbers are encoded.

    Shape:
        fills, means, deviations: (D,); quantiles: (Q, D), of standardized numbers; levels:
        (`MOST_BINS` + 1, D) float32, likewise, without noise: values that many rows have stand
        there as often.
    """

    fills: Floats  # what stands for a missing number: the median
    means: Floats
    deviations: Floats
    quantiles: Floats
    levels: NDArray[np.float32]

    @classmethod
    def fit(cls, columns: Floats) -> NumberEncoding:
        """Learn it from train rows, (D, N)."""
        n_columns, n_rows = columns.shape
        fills, means, deviations = np.zeros((3, n_columns))
        drawn = _drawn(n_rows)
        noise = np.random.default_rng(0).normal(0.0, 1e-5, size=(n_rows, n_columns))
        shares = np.linspace(0, 1, _n_quantiles(n_rows)) * 100
        quantiles = np.zeros((len(shares), n_columns))
        levels = np.zeros((MOST_BINS + 1, n_columns), dtype=np.float32)

        for place, column in enumerate(columns):
            present = column[~np.isnan(column)]
            fills[place] = np.median(present) if len(present) else 0.0
            filled = _filled(column, fills[place])
            means[place], deviations[place] = _moments(filled)
            numbers = (filled - means[place]) / deviations[place]
            # Without noise, the smallest value of a column goes to the far end of the normal
            # distribution (-5.2), even where 9 in 10 rows have it, as with zeros in counts; with
            # it, to the middle of its ranks.
            # Source: the noise of 1e-5 in TabM's experiments (Gorishniy et al. 2024).
            quantiles[:, place] = np.percentile((numbers + noise[:, place])[drawn], shares)
            levels[:, place] = np.quantile(numbers[drawn], _LEVEL_SHARES)
        return cls(fills, means, deviations, quantiles, levels)

    def standardized(self, columns: Floats) -> Floats:
        """Fill and standardize.

        Shape:
            columns: (D, N); result: as well.
        """
        result = np.empty_like(columns)
        for some in _columns_together(columns):
            filled = _filled(columns[some], self.fills[some, None])
            np.subtract(filled, self.means[some, None], out=result[some])
            result[some] /= self.deviations[some, None]
        return result

    def normal(self, standardized: Floats) -> Floats:
        """Bring standardized numbers to the quantiles of a normal distribution.

        Shape:
            standardized: (D, N); result: as well.
        """
        result = np.empty_like(standardized)
        for some in _columns_together(standardized):
            result[some] = _normal(standardized[some], self.quantiles.T[some])
        return result

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What was learned, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> NumberEncoding:
        """The inverse of `to_arrays`."""
        present = {field.name: arrays[field.name] for field in fields(cls) if field.name in arrays}
        if "levels" not in present:  # an earlier version's, whose networks encode no numbers
            present["levels"] = np.zeros((0, len(present["fills"])), dtype=np.float32)
        return cls(**present)


def _n_quantiles(n_rows: int) -> int:
    """As many as TabM takes: 30 rows for each, 10 to 1000.

    Source: Gorishniy et al. 2024, arXiv 2410.24210, preprocessing of the experiments.
    """
    return max(1, min(n_rows, max(10, min(n_rows // 30, 1000))))


def _drawn(n_rows: int) -> NDArray[np.int64]:
    """The rows that say how columns are distributed."""
    rows = np.arange(n_rows)
    if n_rows > MOST_QUANTILE_ROWS:
        np.random.RandomState(0).shuffle(rows)
    return rows[:MOST_QUANTILE_ROWS]


def _filled(numbers: Floats, fill: float | Floats) -> Floats:
    is_missing = np.isnan(numbers)
    return np.where(is_missing, fill, numbers) if is_missing.any() else numbers


def _moments(column: Floats) -> tuple[float, float]:
    """Mean and standard deviation, in two passes; the deviation 1 where it is only rounding.

    Source: Chan, Golub & LeVeque 1983, with the bound that scikit-learn takes from it.
    """
    n_rows = len(column)
    mean = column.sum() / n_rows
    off = column - mean
    rest = off.sum()
    off *= off
    variance = (off.sum() - rest * rest / n_rows) / n_rows
    eps = np.finfo(np.float64).eps
    is_constant = variance <= n_rows * eps * variance + (n_rows * mean * eps) ** 2
    return float(mean), 1.0 if is_constant else float(np.sqrt(variance))


def _normal(numbers: Floats, quantiles: Floats) -> Floats:
    """The rank of each number among the quantiles of its column, as a normal deviate.

    Shape:
        numbers, result: (D, N); quantiles: (D, Q).
    """
    shares = np.linspace(0, 1, quantiles.shape[1])
    ranks = np.empty_like(numbers)
    # From both sides, so that a value that several quantiles have gets the middle of their ranks.
    for rank, own, levels in zip(ranks, numbers, quantiles, strict=True):
        rank[:] = np.interp(own, levels, shares)
        rank -= np.interp(-own, -levels[::-1], -shares[::-1])
    ranks *= 0.5
    ranks[numbers + EDGE > quantiles[:, -1:]] = 1.0
    ranks[numbers - EDGE < quantiles[:, :1]] = 0.0
    normal: Floats = np.clip(ndtri(ranks), LOWEST, FARTHEST)
    return normal


def _columns_together(columns: Floats) -> Iterator[slice]:
    """Columns that stay in the cache together: of a few rows all, of many one after the other."""
    n_columns, n_rows = columns.shape
    step = max(1, CACHED_NUMBERS // max(1, n_rows))
    for begin in range(0, n_columns, step):
        yield slice(begin, begin + step)
