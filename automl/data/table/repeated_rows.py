"""Rows that are there more than once: in train itself, and in valid or test as well.

Rows are compared as their sources have them, before columns are left out: two passengers who
look alike once names and tickets are gone are no duplicates. Only a number that merely counts
the rows is left aside, since whoever joins or exports a table twice numbers its rows anew; a
name, a ticket or any other number of a person or thing is a difference. Where such a running
number is all that tells two things apart, they count as duplicates: nothing in the table says
otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.fingerprints import plain_cells
from automl.data.splits import RowSplit
from automl.data.table.column_plans import MIN_ROWS_FOR_IDS
from automl.data.table.columns import ColumnPlan
from automl.data.table.parts import Part
from automl.options.data_options import SplitOptions
from storage.records import DataCheckRecord, Json

MAX_GAPS = 2.0
"""A number that counts rows uses up its range, but for rows that were left out: those without a
target, or the half that someone else holds."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RawRows:
    """Rows as their sources have them, the rows of one part after the other."""

    hashes: NDArray[np.uint64]  # (N,), equal for equal rows
    n_possible: float  # combinations of the values that are there, each column's with each other's


def raw_rows(
    parts: Mapping[str, Part], plans: Sequence[ColumnPlan], splits: SplitOptions
) -> RawRows:
    """Rows by what they are compared by: no row numbers, no weights, no columns a part lacks."""
    rows = pd.concat([part.features for part in parts.values()], join="inner")
    n_divided = len(parts["train"].features)
    unused = {plan.name for plan in plans if plan.dropped} - {splits.time, splits.group}
    compared = {}
    weights = [plan.name for plan in plans if plan.dropped == "weight"]
    for name in rows.columns.difference(weights, sort=False):
        cells = plain_cells(rows[name])
        if not (name in unused and _counts_rows(cells[:n_divided])):
            compared[name] = cells
    frame = pd.DataFrame(compared, index=range(len(rows)))
    return RawRows(
        hashes=np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64),
        n_possible=float(np.prod(frame.nunique(dropna=False).to_numpy(dtype=np.float64))),
    )


def duplicated_rows(
    rows: RawRows, targets: NDArray[Any], split: RowSplit
) -> list[DataCheckRecord]:
    """Rows that equal a train row: in train itself, in valid and in test.

    Copies agree in the target, things that happen to look alike need not: `other_target` is the
    share of all repeated train and valid rows whose like has another one. Nor are they copies
    where few different rows are possible: `n_possible_per_row` says how many for each there is.
    """
    hashes = rows.hashes
    train, valid = split.folds[0]
    repeated = len(train) - len(np.unique(hashes[train]))
    counts = {
        "train": (repeated, len(train)),
        "train/valid": (int(np.isin(hashes[valid], hashes[train]).sum()), len(valid)),
        "train/test": (int(np.isin(hashes[split.test], hashes[train]).sum()), len(split.test)),
    }
    known = np.concatenate([train, valid])
    n_alike, n_conflicting = _conflicts(hashes[known], targets[known])
    details: dict[str, Json] = {
        "other_target": n_conflicting / n_alike if n_alike else 0.0,
        "n_possible_per_row": min(rows.n_possible / len(hashes), 1e9),
    }
    return [
        DataCheckRecord(
            "duplicated_rows",
            where,
            count / n_rows,
            {"n_duplicated": count, "n_rows": n_rows, **details},
        )
        for where, (count, n_rows) in counts.items()
        if count
    ]


def conflicting_rows(hashes: NDArray[np.uint64], targets: NDArray[Any]) -> list[DataCheckRecord]:
    """Train rows that are equal but for their targets: no model can fit them all."""
    _, n_rows = _conflicts(hashes, targets)
    if not n_rows:
        return []
    details: dict[str, Json] = {"n_rows": n_rows}
    return [DataCheckRecord("conflicting_rows", "train", n_rows / len(hashes), details)]


def _conflicts(hashes: NDArray[np.uint64], targets: NDArray[Any]) -> tuple[int, int]:
    """How many rows are like another one, and how many of them are so with other targets."""
    spans = pd.Series(targets).groupby(hashes).agg(["min", "max", "size"])
    alike = spans[spans["size"] > 1]
    return int(alike["size"].sum()), int(alike.loc[alike["min"] != alike["max"], "size"].sum())


def _counts_rows(cells: NDArray[Any]) -> bool:
    """Whether a column is a number that counts rows: whole, all different, hardly a gap."""
    if cells.dtype == object or len(cells) < MIN_ROWS_FOR_IDS or not np.isfinite(cells).all():
        return False
    if (cells != np.round(cells)).any() or len(np.unique(cells)) < len(cells):
        return False
    return bool(cells.max() - cells.min() < MAX_GAPS * len(cells))
