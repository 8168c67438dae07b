"""X, y, groups and weights, checked as scikit-learn has it, become the table of a search.

Frames keep their columns and types; of arrays the columns are called x1, x2, ... . Shapes, numbers
of columns and their names are scikit-learn's to check, in its own words. What the cells are, and
that some are missing, is the data layer's affair, as of any search.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_consistent_length, column_or_1d, validate_data

from automl.data.arrays import features, labels
from automl.data.row_weights import Floats
from automl.data.table.columns import column_name
from automl.data.table.parts import MIN_ROWS
from automl.data.weight_reading import checked_weights, require_some
from automl.errors import DataError, reason_of
from automl.wording.counts import agree, count


def feature_frame(estimator: Any, x: Any, *, is_new: bool) -> pd.DataFrame:
    """Check X against its estimator, and make a frame of it.

    Args:
        is_new: the estimator is being fitted, and learns the number and names of columns;
            else they must be those.

    Raises:
        ValueError: X is no table of rows and columns, or its columns are others than in `fit`.
        DataError: cells or names are none that can be read.

    Shape:
        x: (N, D); so is the result.
    """
    if hasattr(x, "columns"):  # of pandas, polars, Arrow: types differ from column to column
        validate_data(estimator, x, reset=is_new, skip_check_array=True)
    else:
        validate_data(
            estimator,
            x,
            reset=is_new,
            dtype=None,
            accept_sparse=True,
            ensure_all_finite=False,
            ensure_min_samples=MIN_ROWS if is_new else 1,
        )
    frame, _ = features(x)
    return frame


def target_column(y: Any, *, is_class: bool) -> NDArray[Any]:
    """Check y: one value per row, and none missing.

    Raises:
        ValueError: y is no column, or holds what no target can be.
        DataError: values are missing.

    Shape:
        y: (N,), or (N, 1) with a warning; result: (N,).
    """
    if isinstance(y, pd.Series) and not y.hasnans:
        y = y.to_numpy()  # nullable integers stay integers
    values = column_or_1d(y, dtype=None if is_class else np.float64, warn=True)
    if values.dtype == object:  # 0 and 1 among objects are numbers
        values = pd.Series(values).infer_objects().to_numpy()
    missing = np.asarray(pd.isna(values))
    if missing.any():
        n_missing = int(missing.sum())
        raise DataError(
            f"every row must have a target, but y is missing in {count(n_missing, 'row')} (it "
            f"contains NaN or None); leave {agree(n_missing, 'it', 'them')} out"
        )
    if values.dtype.kind == "f" and np.isinf(values).any():
        raise DataError("targets must be finite, but y contains infinity; leave such rows out")
    return np.asarray(values)


@dataclass(frozen=True, slots=True, eq=False)
class SearchTable:
    """The table of a search, and which of its columns were not in X."""

    frame: pd.DataFrame
    target: str
    group: str | None
    weight: str | None

    @property
    def features(self) -> list[str]:
        """The columns of X."""
        others = (self.target, self.group, self.weight)
        return [name for name in self.frame.columns if name not in others]


@dataclass(frozen=True, slots=True, eq=False)
class FittedRows:
    """The rows that are learned from: of weighted ones those whose weight is above 0.

    Shape:
        frame: (N, D); values, groups, weights: (N,), the last two None where none were given.
    """

    frame: pd.DataFrame
    values: NDArray[np.generic]
    groups: pd.Series[Any] | None
    weights: Floats | None


def fitted_rows(
    frame: pd.DataFrame, values: NDArray[np.generic], groups: Any = None, sample_weight: Any = None
) -> FittedRows:
    """Check that these fit together, and leave rows of weight 0 out, which is told.

    Raises:
        ValueError: they are not of one length, or weights are no column.
        DataError: a weight is negative, not finite or no number, or all are zero.
    """
    groups = None if groups is None else labels(groups)
    weights = None if sample_weight is None else _weights(sample_weight)
    check_consistent_length(frame, values, groups, weights)
    if weights is None:
        return FittedRows(frame, values, groups, None)
    kept = checked_weights(weights, weights.tolist(), "sample_weight") > 0
    require_some(weights, "sample_weight", "X")
    if not kept.all():
        n_left_out = len(kept) - int(kept.sum())
        logging.getLogger("automl").info("rows of weight 0, left out: %d", n_left_out)
    return FittedRows(
        frame[kept].reset_index(drop=True),
        values[kept],
        None if groups is None else groups[kept].reset_index(drop=True),
        weights[kept],
    )


def _weights(sample_weight: Any) -> Floats:
    try:
        return np.asarray(column_or_1d(sample_weight, dtype=np.float64), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"sample_weight must be one number for each row, but: {reason_of(error)}; leave it "
            "out where rows weigh the same"
        ) from None


def search_table(rows: FittedRows, y: Any) -> SearchTable:
    """Join X, y, groups and weights row by row.

    Args:
        y: as it was given: a Series may have a name.
    """
    frame = rows.frame
    own = getattr(y, "name", None)
    words = [column_name(own)] if isinstance(own, str) and own.strip() else []
    target = _unused([*words, "y", "target"], frame.columns)
    columns: dict[str, Any] = {target: pd.Series(rows.values)}
    group = weight = None
    if rows.groups is not None:
        group = _unused(["groups"], [*frame.columns, *columns])
        columns[group] = rows.groups
    if rows.weights is not None:
        weight = _unused(["sample_weight"], [*frame.columns, *columns])
        columns[weight] = pd.Series(rows.weights)
    table = pd.concat([frame, pd.DataFrame(columns)], axis="columns")
    return SearchTable(table, target, group, weight)


def _unused(words: list[str], taken: Iterable[str]) -> str:
    """The first word that no column has; else the last one with a number."""
    known = set(taken)
    numbered = (f"{words[-1]} {number}" for number in range(2, len(known) + 3))
    return next(word for word in (*words, *numbered) if word not in known)
