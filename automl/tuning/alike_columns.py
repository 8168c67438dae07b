"""Columns that tell nearly the same: with one of them shuffled an answer can go by the other.

So each has less importance than both have together, and a person must know of it. Two columns
are as alike as the inputs of one are found among those of the other. Numbers go by their ranks,
so that any rising function of a column is the column again (Spearman's correlation); each
category is a 0 or 1, so that the same categories under other names are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.data.inputs import InputColumns, Inputs

Floats: TypeAlias = NDArray[np.float64]

ALIKE: Final = 0.9
"""A correlation from which on two columns are said to tell nearly the same: a straight line
through the ranks of one then has four fifths of the variance of the other's. In
`python -m benchmarks.verdict_columns` (seeds 0 to 5, 36 searches) it lies between pairs that were
made to tell nearly the same, 0.955 to 0.985, and related ones, 0.55 to 0.72: none of six was
missed, and none was said of 30 tables without such a pair."""

MOST_ROWS: Final = 1000
"""Rows that are compared: the error of a correlation of 0.9 is 0.006 then (Fisher 1921)."""

MOST_INPUTS: Final = 1000
"""Inputs that are compared with each other: 8 MB, and 0.1 s of a core. Of more the columns that
are named first."""

MOST_CATEGORIES: Final = 50
"""Of a column of codes, the commonest ones."""


def alike_columns(
    inputs: Inputs, columns: Mapping[str, InputColumns]
) -> dict[str, dict[str, float]]:
    """The columns that each one is like, the most alike first; none where it has no such.

    Args:
        inputs: rows, of which the first ones are compared.
        columns: by name, those first that matter most.

    Returns:
        How strongly two go together, from `ALIKE` to 1, by both names.
    """
    numbers, codes = (one.numpy() for one in inputs[:MOST_ROWS].columns())
    blocks: dict[str, Floats] = {}
    n_inputs = 0
    for name, places in columns.items():
        block = _standardized(_block(numbers, codes, places))
        n_inputs += block.shape[1]
        if n_inputs > MOST_INPUTS:
            break
        blocks[name] = block
    return _pairs(blocks)


def _block(numbers: NDArray[np.float32], codes: NDArray[np.int64], places: InputColumns) -> Floats:
    """A column's inputs, numbers by their ranks and codes as 0 and 1 each, (N, d)."""
    from scipy.stats import rankdata  # takes 0.3 s to load: at the end of a search, not before

    parts = [rankdata(numbers[:, list(places.numbers)], axis=0)] if places.numbers else []
    for place in places.codes:
        values, counts = np.unique(codes[:, place], return_counts=True)
        commonest = values[np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]]
        parts.append((codes[:, place, None] == commonest).astype(np.float64))
    return np.concatenate(parts, axis=1) if parts else np.empty((len(numbers), 0))


def _standardized(block: Floats) -> Floats:
    """With mean 0 and a sum of squares of 1; without inputs that are the same in all rows."""
    centred = block - block.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    varies = size > 1e-9 * np.abs(block).max(axis=0, initial=1.0)
    return np.asarray(centred[:, varies] / size[varies])


def _pairs(blocks: Mapping[str, Floats]) -> dict[str, dict[str, float]]:
    names = [name for name, block in blocks.items() if block.shape[1]]
    found: dict[str, dict[str, float]] = {name: {} for name in blocks}
    if not names:
        return found
    together = np.concatenate([blocks[name] for name in names], axis=1)
    sizes = [blocks[name].shape[1] for name in names]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    strength = np.minimum(np.abs(together.T @ together), 1.0)
    # How well each input is told by the best one of each column, and the mean of a column's.
    told = np.maximum.reduceat(strength, starts, axis=1)  # (D, columns)
    means = np.add.reduceat(told, starts, axis=0) / np.array(sizes)[:, None]
    alike = np.maximum(means, means.T)
    np.fill_diagonal(alike, 0.0)
    for place, name in enumerate(names):
        order = np.argsort(-alike[place], kind="stable")
        found[name] = {
            names[other]: float(alike[place, other])
            for other in order[: np.count_nonzero(alike[place] >= ALIKE)]
        }
    return found
