"""Which columns give the target away: its copies, its parts, and what predicts it too well alone.

All questions are put to a sample of train rows; the answers are records of the kind "leakage"
(see `checks.py`), which `automl/diagnostics/leakage.py` judges. Three are asked:

* Is the target a weighted sum of very few columns, without a rest? One such column is the target
  in other units, two or more are its parts: registered and casual riders, who add up to all.
* Does a column have the classes under other names, row by row?
* What does a small tree make of each column alone, and a forest of all the others?

How much the other columns know decides the last question. Beside others that know little, a
strong column may be a leak; beside none, it is the only predictor there is, and no leak.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.tree import DecisionTreeRegressor

from automl.data.table.probes import thirds
from automl.data.table.samples import Floats, TreeInputs
from automl.wording.counts import listing
from storage.records import DataCheckRecord, Json, Task

MAX_COLUMNS = 100
"""Columns that are tried alone: those most correlated with the target."""

N_TOP = 5
"""Columns reported for what they predict alone."""

HELD_AGAINST = 0.6
"""From this share on, a column's `others` are measured: less is no leak whatever they are."""

MAX_PARTS = 5
"""A target has few parts; a law of many columns without noise is a linear truth, no leak."""

N_LARGEST = 20
"""Columns with the largest weights in the sum of all, of which those are left out again that it
can do without: of columns that are copies of each other, each has a part of the weight."""

REST = 1e-3
"""Nothing is left of the target: this share of its variance, or rounding."""

MIN_ROWS_FOR_SUMS = 50
"""In fewer rows, five columns of many come near any target by chance."""

SPARE_VALUES = 2
"""Values that a column may have beside one for each class: "(missing)", a typing error."""


def leakage(
    inputs: TreeInputs, targets: NDArray[Any], target: str, task: Task
) -> list[DataCheckRecord]:
    """The columns that give the target, first together, then those that predict it best alone.

    The value is the share of the target's variance (or of its class indicators) that is
    explained. The details say how, as far as it was measured: `columns` of a sum and, for a
    target of numbers, their `weights`; `renames`, the share of rows in which a column's values
    are the classes under other names; `others`, the share that all other columns together explain.

    Args:
        inputs: of a sample of train rows.
        targets: class codes or numbers of the same rows.
        target: its name.
    """
    wanted = _indicators(targets, task)
    values, names = inputs.values, list(inputs.names)
    parts = parts_of(values, wanted)
    records = [_sum_record(parts, values, wanted, names, target)] if parts else []
    alone = {c: _alone(values[:, [c]], wanted) for c in _most_correlated(values, wanted)}
    strongest = sorted(set(alone) - set(parts), key=lambda c: -alone[c])
    for column in strongest[:N_TOP]:
        records.append(_column_record(column, alone[column], values, wanted, names))
    return records


