"""The tables of `benchmarks.quality`: rows to learn from and rows to be scored on.

A fifth of the rows are test rows, of each class alike; which they are follows from the seed alone.
Each side gets the other rows as one file and divides them as it likes, and the test rows without
their target. Ids and columns that hold the answer are left out (`table_sources.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from benchmarks.search_tables import task_of
from benchmarks.table_sources import SOURCES, Source, read_table
from storage.records import Task

TEST_SHARE = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The files that every side reads, and what only the benchmark knows.

    Attributes:
        train: rows with the target.
        test: rows without it.
        known: the target of these.
        task: "binary", "multiclass" or "regression".
        mean, width: of the train rows' target, for a regression: errors are told in this width.
    """

    name: str
    target: str
    task: Task
    train: Path
    test: Path
    known: NDArray[np.object_] | NDArray[np.float64]
    mean: float = 0.0
    width: float = 1.0

    @property
    def is_classes(self) -> bool:
        """Whether a class is predicted, not a quantity."""
        return self.task != "regression"


def names_in(folder: Path) -> list[str]:
    """The tables of a folder: its files NAME.csv and NAME.csv.gz."""
    return sorted({path.name.partition(".")[0] for path in folder.glob("*.csv*")})


def make_table(folder: Path, asked: str, seed: int, into: Path) -> Table:
    """Divide a table and write the files.

    Args:
        asked: NAME or NAME:TARGET; without a target the one that is known of the table, else
            its last column.
    """
    name, _, target = asked.partition(":")
    rows = read_table(folder, name)
    source = SOURCES.get(name, Source(str(rows.columns[-1])))
    target = target or source.target
    rows = rows.drop(columns=list(source.drop))
    rows = rows[rows[target].notna()].reset_index(drop=True)
    task = _task(source if target == source.target and name in SOURCES else None, rows[target])
    train, test = _divided(rows, target, task, seed)
    into.mkdir(parents=True, exist_ok=True)
    table = Table(
        name,
        target,
        task,
        into / "train.csv",
        into / "test.csv",
        test[target].to_numpy(dtype=float if task == "regression" else object),
        float(train[target].mean()) if task == "regression" else 0.0,
        float(train[target].std(ddof=0)) if task == "regression" else 1.0,
    )
    train.to_csv(table.train, index=False)
    test.drop(columns=target).to_csv(table.test, index=False)
    return table


def _task(source: Source | None, values: pd.Series[Any]) -> Task:
    """That of a known table; of another what the target's values suggest."""
    if source is None:
        return task_of(values)
    if source.is_quantity:
        return "regression"
    return "binary" if values.nunique() == 2 else "multiclass"  # letter has 26


def _divided(
    rows: pd.DataFrame, target: str, task: Task, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train and test rows; classes of a single row cannot be divided and are train rows."""
    if task == "regression":
        train, test = train_test_split(rows, test_size=TEST_SHARE, random_state=seed)
        return train, test
    alone = rows[target].map(rows[target].value_counts()) < 2
    train, test = train_test_split(
        rows[~alone], test_size=TEST_SHARE, random_state=seed, stratify=rows.loc[~alone, target]
    )
    return pd.concat([train, rows[alone]]), test
