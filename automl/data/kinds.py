"""Which kind of data is this? The one place that asks.

A kind is whatever has `load_data(options) -> LoadedData`: tables (`reading.py`), and any object
of a person's own that has this method. What people mistype is told while data are read, before
torch and scikit-learn are imported, which takes seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl.data.reading import read_raw_data
from automl.options.search_options import ColumnOptions, DataOptions, SplitOptions
from storage.records import Task

if TYPE_CHECKING:
    from automl.data.loaded import Loadable, LoadedData


def read_data(source: Any, options: DataOptions) -> Loadable:
    """Read data of any kind, as far as that goes without torch.

    Raises:
        DataError: they cannot be read, or lack what the options name.
    """
    if hasattr(source, "load_data"):
        own: Loadable = source
        return own
    return read_raw_data(source, target=options.target, columns=options, splits=options)


def load_dataset(
    source: Any,
    *,
    target: str | None = None,
    task: Task | None = None,
    loss: str | None = None,
    columns: ColumnOptions | None = None,
    splits: SplitOptions | None = None,
    class_weights: bool = False,
) -> LoadedData:
    """Read, understand, check, split and encode data.

    Args:
        source: a path (.csv, .tsv, .txt, .jsonl, .json, .arff, .parquet, .npz, each also .gz),
            "sklearn:NAME", a DataFrame, a tuple (x, y), a mapping of arrays with the keys of
            an .npz file, or an object that loads itself.
        target: the column to predict; None where the source itself has one (`sklearn:`,
            `.npz`, arrays).
        task: None: inferred from the target.
        loss: None: the task's usual one.
        class_weights: weigh classes in the training objective inversely to their frequency.

    Raises:
        DataError: in one line, with the rule, the value and the fix.
        ConfigError: an option has a value it cannot have.
    """
    options = DataOptions(
        target=target,
        task=task,
        loss=loss,
        class_weights=class_weights,
        **vars(columns or ColumnOptions()),
        **vars(splits or SplitOptions()),
    )
    return read_data(source, options).load_data(options)
