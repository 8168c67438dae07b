"""What a person can say of the data: the target, the columns, how rows are divided.

All of it is fixed when a study is made. What a search is else is in `search_options.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automl.options.option import OptionRecord, option
from automl.options.values import (
    COLUMNS,
    COUNT,
    FLAG,
    NAME,
    SEED,
    SOURCE,
    TEXT,
    TEXTS,
    number,
    one_of,
    optional,
)

if TYPE_CHECKING:
    from storage.records import Task

TASK = one_of("binary", "multiclass", "regression")
SHARE = number(0.001, "a share of the rows from 0.001 to 0.9", most=0.9)


@dataclass(frozen=True, kw_only=True)
class TargetOptions(OptionRecord):
    """What is predicted, and what an error costs."""

    # Without a target it is the source's own (sklearn:NAME, .npz).
    target: str | None = option(None, optional(NAME), "Column to predict.")
    task: Task | None = option(None, optional(TASK), "Default: what the target's values suggest.")
    loss: str | None = option(
        None,
        optional(TEXT),
        "For regression: mean_squared (default), mean_absolute or huber.",
    )
    class_weights: bool = option(False, FLAG, "Weigh rare classes more in training.")
    weight: str | None = option(
        None, optional(NAME), "Column of row weights: an error there costs so many times as much."
    )


@dataclass(frozen=True, kw_only=True)
class ColumnOptions(OptionRecord):
    """How columns are read; what is not said of one is inferred."""

    drop: Sequence[str] = option((), COLUMNS, "Leave a column out.")
    categorical: Sequence[str] = option((), COLUMNS, "Read it as categories.")
    numeric: Sequence[str] = option((), COLUMNS, "Read it as numbers.")
    date: Sequence[str] = option((), COLUMNS, "Read it as dates.")
    # "-999" in every column, "age=-999" in one.
    missing: Sequence[str] = option((), TEXTS, "Read it as no value.", metavar="[COLUMN=]VALUE")
    keep_missing_class: bool = option(False, FLAG, '"NA" in the target is a class.')


@dataclass(frozen=True, kw_only=True)
class SplitOptions(OptionRecord):
    """How rows are divided into train, validation and test rows."""

    valid: Any = option(None, SOURCE, "Validation rows from a file of their own.")
    test: Any = option(None, SOURCE, "Test rows from a file of their own.")
    group: str | None = option(None, optional(NAME), "Rows of one group stay in one split.")
    time: str | None = option(
        None, optional(NAME), "Split in order of time: the last rows are test."
    )
    valid_fraction: float | None = option(
        None, optional(SHARE), "Validation rows. Default: 0.2 of small tables, 0.1 of large ones."
    )
    test_fraction: float | None = option(None, optional(SHARE), "Test rows. Default: as many.")
    # Without a number: 5 of small tables, else 1: see `automl/data/splits.py`.
    folds: int | None = option(None, optional(COUNT), "Value: mean over K folds.", metavar="K")
    split_seed: int = option(0, SEED, "Another division of the rows.")


@dataclass(frozen=True, kw_only=True)
class DataOptions(SplitOptions, ColumnOptions, TargetOptions):
    """What the data are: with these a study's data can be loaded again."""
