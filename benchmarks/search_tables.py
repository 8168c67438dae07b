"""The tables of `benchmarks.search`: the same train, validation and test rows for both sides.

Each table becomes three CSV files in a folder, which either side reads by itself: this is a part
of the time that it takes. 60 % of the rows are to train, 20 % to validate, 20 % to test.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets

from storage.records import Task

MOST_CLASSES = 20
"""Whole numbers with more values are a quantity."""

SYNTHETIC = "synthetic:"


@dataclass(frozen=True, slots=True)
class Table:
    """Where a table's rows are, and what is predicted."""

    name: str
    folder: Path
    target: str
    task: Task

    def path(self, split: str) -> Path:
        """The file of the train, valid or test rows."""
        return self.folder / f"{split}.csv"

    def n_rows(self, split: str) -> int:
        """How many rows the file has."""
        with self.path(split).open() as lines:
            return sum(1 for _ in lines) - 1


def make_table(source: str, folder: Path) -> Table:
    """Write the rows of a source into a folder.

    Args:
        source: `sklearn:NAME`, `synthetic:ROWS`, `FILE` or `FILE:TARGET`; without TARGET, a
            file's last column.
    """
    frame, name, target = _read(source)
    frame = frame[frame[target].notna()].sample(frac=1.0, random_state=0)
    place = folder / name
    place.mkdir(parents=True)
    table = Table(name, place, target, task_of(frame[target]))
    stops = [round(0.6 * len(frame)), round(0.8 * len(frame)), len(frame)]
    for split, start, stop in zip(("train", "valid", "test"), [0, *stops], stops, strict=False):
        frame.iloc[start:stop].to_csv(table.path(split), index=False)
    return table


def task_of(target: pd.Series) -> Task:
    """What the values of a target suggest."""
    n_values = target.nunique()
    is_quantity = target.dtype.kind == "f" or n_values > MOST_CLASSES
    if target.dtype.kind in "fiu" and is_quantity:
        return "regression"
    return "binary" if n_values == 2 else "multiclass"


def _read(source: str) -> tuple[pd.DataFrame, str, str]:
    if source.startswith("sklearn:"):
        name = source.removeprefix("sklearn:")
        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        return frame, name, "target"
    if source.startswith(SYNTHETIC):
        n_rows = int(source.removeprefix(SYNTHETIC))
        return _synthetic(n_rows), f"synthetic_{n_rows}", "target"
    path, _, target = source.partition(":")
    frame = pd.read_csv(path, na_values=["?"])
    name = Path(path).name.partition(".")[0]
    return frame, name, target or str(frame.columns[-1])


def _synthetic(n_rows: int) -> pd.DataFrame:
    """Rows with 20 columns, 12 of them of use, and 5 classes."""
    x, y = datasets.make_classification(
        n_rows, 20, n_informative=12, n_classes=5, n_clusters_per_class=3, random_state=0
    )
    columns = {f"x{number}": np.round(column, 6) for number, column in enumerate(x.T)}
    return pd.DataFrame({**columns, "target": y})
