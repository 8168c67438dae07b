"""What is predicted: the task, its loss, and the target as class codes or numbers."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.table.cells import MISSING_CLASSES, MISSING_MARKS, raw_column
from automl.data.table.column_plans import is_number_of_a_program, number_details
from automl.data.table.column_reading import (
    is_named_mark,
    read_categories,
    read_numbers,
    refuse_huge,
)
from automl.data.table.columns import CategoryFormat, ColumnPlan
from automl.data.table.number_formats import PLAIN, read_number
from automl.data.table.number_guesses import guess_numbers
from automl.data.table.text_inference import are_codes
from automl.errors import ConfigError, DataError
from automl.wording.option_names import named
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

_SURELY_NUMBERS = 0.9
"""A target of texts is one of numbers from this share on; the other cells are then refused."""

SURELY_CLASSES = 10
"""Up to this many different whole numbers are taken as classes, however unequal in number.

Between the two, they are classes where the rarest has at least a tenth of the mean number of
rows: letters 1..26 have, the rings of an abalone (1..29, most of them rare) have not.
"""


@dataclass(frozen=True, slots=True)
class TargetReading:
    """How the cells of the target are read: learned once, applied to every part of the data."""

    plan: ColumnPlan  # of kind "numeric" where the target reads as numbers
    marks: tuple[str, ...]  # texts that mean "no target"
    class_type: ClassType  # what the cells are as classes, in the person's own column

    def missing(self, values: pd.Series[Any]) -> NDArray[np.bool_]:
        """Which rows have no target.

        Shape:
            values, result: (N,).
        """
        raw = raw_column(values)
        return ~raw.present | is_named_mark(raw, self.marks)

    def numbers(self, values: pd.Series[Any], decimal: str | None = None) -> NDArray[np.float64]:
        """The target as numbers, NaN where it is none.

        Args:
            decimal: the mark of the text file that the rows come from, see `read_columns`.

        Shape:
            values, result: (N,).
        """
        other = self.plan.other_dialect(decimal)
        return read_numbers(raw_column(values), self.plan.numbers, other)

    def labels(self, values: pd.Series[Any]) -> list[str]:
        """The target as names of classes."""
        labels: list[str] = read_categories(raw_column(values), self.plan).tolist()
        return labels


@dataclass(frozen=True, slots=True)
class Target:
    """What is predicted, and how the target column is read."""

    name: str
    task: Task
    loss: str
    reading: TargetReading
    class_names: tuple[str, ...] = ()

    @property
    def n_classes(self) -> int:
        """1 for regression."""
        return len(self.class_names) or 1

    def encode(self, values: pd.Series[Any], decimal: str | None = None) -> NDArray[Any]:
        """Class codes (int64, -1 for unknown classes) or numbers (float64, NaN where none).

        Args:
            decimal: the mark of the text file that the rows come from, see `read_columns`.

        Shape:
            values, result: (N,).
        """
        if self.task == "regression":
            return self.reading.numbers(values, decimal)
        codes = {name: code for code, name in enumerate(self.class_names)}
        labels = self.reading.labels(values)
        return np.asarray([codes.get(label, -1) for label in labels], dtype=np.int64)


def learn_target(
    name: str,
    values: pd.Series[Any],
    *,
    has_types: bool = True,
    missing: Sequence[str] = (),
    keep_missing_class: bool = False,
    decimal: str | None = None,
    usual: Callable[[], str | None] = lambda: None,
) -> TargetReading:
    """Learn how the cells of a target are read.

    Marks such as "NA" mean a missing target among numbers and texts alike; "None" and "-" are
    classes among texts.

    Args:
        has_types: its container says what its cells are; those of a text file are texts only.
        missing: further marks, which a person has named.
        keep_missing_class: marks are a class of their own.
        decimal: the mark that goes with the text file that they come from.
        usual: says the mark of the table's other columns, which decides before that of the file.
    """
    raw = raw_column(values)
    guess, marks = None, tuple(missing)
    if raw.form == "texts":
        all_marks = frozenset() if keep_missing_class else MISSING_MARKS
        known = raw.values[raw.present & ~is_named_mark(raw, (*missing, *all_marks))]
        if len(known) and not raw.is_category and not are_codes(known):
            guess = guess_numbers(Counter(known.tolist()), decimal=lambda: usual() or decimal)
        is_numeric = guess is not None and guess.share >= _SURELY_NUMBERS
        marks += tuple(sorted(all_marks if is_numeric else all_marks & MISSING_CLASSES))
    else:
        is_numeric = raw.form == "numbers"
    known_values = values[raw.present & ~is_named_mark(raw, marks)]
    class_type = _typed_class_type(known_values) if has_types else _class_type(known_values)
    plan = ColumnPlan(
        name,
        "numeric" if is_numeric else "categorical",
        numbers=guess.format if is_numeric and guess is not None else PLAIN,
        categories=CategoryFormat(is_coded=class_type in ("integer", "number")),
        decimal=decimal,
        details=number_details(raw, guess) if is_numeric and guess is not None else {},
    )
    return TargetReading(plan, marks, class_type)


def known_classes(name: str, class_type: ClassType) -> TargetReading:
    """How a target is read whose classes are known."""
    written = CategoryFormat(is_coded=class_type in ("integer", "number"))
    return TargetReading(ColumnPlan(name, "categorical", categories=written), (), class_type)


def infer_target(
    reading: TargetReading,
    values: pd.Series[Any],
    task: Task | None = None,
    loss: str | None = None,
) -> Target:
    """Decide task, loss and classes from the targets that are present.

    Raises:
        DataError: one class, a class with a single row, infinite targets, or targets that the
            asked task cannot have.
        ConfigError: no such task or loss.
    """
    if task is not None and task not in LOSSES:
        raise ConfigError(f"task must be one of {', '.join(get_args(Task))}, but got {task!r}")
    name = reading.plan.name
    inferred = _infer_task(values, reading) if task is None else task
    chosen_loss = _choose_loss(inferred, loss)
    if inferred == "regression":
        _check_numbers(values, reading)
        return Target(name, inferred, chosen_loss, reading)
    counts = Counter(reading.labels(values))
    _check_classes(name, counts, inferred, asked=task is not None)
    names = tuple(sorted(counts, key=_label_order))
    return Target(name, inferred, chosen_loss, reading, names)


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
    """What classes written in a text file are, as those who read it with pandas see them."""
    texts = [str(text) for text in values.unique()]
    if texts and set(texts) <= {"True", "False"}:
        return "boolean"
    if not texts or not all(is_number_of_a_program(text) for text in texts):
        return "text"
    return "integer" if all(float(text).is_integer() for text in texts) else "number"


def _typed_class_type(values: pd.Series[Any]) -> ClassType:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = pd.Series(values.cat.categories)
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "boolean":
        return "boolean"
    if kind not in ("integer", "floating", "mixed-integer-float"):
        return "text"
    known = values.dropna().to_numpy(dtype=np.float64)
    return "integer" if (known == np.round(known)).all() else "number"


def _infer_task(values: pd.Series[Any], reading: TargetReading) -> Task:
    if len(set(reading.labels(values))) == 2:
        return "binary"
    if reading.plan.kind != "numeric":
        return "multiclass"
    read = reading.numbers(values)
    distinct, counts = np.unique(read[~np.isnan(read)], return_counts=True)
    if len(distinct) <= 2:
        return "binary"
    whole = bool((distinct == np.round(distinct)).all())
    if not whole or len(distinct) > MAX_CLASSES_OF_NUMBERS or len(distinct) > len(values) / 2:
        return "regression"
    balanced = bool(counts.min() >= 0.1 * counts.mean())
    return "multiclass" if len(distinct) <= SURELY_CLASSES or balanced else "regression"


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


def _check_numbers(values: pd.Series[Any], reading: TargetReading) -> None:
    name, read = reading.plan.name, reading.numbers(values)
    unread = np.isnan(read)
    if unread.any():
        row, example = values.index[unread][0], str(values[unread].iloc[0])
        raise DataError(
            f"the target of a regression must be numeric, but {name!r} holds {example!r} in row "
            f"{row} ({int(unread.sum())} such cells); choose {named('task', 'multiclass')} or "
            "another target, or leave these rows out with "
            f"{named('missing', [f'{name}={example}'])}"
        )
    refuse_huge(values, read)
    if len(np.unique(read)) == 1:
        raise DataError(f"the target must vary, but {name!r} is {read[0]:g} in every row")
    if np.var(read) == 0:  # no float64 holds its squares, nor the loss of guessing
        raise DataError(
            f"the target must vary by more than 1e-160, but {name!r} lies between {read.min():g} "
            f"and {read.max():g}; give it in a smaller unit"
        )


def _check_classes(name: str, counts: Counter[str], task: Task, *, asked: bool) -> None:
    if len(counts) == 1:
        only = next(iter(counts))[:40]
        raise DataError(
            f"the target must have at least two classes, but {name!r} is {only!r} in every row"
        )
    if task == "binary" and len(counts) > 2:
        raise DataError(
            f"a binary target must have two classes, but {name!r} has {len(counts)}; "
            f"choose {named('task', 'multiclass')}"
        )
    single = sorted(label for label, count in counts.items() if count == 1)
    if single:
        shown = ", ".join(repr(label[:40]) for label in single[:3])
        more = f" and {len(single) - 3} more" if len(single) > 3 else ""
        fix = "" if asked else f", or choose {named('task', 'regression')} if it is a quantity"
        raise DataError(
            f"every class needs at least two rows, but in {name!r} there is a single one of "
            f"{shown}{more}; remove or merge such rows{fix}"
        )


def _label_order(label: str) -> tuple[bool, float, str]:
    """Numbers by size, then texts by alphabet."""
    number = read_number(label, PLAIN)
    return (False, number, label) if np.isfinite(number) else (True, 0.0, label)
