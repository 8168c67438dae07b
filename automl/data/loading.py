"""The front door: a file, frame or arrays go in, encoded and split data come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automl.data.dataset import Dataset
from automl.data.preprocessing import Preprocessor
from storage.records import DataCheckRecord, Json, Task


@dataclass(frozen=True, slots=True)
class ColumnChoices:
    """What a person says about columns; all others are inferred."""

    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitChoices:
    """How rows are divided into train, valid and test rows."""

    valid: Any = None  # a source with its own rows, of the same columns
    test: Any = None
    group: str | None = None  # rows of one group stay together
    time: str | None = None  # train rows come first, test rows last
    n_folds: int | None = None  # None: 5 where there are fewer than 1,000 rows, else 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class LoadedData:
    """The data of a study with everything there is to say about them."""

    dataset: Dataset
    preprocessors: tuple[Preprocessor, ...]  # one per fold
    name: str  # "titanic" for datasets/titanic.csv.gz, "digits" for sklearn:digits, else "data"
    source: str  # as the person gave it, or "DataFrame", "arrays"
    target: str  # the target's column
    task: Task
    loss: str
    class_names: tuple[str, ...]  # () for regression
    columns: Mapping[str, str]  # column -> kind, or "dropped: why"
    messages: tuple[str, ...]  # lines for a person, in the order things happened
    data_checks: tuple[DataCheckRecord, ...]
    fingerprint: str  # of the content: the same for a file, its gzip and its DataFrame
    split: Mapping[str, Json]  # for StudySettings.split
    n_rows: Mapping[str, int]  # train, valid (of the first fold) and test


def load_dataset(
    source: Any,
    *,
    target: str | None = None,
    task: Task | None = None,
    loss: str | None = None,
    columns: ColumnChoices | None = None,
    splits: SplitChoices | None = None,
    class_weights: bool = False,
) -> LoadedData:
    """Read, understand, check, split and encode a table.

    Args:
        source: a path (.csv, .tsv, .txt, .parquet, .npz, each also .gz), "sklearn:NAME", a
            DataFrame, a tuple (x, y), or a mapping of arrays with the keys of an .npz file.
        target: the column to predict; None where the source itself has one (`sklearn:`,
            `.npz`, arrays).
        task: None: inferred from the target.
        loss: None: the task's usual one.
        class_weights: weigh classes in the training objective inversely to their frequency.

    Raises:
        DataError: in one line, with the rule, the value and the fix.
    """
    raise NotImplementedError