def parts_of(values: Floats, wanted: Floats) -> tuple[int, ...]:
    """The fewest columns, at most MAX_PARTS, of which the target is a weighted sum; () if none.

    Least squares of all columns tell whether there is such a sum, and their weights who is in
    it, however little a part by itself goes with the whole. In wide tables only as many columns
    are looked at as are well determined: a third of the rows' number.

    Shape:
        values: (N, D).
        wanted: (N, O).
    """
    if len(values) < MIN_ROWS_FOR_SUMS or not wanted.std(axis=0).any():
        return ()
    columns = [int(column) for column in _most_correlated(values, wanted, len(values) // 3)]
    if not _is_sum(values[:, columns], wanted):
        return ()
    spread = values[:, columns].std(axis=0)
    weight = spread * np.abs(_weights(values[:, columns], wanted)).max(axis=1)
    chosen = [columns[place] for place in np.argsort(weight)[-N_LARGEST:]]
    for column in tuple(chosen):  # those of the smallest weights first
        fewer = [one for one in chosen if one != column]
        if fewer and _is_sum(values[:, fewer], wanted):
            chosen = fewer
    is_few = len(chosen) <= MAX_PARTS and _is_sum(values[:, chosen], wanted)
    return tuple(sorted(chosen)) if is_few else ()


def _is_sum(values: Floats, wanted: Floats) -> bool:
    """Whether nothing is left of the target beside a weighted sum of these columns.

    Nothing of its variance, and nothing in the typical row: a single huge number in both would
    explain nearly all of the variance, and say nothing of the other rows.
    """
    fitted = _fitted(values, wanted)
    if 1 - _share(wanted, fitted) > REST:
        return False
    typical = np.median(np.abs(wanted - np.median(wanted, axis=0)))
    rest = np.median(np.abs(wanted - fitted))
    return bool(typical == 0 or rest <= np.sqrt(REST) * typical)


def _weights(values: Floats, wanted: Floats) -> Floats:
    """The weights of columns in the sum that comes nearest: (D, O), a constant left aside."""
    spread = values.std(axis=0)
    spread[spread == 0] = 1.0
    centred = (values - values.mean(axis=0)) / spread
    slopes = np.linalg.lstsq(centred, wanted - wanted.mean(axis=0), rcond=None)[0]
    weights: Floats = (slopes / spread[:, None]).astype(np.float64)
    return weights


def _fitted(values: Floats, wanted: Floats) -> Floats:
    fitted: Floats = wanted.mean(axis=0) + (values - values.mean(axis=0)) @ _weights(
        values, wanted
    )
    return fitted


def _sum_record(
    parts: tuple[int, ...], values: Floats, wanted: Floats, names: list[str], target: str
) -> DataCheckRecord:
    columns = list(parts)
    named = [names[column] for column in columns]
    details: dict[str, Json] = {
        "n_rows": len(values),
        "target": target,
        "columns": [*named],
    }
    if wanted.shape[1] == 1:
        weights = _weights(values[:, columns], wanted)[:, 0]
        details["weights"] = [float(weight) for weight in weights]
    if len(columns) < values.shape[1]:
        details["others"] = _explained_by_others(columns, values, wanted)
    subject = listing(named)
    return DataCheckRecord(
        "leakage", subject, _share(wanted, _fitted(values[:, columns], wanted)), details
    )


def _column_record(
    column: int, explained: float, values: Floats, wanted: Floats, names: list[str]
) -> DataCheckRecord:
    details: dict[str, Json] = {"n_rows": len(values)}
    if explained >= HELD_AGAINST:
        if values.shape[1] > 1:
            details["others"] = _explained_by_others([column], values, wanted)
        if wanted.shape[1] > 1:
            details["renames"] = renamed_share(values[:, column], wanted)
    return DataCheckRecord("leakage", names[column], explained, details)


def renamed_share(values: Floats, indicators: Floats) -> float:
    """The share of rows in which a column has the class under another name.

    Each class has one value of its own; the pairs are those that fit the most rows. 0 where
    there are more values than classes, but for SPARE_VALUES.

    Shape:
        values: (N,).
        indicators: (N, C), of the classes.
    """
    distinct, positions = np.unique(values, return_inverse=True)
    n_classes = indicators.shape[1]
    if not n_classes <= len(distinct) <= n_classes + SPARE_VALUES:
        return 0.0
    table = np.zeros((len(distinct), n_classes))
    np.add.at(table, (positions, indicators.argmax(axis=1)), 1.0)
    pairs = linear_sum_assignment(table, maximize=True)
    return float(table[pairs].sum() / len(values))


def _explained_by_others(columns: list[int], values: Floats, wanted: Floats) -> float:
    forest = ExtraTreesRegressor(
        n_estimators=20, min_samples_leaf=3, max_features=0.5, random_state=0
    )
    return _explained(forest, np.delete(values, columns, axis=1), wanted)


def _alone(column: Floats, wanted: Floats) -> float:
    """By a small tree, or by a line, which sees a copy with noise from fewer rows."""
    leaf = max(5, len(column) // 100)
    tree = DecisionTreeRegressor(max_leaf_nodes=32, min_samples_leaf=leaf, random_state=0)
    return max(_explained(tree, column, wanted), _explained_by_line(column, wanted))


def _explained_by_line(column: Floats, wanted: Floats) -> float:
    """The same share for a straight line: by hand, since it is asked of every column."""
    predicted = np.empty_like(wanted)
    for held_out in thirds(wanted.argmax(axis=1)):
        known, centre = ~held_out, column[~held_out].mean()
        slope = _weights(column[known], wanted[known])
        predicted[held_out] = wanted[known].mean(axis=0) + (column[held_out] - centre) @ slope
    return _share(wanted, predicted)


def _explained(model: Any, values: Floats, wanted: Floats) -> float:
    """Cross-validated share of variance, over all outputs together; 0 at least."""
    single = wanted.shape[1] == 1
    predicted = np.empty_like(wanted)
    for held_out in thirds(wanted.argmax(axis=1)):
        model.fit(values[~held_out], wanted[~held_out, 0] if single else wanted[~held_out])
        predicted[held_out] = model.predict(values[held_out]).reshape(-1, wanted.shape[1])
    return _share(wanted, predicted)


def _share(wanted: Floats, predicted: Floats) -> float:
    total = ((wanted - wanted.mean(axis=0)) ** 2).sum()
    if total == 0:
        return 0.0
    return max(0.0, 1 - float(((wanted - predicted) ** 2).sum() / total))


def _indicators(targets: NDArray[Any], task: Task) -> Floats:
    """What is to be explained: (N, 1) numbers, or (N, C) indicators of the classes that occur."""
    if task == "regression":
        return targets.astype(np.float64).reshape(-1, 1)
    indicators: Floats = (targets[:, None] == np.unique(targets)).astype(np.float64)
    return indicators


def _most_correlated(
    values: Floats, wanted: Floats, limit: int = MAX_COLUMNS
) -> NDArray[np.int64]:
    if values.shape[1] <= limit:
        return np.arange(values.shape[1])
    inputs = values - values.mean(axis=0)
    inputs /= np.maximum(inputs.std(axis=0), 1e-12)
    outputs = wanted - wanted.mean(axis=0)
    strength = np.abs(inputs.T @ outputs).max(axis=1)
    return np.argsort(-strength)[:limit]
