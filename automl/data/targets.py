"""What is predicted: the task, its loss, and the target as class codes or numbers."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.columns import MISSING_NUMBERS, MISSING_TEXTS, cell_text, numbers
from automl.errors import ConfigError, DataError
from storage.records import Task

ClassType: TypeAlias = Literal["text", "integer", "number", "boolean"]

LOSSES: Mapping[Task, tuple[str, ...]] = {
    "binary": ("binary_cross_entropy",),
    "multiclass": ("cross_entropy",),
    "regression": ("mean_squared", "mean_absolute", "huber"),
}
"""The losses of each task, the usual one first."""

MAX_CLASSES_OF_NUMBERS = 30
"""A column of whole numbers with more different values than this is a quantity."""

SURELY_CLASSES = 10
"""Up to this many different whole numbers are taken as classes, however unequal in number.

Between the two, they are classes where the rarest has at least a tenth of the mean number of
rows: letters 1..26 have, the rings of an abalone (1..29, most of them rare) have not.
"""


@dataclass(frozen=True, slots=True)
class Target:
    """How to read the target column, in plain values."""

    name: str
    task: Task
    loss: str
    class_names: tuple[str, ...] = ()
    class_type: ClassType = "text"  # what the names are in the person's own column

    @property
    def n_classes(self) -> int:
        """1 for regression."""
        return len(self.class_names) or 1

    def encode(self, values: pd.Series[Any]) -> NDArray[Any]:
        """Class codes (int64, -1 for unknown classes) or numbers (float64, NaN where missing)."""
        if self.task == "regression":
            return numbers(values)
        codes = {name: code for code, name in enumerate(self.class_names)}
        return np.asarray([codes.get(label, -1) for label in _labels(values)], dtype=np.int64)


def present_targets(values: pd.Series[Any]) -> NDArray[np.bool_]:
    """Which rows have a target.

    Marks such as "NA" count as missing in a column of numbers only: elsewhere they may be a class.
    """
    missing = np.asarray(values.isna(), dtype=bool)
    if pd.api.types.is_numeric_dtype(values.dtype):
        return ~missing
    if _reads_as_numbers(values):
        return ~np.isnan(numbers(values))
    return ~missing & ~np.isin(_labels(values), list(MISSING_TEXTS))


def infer_target(
    name: str, values: pd.Series[Any], task: Task | None = None, loss: str | None = None
) -> Target:
    """Decide task, loss and classes from the targets that are present.

    Raises:
        DataError: one class, a class with a single row, infinite targets, or targets that the
            asked task cannot have.
        ConfigError: no such task or loss.
    """
    if task is not None and task not in LOSSES:
        raise ConfigError(f"task must be one of {', '.join(get_args(Task))}, but got {task!r}")
    inferred = _infer_task(values) if task is None else task
    chosen_loss = _choose_loss(inferred, loss)
    if inferred == "regression":
        _check_numbers(name, values)
        return Target(name, inferred, chosen_loss)
    counts = Counter(_labels(values))
    _check_classes(name, counts, inferred, asked=task is not None)
    names = tuple(sorted(counts, key=_label_order))
    return Target(name, inferred, chosen_loss, names, _class_type(values))


def class_values(names: Sequence[str], class_type: str) -> NDArray[Any]:
    """Class names as values of the person's own column: 0 and 1 where it holds numbers.

    Predictions are compared with that column, and the text "1" equals no number.

    Shape:
        result: (C,).
    """
    match class_type:
        case "integer":
            return np.asarray([int(name) for name in names])
        case "number":
            return np.asarray([float(name) for name in names])
        case "boolean":
            return np.asarray([name == "True" for name in names])
    return np.asarray(names, dtype=object)


def _class_type(values: pd.Series[Any]) -> ClassType:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = pd.Series(values.cat.categories)
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "boolean":
        return "boolean"
    if kind not in ("integer", "floating", "mixed-integer-float"):
        return "text"
    known = numbers(values.dropna())
    return "integer" if (known == np.round(known)).all() else "number"


def _infer_task(values: pd.Series[Any]) -> Task:
    is_bool = pd.api.types.is_bool_dtype(values.dtype)
    if len(set(_labels(values))) == 2:
        return "binary"
    if is_bool or isinstance(values.dtype, pd.CategoricalDtype) or not _reads_as_numbers(values):
        return "multiclass"
    read = numbers(values)
    distinct, counts = np.unique(read[~np.isnan(read)], return_counts=True)
    if len(distinct) <= 2:
        return "binary"
    whole = bool((distinct == np.round(distinct)).all())
    if not whole or len(distinct) > MAX_CLASSES_OF_NUMBERS or len(distinct) > len(values) / 2:
        return "regression"
    balanced = bool(counts.min() >= 0.1 * counts.mean())
    return "multiclass" if len(distinct) <= SURELY_CLASSES or balanced else "regression"


def _reads_as_numbers(values: pd.Series[Any]) -> bool:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return True
    if isinstance(values.dtype, pd.CategoricalDtype):
        return False
    cells = [cell_text(cell) for cell in pd.unique(values.dropna())]
    known = [cell for cell in cells if cell.lower() not in MISSING_NUMBERS]
    return bool(known) and not np.isnan(numbers(pd.Series(known, dtype=object))).any()


def _choose_loss(task: Task, loss: str | None) -> str:
    known = LOSSES[task]
    if loss is None:
        return known[0]
    if loss in known:
        return loss
    every = [name for names in LOSSES.values() for name in names]
    near = difflib.get_close_matches(loss, every, n=1)
    hint = f"; did you mean {near[0]}?" if near and loss not in every else ""
    raise ConfigError(f"loss for {task} must be one of {', '.join(known)}, but got {loss!r}{hint}")


def _check_numbers(name: str, values: pd.Series[Any]) -> None:
    read = numbers(values)
    if np.isnan(read).any():
        example = str(values[np.isnan(read)].iloc[0])
        raise DataError(
            f"the target of a regression must be numeric, but {name!r} holds {example!r}; "
            "choose --task multiclass or another target"
        )
    if np.isinf(read).any():
        row = int(np.flatnonzero(np.isinf(read))[0])
        raise DataError(
            f"targets must be finite, but {name!r} is infinite in row {values.index[row]}"
        )
    if len(np.unique(read)) == 1:
        raise DataError(f"the target must vary, but {name!r} is {read[0]:g} in every row")


def _check_classes(name: str, counts: Counter[str], task: Task, *, asked: bool) -> None:
    if len(counts) == 1:
        only = next(iter(counts))[:40]
        raise DataError(
            f"the target must have at least two classes, but {name!r} is {only!r} in every row"
        )
    if task == "binary" and len(counts) > 2:
        raise DataError(
            f"a binary target must have two classes, but {name!r} has {len(counts)}; "
            "choose --task multiclass"
        )
    single = sorted(label for label, count in counts.items() if count == 1)
    if single:
        shown = ", ".join(repr(label[:40]) for label in single[:3])
        more = f" and {len(single) - 3} more" if len(single) > 3 else ""
        fix = "" if asked else ", or choose --task regression if it is a quantity"
        raise DataError(
            f"every class needs at least two rows, but in {name!r} there is a single one of "
            f"{shown}{more}; remove or merge such rows{fix}"
        )


def _labels(values: pd.Series[Any]) -> list[str]:
    codes, distinct = pd.factorize(values)
    cells = np.asarray([*(cell_text(cell) for cell in distinct), ""], dtype=object)
    labels: list[str] = cells[codes].tolist()
    return labels


def _label_order(label: str) -> tuple[bool, float, str]:
    """Numbers by size, then texts by alphabet."""
    try:
        return False, float(label), label
    except ValueError:
        return True, 0.0, label
